/** Blobs in the stores that machines share: on a PostgreSQL server and the Firestore emulator where there are any. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test, { after, before } from "node:test";
import { createFirestoreBlobStore } from "../../src/store/blob-firestore.js";
import { createSqlBlobStore } from "../../src/store/blob-sql.js";
import { BLOB_CHUNKS } from "../../src/store/firestore-documents.js";
import { openPostgres } from "../../src/store/postgres.js";
import { migrateSql } from "../../src/store/sql-schema.js";
import { blobStoreContract } from "../support/blob-store-contract.js";
import { openDatabase } from "../support/database.js";
import { firestoreAbsence, openClient, startFirestore } from "../support/firestore.js";
import { postgresAbsence, startPostgres } from "../support/postgres.js";

const withoutFirestore = firestoreAbsence();
let stop = (): Promise<void> => Promise.resolve();
before(async () => {
  if (withoutFirestore === null) ({ close: stop } = await startFirestore());
});
after(() => stop());

blobStoreContract("a table of the embedded database", async () => {
  const { pool, close } = await openDatabase();
  return { blobs: createSqlBlobStore(pool), close };
});

blobStoreContract(
  "a PostgreSQL server",
  async () => {
    const server = await startPostgres();
    const { pool, close } = await openPostgres(await server.newDatabase(), {
      maxConnections: 5,
      onError: () => undefined,
    });
    await migrateSql(pool);
    return {
      blobs: createSqlBlobStore(pool),
      async close() {
        await close();
        await server.close();
      },
    };
  },
  postgresAbsence(),
);

blobStoreContract(
  "Firestore",
  async () => {
    const client = await openClient();
    return { blobs: createFirestoreBlobStore(client), close: () => client.close() };
  },
  withoutFirestore,
);

test(
  "no chunk of a deleted blob stays in Firestore",
  { skip: withoutFirestore ?? false },
  async () => {
    const client = await openClient();
    const chunks = async (): Promise<number> =>
      (await client.database.collectionGroup(BLOB_CHUNKS).get()).size;
    const blobs = createFirestoreBlobStore(client);
    const hash = await blobs.put(randomBytes(2_000_000));
    assert.equal(await chunks(), 3);
    await blobs.delete(hash);
    assert.equal(await chunks(), 0);
    await client.close();
  },
);
