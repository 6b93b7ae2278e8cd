/** A process of its own that locks a data directory, opens the database in it and stores runs until it is killed. */

import { join } from "node:path";
import { createSqlRunStore } from "../../src/store/sql-runs.js";
import { lockDataDirectory } from "../../src/store/data-directory.js";
import { openDatabase } from "./database.js";
import { makeOutcome, makeRun } from "./run-store-contract.js";

/** What it tells its parent; each write is told only after the store has answered. */
export type DatabaseMessage =
  | { readonly kind: "locked" }
  | { readonly kind: "stored"; readonly runId: string };

const [, , directory = "", url = ""] = process.argv;

const data = await lockDataDirectory(directory);
await data.announce(url);
tell({ kind: "locked" });
const database = await openDatabase(join(data.path, "database"));
const store = createSqlRunStore(database.pool);
for (;;) {
  const run = makeRun();
  await store.createRun(run);
  await store.recordOutcome(run.id, makeOutcome("task-1"));
  tell({ kind: "stored", runId: run.id });
}

function tell(message: DatabaseMessage): void {
  process.send?.(message);
}
