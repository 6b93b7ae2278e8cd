/** Names of stored documents in a URL: they become file names, so nothing in them may leave the folder. */

import { z } from "zod";

/** File systems count bytes, at most 255 with the suffix. */
const MAX_BYTES = 200;
const NAME = /^[^./\\\p{Cc}][^/\\\p{Cc}]{0,99}$/u;

export const nameParamsSchema = z.strictObject({
  name: z
    .string()
    .refine((name) => Buffer.byteLength(name) <= MAX_BYTES, "this name is too long for a file")
    .regex(NAME, "use at most 100 characters without / and \\, not beginning with a dot"),
});

export const documentListSchema = z.array(z.strictObject({ name: z.string(), etag: z.string() }));
