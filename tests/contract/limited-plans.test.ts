import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { PERMIT_LEASE_MS } from "../../src/core/shared-limits.js";
import type { RunView } from "../../src/service/service.js";
import { BACKENDS } from "../support/backends.js";
import { openDatabase } from "../support/database.js";
import { openEngine, sketchPlan, type Behaviour, type Engine } from "../support/engine.js";
import { waitUntil } from "../support/wait-until.js";

interface Span {
  readonly node: string;
  readonly from: number;
  readonly to: number;
}

/** Executed tasks in the order of their starts. */
function spansOf(views: readonly RunView[]): Span[] {
  return views
    .flatMap(({ outcomes }) => [...outcomes.values()])
    .filter(({ kind }) => kind === "task")
    .map(({ node, startedAt, endedAt }) => ({ node, from: startedAt ?? Number.NaN, to: endedAt }))
    .toSorted((left, right) => left.from - right.from);
}

function mostAtOnce(spans: readonly Span[]): number {
  const at = ({ from }: Span): number =>
    spans.filter((other) => other.from <= from && from < other.to).length;
  return Math.max(...spans.map(at));
}

/** So many equal tasks, `t1` and further. */
function tasks(count: number, behaviour: Behaviour, options: { readonly lock?: string } = {}) {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `t${String(index + 1)}`,
      [[], behaviour, options] as const,
    ]),
  );
}

for (const { name, open, absence } of BACKENDS) {
  describe(`limited plans on ${name}`, { skip: absence() ?? false }, () => {
    let engine: Engine;
    let capped: Engine;
    let backend: Awaited<ReturnType<typeof open>>["backend"];
    let closeAll: () => Promise<void>;

    before(async () => {
      const database = await openDatabase();
      const opened = await open(database);
      backend = opened.backend;
      engine = await openEngine({ pool: database.pool, backend });
      capped = await openEngine({
        pool: database.pool,
        backend,
        limits: { maxParallelTasks: 3, environments: { staging: 1 }, hosts: {} },
      });
      closeAll = async () => {
        await engine.close();
        await capped.close();
        await opened.close();
        await database.close();
      };
    });
    after(() => closeAll());

    test("tasks that share a lock never overlap, in one run or in two, and hold no lane while they wait", async (context) => {
      await engine.startWorkers();
      const plan = sketchPlan({
        ...tasks(5, { ms: 40 }, { lock: "database" }),
        free: [[], { ms: 10 }],
      });
      const runs = [await engine.submit(plan), await engine.submit(plan)];
      const views = await Promise.all(runs.map((run) => engine.ended(run)));
      assert.deepEqual(
        views.map(({ end }) => end?.verdict),
        ["passed", "passed"],
      );
      const locked = spansOf(views).filter(({ node }) => node !== "free");
      assert.equal(locked.length, 10);
      assert.equal(mostAtOnce(locked), 1);
      const gaps = locked.slice(1).map(({ from }, index) => from - (locked[index]?.to ?? from));
      context.diagnostic(`gaps between holders: ${gaps.join(", ")} ms`);
      const lastFree = Math.max(
        ...spansOf(views)
          .filter(({ node }) => node === "free")
          .map(({ to }) => to),
      );
      assert.ok(lastFree < (locked.at(-1)?.from ?? 0), "a task without the lock goes first");
    });

    test("a plan's `parallel` limits each of its runs", async () => {
      const plan = sketchPlan(tasks(6, { ms: 60 }), { parallel: 2 });
      const view = await engine.ended(await engine.submit(plan));
      assert.equal(view.end?.verdict, "passed");
      assert.equal(spansOf([view]).length, 6);
      assert.ok(mostAtOnce(spansOf([view])) <= 2);
    });

    test("a plan's `stagger` keeps the starts of its tasks apart", async () => {
      const plan = sketchPlan(tasks(4, { ms: 5 }), { stagger: "150ms" });
      const submittedAt = Date.now();
      const view = await engine.ended(await engine.submit(plan));
      const starts = spansOf([view]).map(({ from }) => from - submittedAt);
      assert.equal(starts.length, 4);
      for (const [index, afterMs] of starts.entries())
        assert.ok(afterMs >= index * 150, `start ${String(index + 1)} after ${String(afterMs)} ms`);
    });

    test("a dead holder's lock is free within its lease", async () => {
      const { permits } = backend.limits;
      const taken = await permits.acquire({
        owner: "a worker that was killed",
        waiter: "nobody",
        rank: 0,
        permits: [{ key: "lock:orphaned", limit: 1 }],
      });
      assert.ok(taken.granted);
      const from = Date.now();
      const view = await engine.ended(
        await engine.submit(sketchPlan({ heir: [[], { ms: 1 }, { lock: ["orphaned"] }] })),
      );
      assert.equal(view.end?.verdict, "passed");
      assert.ok((view.outcomes.get("heir")?.startedAt ?? 0) - from >= PERMIT_LEASE_MS - 1000);
    });

    test("`maxParallelTasks` limits all runs together", async () => {
      await engine.stopWorkers();
      await capped.startWorkers();
      const plan = sketchPlan(tasks(4, { ms: 60 }));
      const runs = [await capped.submit(plan), await capped.submit(plan)];
      const views = await Promise.all(runs.map((run) => capped.ended(run)));
      assert.equal(spansOf(views).length, 8);
      assert.ok(mostAtOnce(spansOf(views)) <= 3);
    });

    test("no job is left over", async () => {
      await waitUntil(async () => (await engine.pendingJobs()) === 0);
    });
  });
}
