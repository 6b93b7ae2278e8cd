import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { BACKENDS, openEngineOn } from "../support/backends.js";
import { sketchPlan, type Engine } from "../support/engine.js";

const LIMIT_MS = 30_000;

async function whenTrue(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const until = Date.now() + LIMIT_MS;
  while (!(await isSo())) {
    assert.ok(Date.now() < until, `${what}: not within ${String(LIMIT_MS)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (const { name, open, absence } of BACKENDS) {
  describe(`labels on ${name}`, { skip: absence() ?? false }, () => {
    const withEngine = (work: (engine: Engine) => Promise<void>) => async (): Promise<void> => {
      const { engine, close } = await openEngineOn(open);
      try {
        await work(engine);
      } finally {
        await close();
      }
    };

    test(
      "a task is left to workers that have all its labels, behind its needs and before its dependants",
      withEngine(async (engine) => {
        const plan = sketchPlan({
          plain: [[]],
          eu: [["plain"], {}, { runsOn: ["eu"] }],
          both: [["plain"], {}, { runsOn: ["gpu", "eu"] }],
          checkpoint: [["eu", "both"]],
          last: [["checkpoint"]],
        });
        await engine.startWorkers();
        const runId = await engine.submit(plan);
        const settled = async (): Promise<string[]> =>
          [...(await engine.deps.store.outcomes(runId)).keys()].toSorted();
        await whenTrue("plain ended", async () => (await settled()).includes("plain"));
        // Another task of the same workers, through the same queue, proves that they did not only need time.
        await engine.ended(await engine.submit(sketchPlan({ other: [[]] })));
        await engine.stopWorkers();
        await engine.startWorkers(["eu"]);
        await whenTrue("eu ended", async () => (await settled()).includes("eu"));
        await engine.ended(await engine.submit(sketchPlan({ again: [[], {}, { runsOn: "eu" }] })));
        assert.deepEqual(await settled(), ["eu", "plain"]);
        // A sweep knows the queue of each task, and mends nothing here.
        await engine.sweep();
        assert.deepEqual(await settled(), ["eu", "plain"]);
        await engine.stopWorkers();
        await engine.startWorkers(["eu", "gpu"]);
        const view = await engine.ended(runId);
        assert.equal(view.end?.verdict, "passed");
        assert.deepEqual(await settled(), ["both", "checkpoint", "eu", "last", "plain"]);
        await whenTrue("no job is left", async () => (await engine.pendingJobs()) === 0);
      }),
    );

    test(
      "several queues share the lanes of a worker, and none of them starves",
      withEngine(async (engine) => {
        const tasks = Object.fromEntries(
          Array.from({ length: 16 }, (_, index) => [
            `t${String(index)}`,
            [[], { ms: 50 }, { runsOn: index % 2 === 0 ? [] : ["eu"] }] as const,
          ]),
        );
        const runId = await engine.submit(sketchPlan(tasks));
        await engine.startWorkers(["eu"]);
        const view = await engine.ended(runId);
        assert.equal(view.end?.verdict, "passed");
        const spans = [...view.outcomes.values()].map(({ startedAt, endedAt }) => ({
          from: startedAt ?? Number.NaN,
          to: endedAt,
        }));
        const most = Math.max(
          ...spans.map(
            ({ from }) => spans.filter((one) => one.from <= from && from < one.to).length,
          ),
        );
        assert.ok(most <= 4, `${String(most)} tasks ran at once on 4 lanes`);
      }),
    );

    test(
      "a paused queue starts no task with labels either, and goes on with it when it is resumed",
      withEngine(async (engine) => {
        await engine.deps.queue.pause();
        await engine.startWorkers(["eu"]);
        const runId = await engine.submit(sketchPlan({ eu: [[], {}, { runsOn: "eu" }] }));
        const { queues } = engine;
        const labelled = queues().find((queue) => queue.name.endsWith(".eu"));
        assert.ok(labelled !== undefined);
        // It was taken, found the pause, and was put aside.
        await whenTrue(
          "the task is put aside",
          async () => (await labelled.getDelayedCount()) === 1,
        );
        assert.deepEqual(engine.started, []);
        await engine.deps.queue.resume();
        assert.equal((await engine.ended(runId)).end?.verdict, "passed");
      }),
    );
  });
}
