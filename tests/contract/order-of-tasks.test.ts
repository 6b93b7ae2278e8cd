import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { durationOf, type Outcome } from "../../src/core/outcome.js";
import { BACKENDS, openEngineOn } from "../support/backends.js";
import { sketchPlan, type Engine } from "../support/engine.js";

function lengthOf(outcome: Outcome | undefined): number {
  return outcome === undefined ? 0 : durationOf(outcome);
}

for (const { name, open, absence } of BACKENDS) {
  describe(`order of tasks on ${name}`, { skip: absence() ?? false }, () => {
    let engine: Engine;
    let closeAll: () => Promise<void>;

    before(async () => {
      // One lane, so that the order of the starts is the order of the queue.
      ({ engine, close: closeAll } = await openEngineOn(open, { lanes: 1 }));
    });
    after(() => closeAll());

    /** Names in the order of their starts, for runs that are all queued before the first task starts. */
    async function startsOf(submit: () => Promise<readonly string[]>): Promise<readonly string[]> {
      await engine.stopWorkers();
      const begun = engine.started.length;
      const runs = await submit();
      await engine.startWorkers();
      for (const run of runs) assert.equal((await engine.ended(run)).end?.verdict, "passed");
      return engine.started.slice(begun);
    }

    test("longest first, as soon as there is a history; the plan's order before, and priority above all", async () => {
      const plan = sketchPlan(
        {
          short: [[], { ms: 1 }],
          long: [[], { ms: 600 }],
          middle: [[], { ms: 300 }],
          urgent: [[], { ms: 1 }, { priority: 5 }],
        },
        { name: "order" },
      );
      const once = async () => [await engine.submit(plan)];
      assert.deepEqual(await startsOf(once), ["urgent", "short", "long", "middle"]);
      const [first] = await engine.deps.store.listRuns({ limit: 1 });
      const took = await engine.deps.store.outcomes(first?.run.id ?? "");
      // A machine under load may have stretched any of them, so the order is that of what they really took.
      const byLength = ["short", "long", "middle"].toSorted(
        (left, right) => lengthOf(took.get(right)) - lengthOf(took.get(left)),
      );
      assert.deepEqual(await startsOf(once), ["urgent", ...byLength]);
    });

    test("a small run is not behind the whole backlog of another caller", async () => {
      const many = (count: number, prefix: string) =>
        Object.fromEntries(
          Array.from({ length: count }, (_, index) => [
            `${prefix}${String(index)}`,
            [[], { ms: 1 }] as const,
          ]),
        );
      const large = sketchPlan(many(60, "large"), { name: "large" });
      const small = sketchPlan(many(5, "small"), { name: "small" });
      const starts = await startsOf(async () => [
        await engine.submit(large),
        await engine.submit(small),
      ]);
      assert.equal(starts.length, 65);
      const lastSmall = starts.findLastIndex((node) => node.startsWith("small"));
      assert.ok(lastSmall <= 10, `the small run's last task was number ${String(lastSmall + 1)}`);
    });
  });
}
