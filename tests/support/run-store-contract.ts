/** What every run store promises; a suite for each of them. */

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { NO_COUNTS } from "../../src/core/evidence.js";
import type { RunEvent } from "../../src/core/event.js";
import type { Outcome } from "../../src/core/outcome.js";
import { readPlan, type Plan } from "../../src/core/plan.js";
import type { RunStore } from "../../src/core/ports.js";
import type { Run } from "../../src/core/run.js";
import { cursorOf, type RunFilter } from "../../src/core/run-query.js";

export interface OpenRunStore {
  readonly store: RunStore;
  close(): Promise<void>;
}

/** Runs the suite; `absence` says why this store cannot be tried here, and is printed. */
export function runStoreContract(
  name: string,
  open: () => Promise<OpenRunStore>,
  absence: string | null = null,
): void {
  describe(`runs in ${name}`, { skip: absence ?? false }, () => {
    let store: RunStore;
    let close = (): Promise<void> => Promise.resolve();
    before(async () => {
      ({ store, close } = await open());
    });
    after(() => close());

    test("a stored run comes back with every option of its plan, without end or cancellation", async () => {
      const run = makeRun();
      assert.deepEqual(await store.createRun(run), { run, created: true });
      assert.deepEqual(await store.getRun(run.id), { run, end: null, cancellation: null });
    });

    test("an unknown run is null, has no outcomes, no events and no started nodes", async () => {
      assert.equal(await store.getRun("nobody"), null);
      assert.equal((await store.outcomes("nobody")).size, 0);
      assert.deepEqual(await store.readEvents("nobody", { limit: 10 }), []);
      assert.deepEqual(await store.startedNodes("nobody"), []);
    });

    test("a run stored twice stays the first one, also when both come at once", async () => {
      const run = makeRun();
      const others = Array.from({ length: 8 }, (_, index) => ({
        ...run,
        trigger: `caller-${String(index)}`,
      }));
      const answers = await Promise.all(others.map((other) => store.createRun(other)));
      assert.equal(answers.filter(({ created }) => created).length, 1);
      const stored = await store.getRun(run.id);
      for (const answer of answers) assert.deepEqual(answer.run, stored?.run);
    });

    test("of many outcomes for one node the first stands, and every writer gets it", async () => {
      const { id } = await stored(store);
      const outcomes = Array.from({ length: 12 }, (_, index) =>
        makeOutcome("task-1", { attempt: index + 1 }),
      );
      const answers = await Promise.all(
        outcomes.map((outcome) => store.recordOutcome(id, outcome)),
      );
      const standing = (await store.outcomes(id)).get("task-1");
      assert.ok(standing);
      for (const answer of answers) assert.deepEqual(answer, standing);
      assert.deepEqual(
        await store.recordOutcome(id, makeOutcome("task-1", { attempt: 99 })),
        standing,
      );
    });

    test("of several writers of the same outcome each learns whose stands, also when its write arrives twice", async () => {
      const { id } = await stored(store);
      const writers = ["ann", "bob", "eve"];
      const write = async (writer: string): Promise<string | undefined> =>
        (await store.recordOutcome(id, makeOutcome("task-1", { writer }))).writer;
      const [first, ...others] = await Promise.all(writers.map(write));
      assert.ok(first !== undefined && writers.includes(first));
      assert.deepEqual(others, [first, first]);
      assert.deepEqual(await Promise.all(writers.map(write)), [first, first, first]);
    });

    test("outcomes are told apart by run and node, and can be asked for by node", async () => {
      const [one, two] = [await stored(store), await stored(store)];
      for (const node of ["a", "b", "c"]) await store.recordOutcome(one.id, makeOutcome(node));
      await store.recordOutcome(
        two.id,
        makeOutcome("a", { status: "failed", cause: "assertion", reason: "red" }),
      );
      assert.deepEqual([...(await store.outcomes(one.id)).keys()].toSorted(), ["a", "b", "c"]);
      assert.deepEqual(
        [...(await store.outcomes(one.id, ["c", "a", "nobody"])).keys()].toSorted(),
        ["a", "c"],
      );
      assert.equal((await store.outcomes(one.id, [])).size, 0);
      assert.equal((await store.outcomes(two.id)).get("a")?.status, "failed");
    });

    test("starts are counted from 1 without a double or a gap, for each node of each run", async () => {
      const [one, two] = [await stored(store), await stored(store)];
      const numbers = await Promise.all(
        Array.from({ length: 10 }, () => store.nextAttempt(one.id, "task-1")),
      );
      assert.deepEqual(
        numbers.toSorted((left, right) => left - right),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      );
      assert.equal(await store.nextAttempt(one.id, "task-2"), 1);
      assert.equal(await store.nextAttempt(two.id, "task-1"), 1);
      assert.deepEqual([...(await store.startedNodes(one.id))].toSorted(), ["task-1", "task-2"]);
    });

    test("the first cancellation and the first end stand, and a run with an end is not open", async () => {
      const { id } = await stored(store);
      assert.deepEqual(await store.cancelRun(id, { by: "ann", at: 5 }), { by: "ann", at: 5 });
      assert.deepEqual(await store.cancelRun(id, { by: "bob", at: 6 }), { by: "ann", at: 5 });
      assert.ok((await store.openRuns()).includes(id));
      const ends = await Promise.all(
        [7, 8, 9].map((endedAt) => store.endRun(id, { verdict: "cancelled", endedAt })),
      );
      const status = await store.getRun(id);
      assert.deepEqual(status?.cancellation, { by: "ann", at: 5 });
      for (const end of ends) assert.deepEqual(end, status.end);
      assert.ok(!(await store.openRuns()).includes(id));
    });

    test("a run is paused until it is resumed, and a pause is no cancellation and no end", async () => {
      const { id } = await stored(store);
      const before = await store.getRun(id);
      await store.pauseRun(id, { by: "ann", at: 5 });
      assert.deepEqual(await store.getRun(id), { ...before, pause: { by: "ann", at: 5 } });
      assert.ok((await store.openRuns()).includes(id));
      await store.pauseRun(id, null);
      assert.deepEqual(await store.getRun(id), before);
      await assert.rejects(store.pauseRun("nobody", null), { code: "NOT_FOUND" });
    });

    test("a deleted run is gone with everything of it, and others stay", async () => {
      const [gone, kept] = [await stored(store), await stored(store)];
      for (const { id } of [gone, kept]) {
        await store.recordOutcome(id, makeOutcome("a"));
        await store.nextAttempt(id, "a");
        await store.appendEvents(id, [started("a", 1), started("a", 2)]);
        await store.cancelRun(id, { by: "ann", at: 5 });
        await store.endRun(id, { verdict: "cancelled", endedAt: 6 });
      }
      await store.deleteRun(gone.id);
      await store.deleteRun(gone.id);
      assert.equal(await store.getRun(gone.id), null);
      assert.equal((await store.outcomes(gone.id)).size, 0);
      assert.deepEqual(await store.startedNodes(gone.id), []);
      assert.deepEqual(await store.readEvents(gone.id, { limit: 5 }), []);
      assert.equal((await store.outcomes(kept.id)).size, 1);
      assert.equal((await store.readEvents(kept.id, { limit: 5 })).length, 2);
      assert.deepEqual(await store.createRun(gone), { run: gone, created: true });
      const again = await store.getRun(gone.id);
      assert.deepEqual([again?.end, again?.cancellation], [null, null]);
    });

    test("an unknown run can neither be cancelled nor ended nor given events", async () => {
      const unknown = { code: "NOT_FOUND" };
      await assert.rejects(store.cancelRun("nobody", { by: "ann", at: 1 }), unknown);
      await assert.rejects(store.endRun("nobody", { verdict: "passed", endedAt: 1 }), unknown);
      await assert.rejects(store.appendEvents("nobody", [started("a", 1)]), unknown);
    });

    test("runs are listed newest first, page by page, and open ones oldest first", async () => {
      const base = 4_000_000_000_000;
      const runs: Run[] = [];
      for (const offset of [3, 1, 5, 2, 4]) {
        const run = makeRun({ createdAt: base + offset });
        runs.push(run);
        await store.createRun(run);
      }
      const newest = runs
        .toSorted((left, right) => right.createdAt - left.createdAt)
        .map(({ id }) => id);
      const idsOf = async (query: Parameters<RunStore["listRuns"]>[0]): Promise<string[]> =>
        (await store.listRuns(query)).map(({ run }) => run.id);
      const page = await idsOf({ limit: 2 });
      assert.deepEqual(page, newest.slice(0, 2));
      const second = runs.find(({ id }) => id === page[1]);
      assert.ok(second);
      assert.deepEqual(await idsOf({ limit: 3, before: cursorOf(second) }), newest.slice(2));
      await assert.rejects(store.listRuns({ limit: 3, before: "no cursor" }), {
        code: "INVALID_REQUEST",
      });
      const open = (await store.openRuns()).filter((id) => newest.includes(id));
      assert.deepEqual(open, newest.toReversed());
    });

    test("the history is asked by plan, environment, branch, verdict and time, each alone and together, in pages", async () => {
      const base = 3_000_000_000_000;
      const mark = `h${String(Date.now())}`;
      const plan = { ...everyOption(), name: `plan ${mark}` };
      const cases = [
        { environment: ["base", "eu"], branch: `main ${mark}`, verdict: "passed" },
        { environment: ["us"], branch: `main ${mark}`, verdict: "failed" },
        { environment: ["eu"], branch: `main ${mark} 2`, verdict: "failed" },
        { environment: ["eu"], branch: null, verdict: null },
      ] as const;
      const runs: Run[] = [];
      for (const [position, { environment, branch, verdict }] of cases.entries()) {
        const createdAt = base + position;
        const run = makeRun({ plan, environment, branch, createdAt });
        await store.createRun(run);
        if (verdict !== null) await store.endRun(run.id, { verdict, endedAt: createdAt });
        runs.push(run);
      }
      await store.createRun(makeRun({ createdAt: base + 1, branch: `main ${mark}` }));
      const own = { plan: plan.name };
      const found = async (query: RunFilter, limit = 10): Promise<number[]> =>
        (await store.listRuns({ limit, ...query })).map(({ run }) =>
          runs.findIndex(({ id }) => id === run.id),
        );
      assert.deepEqual(await found(own), [3, 2, 1, 0]);
      assert.deepEqual(await found({ ...own, environment: "eu" }), [3, 2, 0]);
      assert.deepEqual(await found({ ...own, verdict: "failed" }), [2, 1]);
      assert.deepEqual(await found({ branch: `main ${mark}`, ...own }), [1, 0]);
      assert.equal((await found({ branch: `main ${mark}` })).length, 3);
      assert.deepEqual(await found({ ...own, since: base + 1, until: base + 3 }), [2, 1]);
      assert.deepEqual(await found({ ...own, environment: "eu", verdict: "failed" }), [2]);
      assert.deepEqual(await found({ ...own, environment: "eu" }, 2), [3, 2]);
      const [, second] = await store.listRuns({ ...own, environment: "eu", limit: 2 });
      assert.ok(second);
      const rest = { ...own, environment: "eu", before: cursorOf(second.run) };
      assert.deepEqual(await found(rest, 2), [0]);
      assert.deepEqual(await found({ plan: "nobody's" }), []);
    });

    test("events come back in the order they were appended, after any of them, in pages", async () => {
      const { id } = await stored(store);
      const events = Array.from({ length: 25 }, (_, index) => started("task-1", index + 1));
      for (let at = 0; at < events.length; at += 5)
        await store.appendEvents(id, events.slice(at, at + 5));
      const all = await store.readEvents(id, { limit: 100 });
      assert.deepEqual(
        all.map(({ event }) => event),
        events,
      );
      const page = await store.readEvents(id, { limit: 4, after: all[9]?.id ?? "" });
      assert.deepEqual(page, all.slice(10, 14));
      assert.deepEqual(await store.readEvents(id, { limit: 4, after: all.at(-1)?.id ?? "" }), []);
    });

    test("a follower that always reads after its last event misses none of several writers, and sees each one's order", async () => {
      const { id } = await stored(store);
      const [writers, batches] = [4, 10];
      const seen: RunEvent[] = [];
      const follow = async (): Promise<void> => {
        let after: string | undefined;
        while (seen.length < writers * batches * 2) {
          const page = await store.readEvents(id, {
            limit: 7,
            ...(after === undefined ? {} : { after }),
          });
          after = page.at(-1)?.id ?? after;
          seen.push(...page.map(({ event }) => event));
        }
      };
      const write = async (node: string): Promise<void> => {
        for (let batch = 0; batch < batches; batch += 1) {
          await store.appendEvents(id, [
            started(node, batch * 2 + 1),
            started(node, batch * 2 + 2),
          ]);
        }
      };
      await Promise.all([
        follow(),
        ...Array.from({ length: writers }, (_, index) => write(`node-${String(index)}`)),
      ]);
      for (let writer = 0; writer < writers; writer += 1) {
        const own = seen.filter(
          (event) => "node" in event && event.node === `node-${String(writer)}`,
        );
        assert.deepEqual(
          own,
          Array.from({ length: batches * 2 }, (_, index) =>
            started(`node-${String(writer)}`, index + 1),
          ),
        );
      }
    });

    test("an event id that is none is refused, and appending nothing changes nothing", async () => {
      const { id } = await stored(store);
      await store.appendEvents(id, []);
      assert.deepEqual(await store.readEvents(id, { limit: 5 }), []);
      await assert.rejects(store.readEvents(id, { limit: 5, after: "1; drop" }), {
        code: "INVALID_REQUEST",
      });
    });

    test("characters that databases dislike survive: NUL, lone surrogates, quotes, other scripts", async () => {
      const { id } = await stored(store);
      const odd = "nul \u0000 quote ' \" back \\ emoji 🛣 lone \ud800 日本 \u2028";
      const outcome = makeOutcome("task-1", { status: "failed", cause: "assertion", reason: odd });
      assert.deepEqual(await store.recordOutcome(id, outcome), outcome);
      await store.appendEvents(id, [{ type: "node.ended", at: 1, outcome }]);
      const [event] = await store.readEvents(id, { limit: 1 });
      assert.deepEqual(event?.event, { type: "node.ended", at: 1, outcome });
    });
  });
}

let count = 0;

/** A run under an id of its own whose plan uses every option a task has. */
export function makeRun(changes: Partial<Run> = {}): Run {
  count += 1;
  return {
    id: `run-${String(process.pid)}-${String(Date.now())}-${String(count)}`,
    plan: everyOption(),
    workingDirectory: "/plans/everything",
    uploads: { "photos/one.png": "d".repeat(64) },
    files: { "one.json": "a".repeat(64) },
    environment: ["base", "staging"],
    inputs: "b".repeat(64),
    createdAt: Date.now(),
    trigger: "test",
    branch: null,
    commit: null,
    labels: {},
    overrides: [],
    rerunOf: null,
    reused: {},
    namespace: "test",
    fingerprint: "c".repeat(64),
    ...changes,
  };
}

export function makeOutcome(node: string, changes: Partial<Outcome> = {}): Outcome {
  return {
    node,
    kind: "task",
    status: "passed",
    cause: null,
    reason: null,
    attempt: 1,
    startedAt: 10,
    endedAt: 20,
    prefix: `Test_${node}_`,
    counts: { ...NO_COUNTS, requests: 3, assertions: 4 },
    ...changes,
  };
}

function everyOption(): Plan {
  const check = readPlan({
    name: "everything",
    title: "Everything",
    environment: ["base", "staging"],
    tasks: {
      one: {
        title: "One",
        collection: "one.json",
        folder: "First",
        data: "rows.csv",
        iterations: 2,
        environment: null,
        variables: { text: "x", number: 1, yes: true },
        timeout: "5m",
        allowEmpty: true,
        bail: true,
        insecure: true,
        ignoreRedirects: true,
        timeoutRequest: "10s",
        timeoutScript: "2s",
        delayRequest: "5ms",
      },
      two: { collection: "one.json", needs: ["one"] },
      gate: { checkpoint: true, needs: ["two"] },
    },
  });
  if (!check.ok) throw new Error(JSON.stringify(check.problems));
  return check.plan;
}

async function stored(store: RunStore): Promise<Run> {
  return (await store.createRun(makeRun())).run;
}

function started(node: string, attempt: number): RunEvent {
  return { type: "node.started", at: 1, node, attempt, prefix: null };
}
