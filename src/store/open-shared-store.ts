/** The store that several machines share, where the configuration names one: PostgreSQL or Firestore. Loads only that one. */

import type { Config } from "../core/config.js";
import { TurnpikeError } from "../core/errors.js";
import type { BlobStore, RunStore } from "../core/ports.js";

export interface SharedStore {
  readonly store: RunStore;
  readonly blobs: BlobStore;
  /** Closes what was opened. */
  close(): Promise<void>;
}

/**
 * Null where none is configured. Ready for use when it answers: the database has its tables, or Firestore has been reached.
 * Throws POSTGRES_UNREACHABLE, FIRESTORE_UNREACHABLE, or INVALID_CONFIG where both are named.
 */
export async function openSharedStore(
  config: Pick<
    Config,
    "firestoreProject" | "firestoreMaxConcurrent" | "postgresUrl" | "postgresMaxConnections"
  >,
  onError: (error: Error) => void,
): Promise<SharedStore | null> {
  const { firestoreProject, firestoreMaxConcurrent, postgresUrl, postgresMaxConnections } = config;
  if (firestoreProject !== undefined && postgresUrl !== undefined) {
    throw new TurnpikeError(
      "INVALID_CONFIG",
      "both firestoreProject and postgresUrl are set, and runs are kept in one place; unset one of them",
    );
  }
  if (postgresUrl !== undefined) {
    const { openPostgres } = await import("./postgres.js");
    const { createSqlRunStore } = await import("./sql-runs.js");
    const { createSqlBlobStore } = await import("./blob-sql.js");
    const { migrateSql } = await import("./sql-schema.js");
    const { pool, close } = await openPostgres(postgresUrl, {
      maxConnections: postgresMaxConnections,
      onError,
    });
    try {
      await migrateSql(pool);
    } catch (error) {
      await close();
      throw error;
    }
    return { store: createSqlRunStore(pool), blobs: createSqlBlobStore(pool), close };
  }
  if (firestoreProject === undefined) return null;
  const { openFirestore } = await import("./firestore-client.js");
  const { createFirestoreRunStore } = await import("./firestore-runs.js");
  const { createFirestoreBlobStore } = await import("./blob-firestore.js");
  const firestore = await openFirestore({
    project: firestoreProject,
    maxConcurrent: firestoreMaxConcurrent,
  });
  return {
    store: createFirestoreRunStore(firestore),
    blobs: createFirestoreBlobStore(firestore),
    close: () => firestore.close(),
  };
}
