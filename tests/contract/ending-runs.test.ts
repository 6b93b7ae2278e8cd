import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { cancelRun } from "../../src/service/cancel-run.js";
import type { RunView } from "../../src/service/service.js";
import { sketchPlan, type Engine } from "../support/engine.js";
import { BACKENDS, openEngineOn } from "../support/backends.js";
import { waitUntil } from "../support/wait-until.js";

/** Longer than any of these tests: it is ended, and never ends by itself. */
const FOR_EVER = { ms: 600_000 };
/** The jobs of a run of one task. */
const JOBS_OF_ONE = 2;

for (const { name, open, absence } of BACKENDS) {
  describe(
    `runs that end while every lane is taken, on ${name}`,
    { skip: absence() ?? false },
    () => {
      let engine: Engine;
      let closeAll: () => Promise<void>;
      let holder: string;

      const hold = async (): Promise<void> => {
        const before = engine.started.length;
        holder = await engine.submit(sketchPlan({ holder: [[], FOR_EVER] }));
        await waitUntil(() => engine.started.length > before);
      };
      const release = async (): Promise<void> => {
        await cancelRun(engine.deps, holder, "the test");
        await engine.ended(holder);
      };
      /** Nothing of the run was started, and nothing of it is left in the queue. */
      const isGone = async (view: RunView, startedBefore: number): Promise<void> => {
        assert.equal((await engine.deps.store.outcomes(holder)).size, 0, "the lane is still taken");
        assert.equal(engine.started.length, startedBefore);
        for (const { kind, attempt } of view.outcomes.values())
          if (kind === "task") assert.equal(attempt, 0);
        await waitUntil(async () => (await engine.pendingJobs()) === JOBS_OF_ONE);
      };
      const statuses = ({ outcomes }: RunView, ...nodes: readonly string[]): unknown =>
        nodes.map((node) => outcomes.get(node)?.status);

      before(async () => {
        ({ engine, close: closeAll } = await openEngineOn(open, { lanes: 1 }));
        await engine.startWorkers();
      });
      after(() => closeAll());

      const queued = {
        a: [[]],
        b: [["a"]],
        split: [[]],
        "checkpoint-c": [["b", "split"]],
        d: [["checkpoint-c"]],
      } as const;

      test("a run whose time is over ends although all of its tasks are still queued", async () => {
        await hold();
        const before = engine.started.length;
        const view = await engine.ended(
          await engine.submit(sketchPlan(queued, { timeout: "300ms" })),
        );
        assert.equal(view.end?.verdict, "timed_out");
        assert.deepEqual(statuses(view, "a", "b", "split", "d"), Array(4).fill("timed_out"));
        assert.match(view.outcomes.get("a")?.reason ?? "", /the time of the whole run was over/);
        await isGone(view, before);
        await release();
      });

      test("a cancelled run ends although all of its tasks are still queued", async () => {
        await hold();
        const before = engine.started.length;
        const runId = await engine.submit(sketchPlan(queued, { timeout: "1h" }));
        await cancelRun(engine.deps, runId, "somebody");
        const view = await engine.ended(runId);
        assert.equal(view.end?.verdict, "cancelled");
        assert.deepEqual(statuses(view, "a", "b", "split", "d"), Array(4).fill("cancelled"));
        await isGone(view, before);
        await release();
      });

      test("a run whose time is over while one of its tasks runs ends, although another run takes the lane", async () => {
        const runId = await engine.submit(
          sketchPlan(
            { runs: [[], FOR_EVER], behind: [["runs"]], beside: [[], {}, { priority: -1 }] },
            { timeout: "2s" },
          ),
        );
        await waitUntil(() => engine.started.at(-1) === "runs");
        holder = await engine.submit(sketchPlan({ holder: [[], FOR_EVER, { priority: 1 }] }));
        const view = await engine.ended(runId);
        assert.equal(view.end?.verdict, "timed_out");
        assert.deepEqual(statuses(view, "runs", "behind", "beside"), Array(3).fill("timed_out"));
        assert.deepEqual(
          [view.outcomes.get("runs")?.attempt, view.outcomes.get("behind")?.attempt],
          [1, 0],
        );
        await release();
        await waitUntil(async () => (await engine.pendingJobs()) === 0);
      });

      test("clean-up of a run whose time is over waits for a lane, and runs", async () => {
        await hold();
        const runId = await engine.submit(
          sketchPlan({ a: [[]], sweep: [["a"], {}, { always: true }] }, { timeout: "300ms" }),
        );
        await waitUntil(async () => (await engine.deps.store.outcomes(runId)).has("a"));
        await release();
        const view = await engine.ended(runId);
        assert.deepEqual(statuses(view, "a", "sweep"), ["timed_out", "passed"]);
        assert.equal(engine.started.at(-1), "sweep");
        await waitUntil(async () => (await engine.pendingJobs()) === 0);
      });
    },
  );
}
