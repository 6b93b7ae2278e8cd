/** The run store in SQL: on the embedded database always, on a PostgreSQL server where there is one. */

import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { openPostgres } from "../../src/store/postgres.js";
import { createSqlRunStore } from "../../src/store/sql-runs.js";
import { migrateSql } from "../../src/store/sql-schema.js";
import { openDatabase } from "../support/database.js";
import { postgresAbsence, startPostgres } from "../support/postgres.js";
import { freePort } from "../support/redis.js";
import { makeRun, runStoreContract } from "../support/run-store-contract.js";

runStoreContract("the embedded database", async () => {
  const { pool, close } = await openDatabase();
  return { store: createSqlRunStore(pool), close };
});

const OPTIONS = { maxConnections: 5, onError: () => undefined };

runStoreContract(
  "a PostgreSQL server",
  async () => {
    const server = await startPostgres();
    const { pool, close } = await openPostgres(await server.newDatabase(), OPTIONS);
    await migrateSql(pool);
    return {
      store: createSqlRunStore(pool),
      async close() {
        await close();
        await server.close();
      },
    };
  },
  postgresAbsence(),
);

describe("a PostgreSQL server's own ways", { skip: postgresAbsence() ?? false }, () => {
  test("many processes may bring one database up to date at once", async () => {
    const server = await startPostgres();
    const url = await server.newDatabase();
    const pools = await Promise.all(Array.from({ length: 4 }, () => openPostgres(url, OPTIONS)));
    await Promise.all(pools.map(({ pool }) => migrateSql(pool)));
    await Promise.all(pools.map(({ close }) => close()));
    await server.close();
  });

  test("an outage is waited out: operations asked for meanwhile are done when the server is back", async (context) => {
    const server = await startPostgres();
    if (server.restart === null) {
      context.skip("the server TURNPIKE_TEST_POSTGRES names is not ours to restart");
      return;
    }
    const { pool, close } = await openPostgres(await server.newDatabase(), OPTIONS);
    await migrateSql(pool);
    const store = createSqlRunStore(pool);
    const before = makeRun();
    await store.createRun(before);
    const back = server.restart();
    const runs = Array.from({ length: 8 }, () => makeRun());
    // Some meet a connection that has just been cut, which is the only thing that may go wrong.
    const answers = await Promise.allSettled(runs.map((run) => store.createRun(run)));
    await back;
    for (const [index, answer] of answers.entries()) {
      const run = runs[index];
      if (answer.status === "rejected" && run !== undefined) await store.createRun(run);
    }
    for (const run of [before, ...runs]) assert.deepEqual((await store.getRun(run.id))?.run, run);
    await close();
    await server.close();
  });

  test("a server that is not there is named without its password, with a remedy", async () => {
    const port = String(await freePort());
    await assert.rejects(
      openPostgres(`postgres://ann:secret@127.0.0.1:${port}/runs`, OPTIONS),
      (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, new RegExp(`PostgreSQL at 127.0.0.1:${port}/runs cannot be`));
        assert.match(error.message, /correct postgresUrl/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
});
