/** Tasks in shards on every queue: they wait, merge, and end early as a task in one piece does. */

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { cancelRun } from "../../src/service/cancel-run.js";
import { BACKENDS, openEngineOn } from "../support/backends.js";
import { sketchPlan, type Engine } from "../support/engine.js";
import { waitUntil } from "../support/wait-until.js";

const IN_THREE = { iterations: 3, shards: 3 };
const LONG = { ms: 60_000 };
const LIMIT_MS = 30_000;

for (const { name, open, absence } of BACKENDS) {
  describe(`shards on ${name}`, { skip: absence() ?? false }, () => {
    let engine: Engine;
    let closeAll: () => Promise<void>;

    before(async () => {
      ({ engine, close: closeAll } = await openEngineOn(open));
      await engine.startWorkers();
    });
    after(() => closeAll());

    /** Resolves when so many executions of a task have started since `from`. */
    async function started(task: string, count: number, from: number): Promise<void> {
      const limit = Date.now() + LIMIT_MS;
      while (engine.started.slice(from).filter((id) => id === task).length < count) {
        assert.ok(Date.now() < limit, `${task} has not started ${String(count)} times`);
        await new Promise((next) => setTimeout(next, 10));
      }
    }

    test("the shards start after the task's needs, count as one task, and what needs it starts after all of them", async () => {
      const from = engine.started.length;
      const runId = await engine.submit(
        sketchPlan({
          a: [[]],
          s: [["a"], {}, IN_THREE],
          "checkpoint-x": [["s"]],
          b: [["checkpoint-x", "a"]],
        }),
      );
      const view = await engine.ended(runId);
      assert.equal(view.end?.verdict, "passed");
      assert.deepEqual([...view.outcomes.keys()].sort(), ["a", "b", "checkpoint-x", "s"]);
      const { counts, prefix } = view.outcomes.get("s") ?? {};
      assert.deepEqual([counts?.iterations, counts?.requests, prefix], [3, 3, null]);
      assert.deepEqual(engine.started.slice(from), ["a", "s", "s", "s", "b"]);
      const shards = await engine.deps.store.outcomes(runId, ["s~1", "s~2", "s~3"]);
      assert.equal(new Set([...shards.values()].map((shard) => shard.prefix)).size, 3);
      await waitUntil(async () => (await engine.pendingJobs()) === 0);
    });

    test("a need that did not pass skips the whole task, once", async () => {
      const from = engine.started.length;
      const view = await engine.ended(
        await engine.submit(sketchPlan({ a: [[], { red: true }], s: [["a"], {}, IN_THREE] })),
      );
      const { status, cause, reason } = view.outcomes.get("s") ?? {};
      assert.deepEqual([status, cause, reason], ["skipped", "need", "not started: a failed"]);
      assert.deepEqual(engine.started.slice(from), ["a"]);
    });

    test("red shards make one red task that names them", async () => {
      const view = await engine.ended(
        await engine.submit(sketchPlan({ s: [[], { red: true }, IN_THREE] })),
      );
      const { status, cause, counts } = view.outcomes.get("s") ?? {};
      assert.deepEqual([status, cause], ["failed", "assertion"]);
      assert.deepEqual([counts?.failures, counts?.assertionsFailed], [3, 3]);
      assert.equal(view.end?.verdict, "failed");
    });

    test("a cancel ends the shards underway, and the task is cancelled", async () => {
      const from = engine.started.length;
      const runId = await engine.submit(sketchPlan({ s: [[], LONG, IN_THREE] }));
      await started("s", 3, from);
      await cancelRun(engine.deps, runId, "test");
      const view = await engine.ended(runId);
      assert.equal(view.end?.verdict, "cancelled");
      assert.equal(view.outcomes.get("s")?.status, "cancelled");
      await waitUntil(async () => (await engine.pendingJobs()) === 0);
    });

    test("a checkpoint that closes ends the shards before it", async () => {
      const view = await engine.ended(
        await engine.submit(
          sketchPlan({ s: [[], LONG, IN_THREE], "checkpoint-x": [["s"], { timeout: "1s" }] }),
        ),
      );
      assert.equal(view.outcomes.get("checkpoint-x")?.status, "timed_out");
      assert.equal(view.outcomes.get("s")?.status, "cancelled");
    });

    test("the task's own timeout ends its shards as timed out", async () => {
      const view = await engine.ended(
        await engine.submit(sketchPlan({ s: [[], { ...LONG, timeout: "1s" }, IN_THREE] })),
      );
      assert.deepEqual(
        [view.outcomes.get("s")?.status, view.end?.verdict],
        ["timed_out", "timed_out"],
      );
    });
  });
}
