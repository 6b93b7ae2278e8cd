/** The blobs of a service, as a worker on another machine reaches them. */

import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import type { BlobStore } from "../core/ports.js";
import { hashOf, isHash, noBlob } from "./blob-hash.js";
import type { ServiceLink } from "./service-link.js";

const putAnswerSchema = z.strictObject({ hash: z.string() });

export function createRemoteBlobStore(link: ServiceLink): BlobStore {
  return {
    async put(bytes) {
      const answer = await link.ask({ method: "POST", path: "/blobs", body: bytes });
      const { hash } = putAnswerSchema.parse(JSON.parse(new TextDecoder().decode(answer)));
      return hash;
    },
    async get(hash) {
      if (!isHash(hash)) throw noBlob(hash);
      const bytes = await link.ask({ method: "GET", path: `/blobs/${hash}` });
      if (hashOf(bytes) === hash) return bytes;
      throw new TurnpikeError("INTERNAL", `the service sent other bytes than those of ${hash}`);
    },
    async delete(hash) {
      if (isHash(hash)) await link.ask({ method: "DELETE", path: `/blobs/${hash}` });
    },
  };
}
