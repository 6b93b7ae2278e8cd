/** The command line with its runs on a PostgreSQL server: the whole ten-task plan, a worker that outlives its service, a server that is not there. */

import assert from "node:assert/strict";
import { join } from "node:path";
import test, { after, before, describe } from "node:test";
import { openPostgres } from "../../src/store/postgres.js";
import type { RunStore } from "../../src/core/ports.js";
import { createSqlRunStore } from "../../src/store/sql-runs.js";
import { openDatabase } from "../support/database.js";
import { openHoldingTarget, type HoldingTarget } from "../support/holding-target.js";
import { postgresAbsence, startPostgres, type PostgresServer } from "../support/postgres.js";
import { createProject, type Project } from "../support/project.js";
import { freePort, redisAbsence, startRedis } from "../support/redis.js";
import { writeTenTasks } from "../support/ten-tasks.js";
import { waitUntil } from "../support/wait-until.js";

let project: Project;
before(async () => {
  project = createProject();
  // From the template, because making the queue's database anew takes seconds.
  await (await openDatabase(join(project.directory, ".turnpike", "database"))).close();
});
after(() => project.remove());

describe("runs kept on PostgreSQL", { skip: postgresAbsence() ?? false }, () => {
  let server: PostgresServer;
  let target: HoldingTarget;
  before(async () => {
    server = await startPostgres();
    target = await openHoldingTarget();
    writeTenTasks(project, target.url);
  });
  after(async () => {
    await target.close();
    await server.close();
  });

  /** Looks at what stands on the server, past every service. */
  const withStore = async (
    url: string,
    look: (store: RunStore) => Promise<void>,
  ): Promise<void> => {
    const { pool, close } = await openPostgres(url, {
      maxConnections: 2,
      onError: () => undefined,
    });
    try {
      await look(createSqlRunStore(pool));
    } finally {
      await close();
    }
  };

  test("the ten-task plan passes, and everything of the run stands on the server", async () => {
    const url = await server.newDatabase();
    const { code, stdout, stderr } = await project.run([
      "run",
      "ten",
      "--lanes",
      "3",
      "--postgres",
      url,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /8 of 8 tasks passed, 2 of 2 checkpoints, 8 requests, 8 assertions/);
    await withStore(url, async (store) => {
      const [status, ...others] = await store.listRuns({ limit: 5 });
      assert.deepEqual(others, []);
      assert.equal(status?.end?.verdict, "passed");
      assert.ok(stdout.includes(status.run.id));
      assert.equal((await store.outcomes(status.run.id)).size, 10);
      const events = await store.readEvents(status.run.id, { limit: 1000 });
      assert.equal(events.at(-1)?.event.type, "run.ended");
      assert.equal(events.filter(({ event }) => event.type === "node.ended").length, 10);
    });
  });

  test(
    "a worker with the same server ends the run while its service is dead, and the next service has the report",
    { skip: redisAbsence() ?? false },
    async () => {
      const redis = await startRedis();
      const flags = ["--redis", redis.url, "--postgres", await server.newDatabase()];
      const serve = async () => {
        const running = project.start(["serve", ...flags, "--lanes", "0", "--port", "0"]);
        const [, url = ""] = await running.says(/serves at (http:\S+)/);
        return { running, url };
      };
      const first = await serve();
      const worker = project.start(["worker", ...flags, "--lanes", "2"]);
      await worker.says(/takes tasks of namespace/);
      target.hold("/task-2");
      const { stdout } = await project.run(["trigger", "ten", "--server", first.url]);
      const id = stdout.trim();
      await waitUntil(() => target.held("/task-2") === 1);
      first.running.child.kill("SIGKILL");
      await first.running.ended;
      target.release();
      await withStore(flags[3] ?? "", async (store) => {
        await waitUntil(async () => (await store.getRun(id))?.end?.verdict === "passed");
        const outcomes = [...(await store.outcomes(id)).values()];
        assert.deepEqual(
          outcomes.filter(({ status, attempt }) => status !== "passed" || attempt > 1),
          [],
        );
        assert.equal(outcomes.length, 10);
      });
      const second = await serve();
      const report = await project.run(["status", id, "--server", second.url]);
      assert.match(report.stdout, /checkpoint-10 +passed/);
      for (const { child, ended } of [worker, second.running]) {
        child.kill("SIGTERM");
        assert.equal((await ended).code, 0);
      }
      await redis.close();
    },
  );
});

test("a server that is not there ends the command with its code, its place and a remedy", async () => {
  const place = `127.0.0.1:${String(await freePort())}`;
  writeTenTasks(project, "http://127.0.0.1:9");
  const { code, stderr } = await project.run([
    ..."run ten --data-dir elsewhere --postgres".split(" "),
    `postgres://ann:secret@${place}/runs`,
  ]);
  assert.equal(code, 3);
  assert.match(stderr, new RegExp(`PostgreSQL at ${place}.* cannot be reached: `));
  assert.match(stderr, /TURNPIKE_POSTGRES_URL|postgresUrl/);
  assert.doesNotMatch(stderr, /secret/);
});
