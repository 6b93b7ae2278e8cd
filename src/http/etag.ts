/** Conditional requests (RFC 9110, section 13): entity tags on the wire, and what a write is allowed to replace. */

import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";

/** Headers of a conditional read; others pass. */
export const readConditionSchema = z.looseObject({ "if-none-match": z.string().optional() });

/** Headers of a conditional write; others pass. */
export const writeConditionSchema = z.looseObject({
  "if-match": z
    .string()
    .optional()
    .describe("Write only over the document with this ETag; * for any that is there."),
  "if-none-match": z.literal("*").optional().describe("Write only where nothing stands."),
});

export function quoteEtag(etag: string): string {
  return `"${etag}"`;
}

/** True when the caller already holds the document: the answer is 304. */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === "*" || tagsOf(ifNoneMatch).includes(etag);
}

/**
 * The etag a write must find, null when it must find nothing, undefined when anything will do. `current` is what stands
 * now; the store compares again when it writes, so a change in between is still noticed.
 */
export function preconditionOf(
  headers: Pick<z.infer<typeof writeConditionSchema>, "if-match" | "if-none-match">,
  current: string | null,
): string | null | undefined {
  if (headers["if-none-match"] !== undefined) return null;
  const ifMatch = headers["if-match"];
  if (ifMatch === undefined) return undefined;
  const wanted = ifMatch.trim() === "*" ? current : tagsOf(ifMatch).find((tag) => tag === current);
  if (wanted !== undefined && wanted !== null) return wanted;
  throw new TurnpikeError(
    "PRECONDITION_FAILED",
    current === null
      ? "If-Match asks for a document that is there, but there is none"
      : `the document has the ETag ${quoteEtag(current)} now; read it again and repeat the change on it`,
  );
}

function tagsOf(header: string): string[] {
  return header.split(",").map((tag) => tag.trim().replace(/^W\//, "").replaceAll('"', ""));
}
