/** Blobs as files named by their hash, in two-letter folders, readable by their owner only. */

import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { TurnpikeError } from "../core/errors.js";
import type { BlobStore } from "../core/ports.js";
import { hashOf, isHash, noBlob } from "./blob-hash.js";
import { isMissing, readIfThere, writeWhole } from "./file.js";

/** Inputs of a run hold secrets. */
const MODES = { file: 0o600, folder: 0o700 };

export function createBlobDirectory(directory: string): BlobStore {
  const pathOf = (hash: string): string => join(directory, hash.slice(0, 2), hash);
  return {
    async put(bytes) {
      const hash = hashOf(bytes);
      // Same hash, same bytes: a file of the right size is the one.
      if ((await sizeOf(pathOf(hash))) !== bytes.byteLength) {
        await writeWhole(pathOf(hash), bytes, MODES);
      }
      return hash;
    },
    async get(hash) {
      const bytes = isHash(hash) ? await readIfThere(pathOf(hash)) : null;
      if (bytes === null) throw noBlob(hash);
      if (hashOf(bytes) !== hash) {
        throw new TurnpikeError(
          "DATA_DIRECTORY_BROKEN",
          `${pathOf(hash)} does not hold what its name says (${String(bytes.byteLength)} bytes); delete it and submit the run again`,
        );
      }
      return bytes;
    },
    async delete(hash) {
      if (isHash(hash)) await rm(pathOf(hash), { force: true });
    },
  };
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
