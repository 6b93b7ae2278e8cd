/** Blobs in Firestore: a document that says how many chunks there are, and the chunks below it. */

import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import type { BlobStore } from "../core/ports.js";
import { hashOf, isHash, noBlob } from "./blob-hash.js";
import type { FirestoreClient } from "./firestore-client.js";
import { BLOB_CHUNKS, BLOBS } from "./firestore-documents.js";
import { isTaken } from "./firestore-retry.js";

/** Firestore takes 1 MiB for a document with all its names, and 10 MiB for a commit. */
const CHUNK_BYTES = 900_000;
const CHUNKS_PER_COMMIT = 8;

const headSchema = z.strictObject({ sizeBytes: z.int(), chunks: z.int() });
const chunkSchema = z.strictObject({ document: z.instanceof(Uint8Array) });

export function createFirestoreBlobStore(client: FirestoreClient): BlobStore {
  const headOf = (hash: string) => client.database.doc(`${BLOBS}/${hash}`);
  const chunkOf = (hash: string, index: number) =>
    headOf(hash).collection(BLOB_CHUNKS).doc(String(index).padStart(6, "0"));
  const chunksOf = (hash: string, count: number) =>
    Array.from({ length: count }, (_, index) => chunkOf(hash, index));

  const readHead = async (hash: string): Promise<z.infer<typeof headSchema> | null> => {
    const found = await client.run(() => headOf(hash).get());
    return found.exists ? headSchema.parse(found.data()) : null;
  };

  return {
    /** The head comes with the last chunks, so that a blob that has one is whole. Writing a chunk again writes the same bytes. */
    async put(bytes) {
      const hash = hashOf(bytes);
      if ((await readHead(hash)) !== null) return hash;
      const pieces = split(bytes);
      for (let first = 0; first === 0 || first < pieces.length; first += CHUNKS_PER_COMMIT) {
        const group = pieces.slice(first, first + CHUNKS_PER_COMMIT);
        const isLast = first + CHUNKS_PER_COMMIT >= pieces.length;
        const writing = client.write((writes) => {
          for (const [position, document] of group.entries())
            writes.set(chunkOf(hash, first + position), { document });
          if (isLast)
            writes.create(headOf(hash), { sizeBytes: bytes.byteLength, chunks: pieces.length });
        });
        // Another process, or an attempt of ours whose answer was lost, has written the same.
        await writing.catch((error: unknown) => {
          if (!isTaken(error)) throw error;
        });
      }
      return hash;
    },
    async get(hash) {
      const head = isHash(hash) ? await readHead(hash) : null;
      if (head === null) throw noBlob(hash);
      const pieces: Uint8Array[] = [];
      for (const chunk of chunksOf(hash, head.chunks)) {
        const found = await client.run(() => chunk.get());
        if (!found.exists) throw noBlob(hash);
        pieces.push(chunkSchema.parse(found.data()).document);
      }
      const bytes = new Uint8Array(Buffer.concat(pieces));
      if (hashOf(bytes) === hash) return bytes;
      throw new TurnpikeError(
        "INTERNAL",
        `the blob ${hash} in Firestore does not hold what its name says; delete the document ${BLOBS}/${hash} and submit the run again`,
      );
    },
    /** All documents in one commit: none of the content is left without a head that leads to it. */
    async delete(hash) {
      const head = isHash(hash) ? await readHead(hash) : null;
      if (head === null) return;
      await client.write((writes) => {
        for (const chunk of chunksOf(hash, head.chunks)) writes.delete(chunk);
        writes.delete(headOf(hash));
      });
    },
  };
}

function split(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.byteLength / CHUNK_BYTES) }, (_, index) =>
    bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
}
