/** Which run store there is: Firestore where a project is configured, else the embedded database. Loads only that one. */

import type { Config } from "../core/config.js";
import type { RunStore } from "../core/ports.js";
import type { SqlPool } from "./sql.js";

interface OpenRunStore {
  readonly store: RunStore;
  /** Closes what was opened for the store; the pool is the caller's. */
  close(): Promise<void>;
}

/** Ready for use when it answers: the database has its tables, or Firestore has been reached. Throws FIRESTORE_UNREACHABLE. */
export async function openRunStore(
  config: Pick<Config, "firestoreProject" | "firestoreMaxConcurrent">,
  pool: SqlPool,
): Promise<OpenRunStore> {
  if (config.firestoreProject === undefined) {
    const { createSqlRunStore } = await import("./sql-runs.js");
    const { migrateSql } = await import("./sql-schema.js");
    await migrateSql(pool);
    return { store: createSqlRunStore(pool), close: () => Promise.resolve() };
  }
  const { openFirestore } = await import("./firestore-client.js");
  const { createFirestoreRunStore } = await import("./firestore-runs.js");
  const firestore = await openFirestore({
    project: config.firestoreProject,
    maxConcurrent: config.firestoreMaxConcurrent,
  });
  return { store: createFirestoreRunStore(firestore), close: () => firestore.close() };
}
