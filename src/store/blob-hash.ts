/** The name of a blob: the sha256 of its bytes, in hex. */

import { createHash } from "node:crypto";
import { TurnpikeError } from "../core/errors.js";

const HASH = /^[0-9a-f]{64}$/;

export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Whatever is no hash is looked up nowhere, so no path can be smuggled in. */
export function isHash(text: string): boolean {
  return HASH.test(text);
}

export function noBlob(hash: string): TurnpikeError {
  return new TurnpikeError("NOT_FOUND", `there is no blob ${hash}`);
}
