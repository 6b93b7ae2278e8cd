/** Encrypting what a clean-up needs to act as its task did: it stands in the event log, its key among the private inputs of the run. */

import { createCipheriv, createDecipheriv, hash, randomBytes } from "node:crypto";
import type { RequestRecord } from "../core/evidence.js";
import { creationSchema, type Creation, type LedgerEntry } from "../core/ledger-entry.js";

const CIPHER = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The records without a creation in clear: encrypted with a key, else gone. The key dies with the inputs, at the end of the run. */
export function sealCreations(
  records: readonly RequestRecord[],
  key: string | null,
): readonly RequestRecord[] {
  return records.map((record) => {
    if (record.ledger?.creation === undefined) return record;
    const { creation, ...entry } = record.ledger;
    return { ...record, ledger: key === null ? entry : { ...entry, sealed: seal(creation, key) } };
  });
}

function seal(creation: Creation, key: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(key), iv);
  const data = [cipher.update(JSON.stringify(creation), "utf8"), cipher.final()];
  return Buffer.concat([iv, cipher.getAuthTag(), ...data]).toString("base64");
}

/** Null for an entry that was not sealed. Throws for one that was sealed with another key, or changed since. */
export function openCreation({ sealed }: LedgerEntry, key: string): Creation | null {
  if (sealed === undefined) return null;
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv(CIPHER, keyOf(key), bytes.subarray(0, IV_BYTES));
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const data = [decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()];
  return creationSchema.parse(JSON.parse(Buffer.concat(data).toString("utf8")));
}

function keyOf(key: string): Buffer {
  return hash("sha256", key, "buffer");
}
