/** Names and lists of stored documents in requests and answers. */

import { z } from "zod";
import { DOCUMENT_NAME_RULE, isDocumentName } from "../core/document-name.js";

export const nameParamsSchema = z.strictObject({
  name: z.string().refine(isDocumentName, DOCUMENT_NAME_RULE),
});

export const documentListSchema = z.array(z.strictObject({ name: z.string(), etag: z.string() }));
