/** The run store in SQL: on the embedded database always, on a PostgreSQL server where one is named. */

import { createSqlRunStore } from "../../src/store/sql-runs.js";
import { migrateSql } from "../../src/store/sql-schema.js";
import { openDatabase } from "../support/database.js";
import { openPostgres, postgresAbsence } from "../support/postgres.js";
import { runStoreContract } from "../support/run-store-contract.js";

runStoreContract("the embedded database", async () => {
  const { pool, close } = await openDatabase();
  return { store: createSqlRunStore(pool), close };
});

runStoreContract(
  "a PostgreSQL server",
  async () => {
    const { pool, close } = await openPostgres();
    await migrateSql(pool);
    return { store: createSqlRunStore(pool), close };
  },
  await postgresAbsence(),
);
