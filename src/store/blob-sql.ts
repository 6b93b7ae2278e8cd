/** Blobs in a table of a PostgreSQL server, for services and workers on several machines. */

import { z } from "zod";
import type { BlobStore } from "../core/ports.js";
import { hashOf, isHash, noBlob } from "./blob-hash.js";
import type { SqlPool } from "./sql.js";

const rowSchema = z.strictObject({ bytes: z.instanceof(Uint8Array) });

/** Expects a migrated database. */
export function createSqlBlobStore(pool: SqlPool): BlobStore {
  return {
    async put(bytes) {
      const hash = hashOf(bytes);
      const standing = await pool.query("SELECT 1 FROM turnpike.blob WHERE hash = $1", [hash]);
      // Looked for first, because collections of megabytes are put with every run and seldom change.
      if (standing.rows.length === 0) {
        await pool.query(
          "INSERT INTO turnpike.blob (hash, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING",
          [hash, bytes],
        );
      }
      return hash;
    },
    async get(hash) {
      if (!isHash(hash)) throw noBlob(hash);
      const { rows } = await pool.query("SELECT bytes FROM turnpike.blob WHERE hash = $1", [hash]);
      if (rows[0] === undefined) throw noBlob(hash);
      return rowSchema.parse(rows[0]).bytes;
    },
    async delete(hash) {
      if (isHash(hash)) await pool.query("DELETE FROM turnpike.blob WHERE hash = $1", [hash]);
    },
  };
}
