/** Names of stored documents: they become file names, so nothing in them may lead to another folder or hide the file. */

import { nearest } from "./nearest.js";

const PATTERN = /^[^./\\\p{Cc}][^/\\\p{Cc}]{0,99}$/u;
/** File systems count bytes, at most 255 with the suffix. */
const MAX_BYTES = 200;

/** What to tell people about a name that is none. */
export const DOCUMENT_NAME_RULE =
  "use at most 100 characters (200 bytes) without / and \\, not beginning with a dot";

/** Which one was meant by a name that is none: a slip, or the name of its file. */
export function nearestDocument(name: string, known: readonly string[]): string | null {
  return known.find((other) => name.startsWith(`${other}.`)) ?? nearest(name, known);
}

export function isDocumentName(name: string): boolean {
  return PATTERN.test(name) && new TextEncoder().encode(name).length <= MAX_BYTES;
}
