import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import type { RunView } from "../../src/service/service.js";
import { cancelRun } from "../../src/service/cancel-run.js";
import { expireCheckpoint } from "../../src/service/expire-checkpoint.js";
import { pauseRun, resumeRun } from "../../src/service/pause.js";
import { reportRun } from "../../src/service/view-run.js";
import { sketchPlan, tenTaskPlan, type Engine } from "../support/engine.js";
import { BACKENDS, openEngineOn } from "../support/backends.js";
import { waitUntil } from "../support/wait-until.js";

function statuses({ outcomes }: RunView): Record<string, string> {
  return Object.fromEntries(
    [...outcomes]
      .map(([node, { status }]) => [node, status] as const)
      .toSorted(([left], [right]) => (left < right ? -1 : 1)),
  );
}

function between(view: RunView, node: string): readonly [number, number] {
  const outcome = view.outcomes.get(node);
  return [outcome?.startedAt ?? Number.NaN, outcome?.endedAt ?? Number.NaN];
}

for (const { name, open, absence } of BACKENDS) {
  describe(`plans on ${name}`, { skip: absence() ?? false }, () => {
    let engine: Engine;
    let closeAll: () => Promise<void>;

    before(async () => {
      ({ engine, close: closeAll } = await openEngineOn(open));
      await engine.startWorkers();
    });
    after(() => closeAll());

    test("the ten-task plan passes, tasks overlap, and no task starts before its checkpoint", async () => {
      const view = await engine.ended(
        await engine.submit(
          tenTaskPlan({ "task-2": { ms: 300 }, "task-3": { ms: 300 }, "task-4": { ms: 300 } }),
        ),
      );
      assert.equal(view.end?.verdict, "passed");
      assert.deepEqual(new Set(Object.values(statuses(view))), new Set(["passed"]));
      assert.equal(view.outcomes.size, 10);
      const [start2, end2] = between(view, "task-2");
      const [start3, end3] = between(view, "task-3");
      assert.ok(start3 < end2 && start2 < end3, "tasks 2 and 3 overlap");
      for (const task of ["task-6", "task-7", "task-8", "task-9"]) {
        assert.ok(
          between(view, task)[0] >= between(view, "checkpoint-5")[1],
          `${task} started before checkpoint-5 had judged`,
        );
      }
    });

    test("a red task closes its checkpoint, and what comes after is skipped", async () => {
      const view = await engine.ended(
        await engine.submit(tenTaskPlan({ "task-3": { red: true } })),
      );
      assert.equal(view.end?.verdict, "failed");
      assert.deepEqual(statuses(view), {
        "checkpoint-10": "skipped",
        "checkpoint-5": "failed",
        "task-1": "passed",
        "task-2": "passed",
        "task-3": "failed",
        "task-4": "passed",
        "task-6": "skipped",
        "task-7": "skipped",
        "task-8": "skipped",
        "task-9": "skipped",
      });
      assert.match(view.outcomes.get("checkpoint-5")?.reason ?? "", /task-3/);
    });

    test("a plan that is no tree runs each task once, after all of its needs", async () => {
      const startedBefore = engine.started.length;
      const view = await engine.ended(
        await engine.submit(
          sketchPlan({
            a: [[], { ms: 30 }],
            b: [[]],
            c: [["a", "b"]],
            d: [["a"]],
            e: [["c", "d", "b"]],
            "checkpoint-x": [["e", "a"]],
            f: [["checkpoint-x", "d"]],
          }),
        ),
      );
      assert.equal(view.end?.verdict, "passed");
      const started = engine.started.slice(startedBefore);
      assert.deepEqual([...started].sort(), ["a", "b", "c", "d", "e", "f"]);
      for (const [task, needs] of [
        ["c", ["a", "b"]],
        ["e", ["c", "d"]],
        ["f", ["e", "d"]],
      ] as const) {
        for (const need of needs)
          assert.ok(between(view, need)[1] <= between(view, task)[0], `${task} before ${need}`);
      }
    });

    test("the same submission many times at once is one run", async () => {
      const startedBefore = engine.started.length;
      const ids = await Promise.all(
        Array.from({ length: 5 }, () =>
          engine.submit(sketchPlan({ only: [[], { ms: 50 }] }), `key-${name}`),
        ),
      );
      assert.equal(new Set(ids).size, 1);
      await engine.ended(ids[0] ?? "");
      assert.equal(
        await engine.submit(sketchPlan({ only: [[], { ms: 50 }] }), `key-${name}`),
        ids[0],
      );
      assert.deepEqual(engine.started.slice(startedBefore), ["only"]);
    });

    test("a cancelled run kills what runs and starts nothing more", async () => {
      const runId = await engine.submit(
        tenTaskPlan({ "task-2": { ms: 60_000 }, "task-3": { ms: 60_000 } }),
      );
      await waitUntil(() => engine.started.slice(-3).includes("task-3"));
      await engine.deps.store.cancelRun(runId, { by: "test", at: Date.now() });
      engine.deps.bell.ring(`stop of ${runId}`);
      const view = await engine.ended(runId);
      assert.equal(view.end?.verdict, "cancelled");
      assert.equal(view.outcomes.get("task-3")?.status, "cancelled");
      assert.equal(view.outcomes.get("task-6")?.startedAt, null);
    });

    test("a checkpoint whose time is over closes, and what it waited for is ended", async () => {
      const view = await engine.ended(
        await engine.submit(
          sketchPlan({
            quick: [[]],
            // Behind quick, whose start would otherwise begin the checkpoint's time on a machine that may be slow.
            slow: [["quick"], { ms: 60_000 }],
            "checkpoint-t": [["slow"], { timeout: "300ms" }],
            next: [["checkpoint-t"]],
          }),
        ),
      );
      assert.equal(view.end?.verdict, "timed_out");
      assert.deepEqual(statuses(view), {
        "checkpoint-t": "timed_out",
        next: "skipped",
        quick: "passed",
        slow: "cancelled",
      });
      assert.match(view.outcomes.get("checkpoint-t")?.reason ?? "", /slow/);
    });

    test("a task over its own time is timed out, and the run goes on to its end", async () => {
      const view = await engine.ended(
        await engine.submit(
          sketchPlan({ slow: [[], { ms: 60_000, timeout: "200ms" }], next: [["slow"]] }),
        ),
      );
      assert.deepEqual(statuses(view), { next: "skipped", slow: "timed_out" });
      assert.equal(view.end?.verdict, "timed_out");
    });

    test("a task handed back by a stopping worker is run again, with a new attempt and prefix", async () => {
      const runId = await engine.submit(sketchPlan({ long: [[], { ms: 700 }] }));
      await waitUntil(() => engine.started.at(-1) === "long");
      await engine.stopWorkers();
      assert.equal((await engine.deps.store.outcomes(runId)).size, 0);
      await engine.startWorkers();
      const view = await engine.ended(runId);
      assert.equal(view.end?.verdict, "passed");
      const outcome = view.outcomes.get("long");
      assert.equal(outcome?.attempt, 2);
      assert.equal(outcome.prefix, `Test_long_${runId}_2_`);
    });

    test("a task whose connection was refused is tried again with a new prefix, and shows both attempts", async () => {
      const retries = { max: 2, backoff: "10ms" };
      const runId = await engine.submit(
        sketchPlan({ shaky: [[], { refusedBefore: 3 }, { retries }], next: [["shaky"]] }),
      );
      const view = await engine.ended(runId);
      assert.equal(view.end?.verdict, "passed");
      const outcome = view.outcomes.get("shaky");
      assert.equal(outcome?.attempt, 3);
      assert.equal(outcome.prefix, `Test_shaky_${runId}_3_`);
      assert.match(
        outcome.reason ?? "",
        /^passed on attempt 3; attempt 1 failed: .*ECONNREFUSED.*; attempt 2 failed: /,
      );
      const report = await reportRun(engine.deps, runId);
      const earlier = report.tasks[0]?.earlier ?? [];
      assert.deepEqual(
        earlier.map(({ attempt, status, prefix }) => [attempt, status, prefix]),
        [1, 2].map((number) => [number, "failed", `Test_shaky_${runId}_${String(number)}_`]),
      );
      assert.deepEqual(report.tasks[1]?.earlier, []);
    });

    test("a task stays red when its retries are used up, and a failed assertion is not tried again unasked", async () => {
      const retries = { max: 1, backoff: "10ms" };
      const view = await engine.ended(
        await engine.submit(
          sketchPlan({
            refused: [[], { refusedBefore: 9 }, { retries }],
            red: [[], { red: true }, { retries }],
            asked: [[], { red: true }, { retries: { ...retries, on: ["failed"] } }],
          }),
        ),
      );
      const attempts = [...view.outcomes.values()].map(({ node, status, attempt }) =>
        [node, status, attempt].join(" "),
      );
      assert.deepEqual(attempts.toSorted(), ["asked failed 2", "red failed 1", "refused failed 2"]);
    });

    test("a cancel ends a task that waits for its next attempt, and its last attempt is its outcome", async () => {
      const retries = { max: 5, backoff: "1h" };
      const runId = await engine.submit(
        sketchPlan({ shaky: [[], { refusedBefore: 9 }, { retries }] }),
      );
      await waitUntil(async () => {
        const events = await engine.deps.store.readEvents(runId, { limit: 100 });
        return events.some(({ event }) => event.type === "attempt.ended");
      });
      await cancelRun(engine.deps, runId, "test");
      // The job may not have been moved aside yet when the cancel came; waking it again is what a second cancel does.
      await waitUntil(async () => {
        await engine.deps.queue.wake(runId, [{ id: "shaky", runsOn: [] }]);
        return (await engine.deps.store.outcomes(runId)).has("shaky");
      });
      const view = await engine.ended(runId);
      assert.equal(view.end?.verdict, "cancelled");
      const outcome = view.outcomes.get("shaky");
      assert.equal(outcome?.status, "failed");
      assert.equal(outcome.attempt, 1);
      assert.match(outcome.reason ?? "", /ECONNREFUSED.*; not tried again: the run was cancelled$/);
    });

    test("a checkpoint whose time is over ends a task that waits for its next attempt", async () => {
      const retries = { max: 5, backoff: "1h" };
      const runId = await engine.submit(
        sketchPlan({
          shaky: [[], { refusedBefore: 9 }, { retries }],
          "checkpoint-t": [["shaky"], { timeout: "1h" }],
          next: [["checkpoint-t"]],
        }),
      );
      await waitUntil(async () => {
        const events = await engine.deps.store.readEvents(runId, { limit: 100 });
        return events.some(({ event }) => event.type === "attempt.ended");
      });
      // What the clock of the checkpoint does when its hour is over.
      await expireCheckpoint(engine.deps, runId, "checkpoint-t");
      // The job may not have been moved aside yet when it was woken.
      await waitUntil(async () => {
        await engine.deps.queue.wake(runId, [{ id: "shaky", runsOn: [] }]);
        return (await engine.deps.store.outcomes(runId)).has("shaky");
      });
      const view = await engine.ended(runId);
      // What failed on its own comes before what ran out of time.
      assert.equal(view.end?.verdict, "failed");
      assert.deepEqual(statuses(view), {
        "checkpoint-t": "timed_out",
        next: "skipped",
        shaky: "failed",
      });
      const outcome = view.outcomes.get("shaky");
      assert.equal(outcome?.attempt, 1);
      assert.match(outcome.reason ?? "", /ECONNREFUSED.*; not tried again: .*checkpoint-t/);
    });

    test("a paused run starts nothing while others run, and goes on when it is resumed", async () => {
      await engine.deps.queue.pause();
      const held = await engine.submit(sketchPlan({ first: [[]], second: [["first"]] }));
      await pauseRun(engine.deps, held, "test");
      const other = await engine.submit(sketchPlan({ only: [[]] }));
      await engine.deps.queue.resume();
      assert.equal((await engine.ended(other)).end?.verdict, "passed");
      assert.deepEqual(await engine.deps.store.startedNodes(held), []);
      const resumedAt = Date.now();
      await resumeRun(engine.deps, held);
      const view = await engine.ended(held);
      assert.equal(view.end?.verdict, "passed");
      for (const { startedAt } of view.outcomes.values()) assert.ok((startedAt ?? 0) >= resumedAt);
    });

    test("a paused queue starts no task, also of workers that come later, until it is resumed", async () => {
      await engine.stopWorkers();
      await engine.deps.queue.pause();
      const runId = await engine.submit(sketchPlan({ first: [[]], second: [[]] }));
      await engine.startWorkers();
      assert.equal(await engine.deps.queue.isPaused(), true);
      const resumedAt = Date.now();
      assert.deepEqual(await engine.deps.store.startedNodes(runId), []);
      await engine.deps.queue.resume();
      const view = await engine.ended(runId);
      assert.equal(view.end?.verdict, "passed");
      for (const { startedAt } of view.outcomes.values()) assert.ok((startedAt ?? 0) >= resumedAt);
    });

    test("clean-up tasks run after a failure and count honestly, and nothing else does", async () => {
      const always = { always: true };
      const view = await engine.ended(
        await engine.submit(
          sketchPlan({
            red: [[], { red: true }],
            next: [["red"]],
            sweep: [["next"], {}, always],
            "checkpoint-c": [["red"]],
            late: [["checkpoint-c"], { red: true }, always],
          }),
        ),
      );
      assert.deepEqual(statuses(view), {
        "checkpoint-c": "failed",
        late: "failed",
        next: "skipped",
        red: "failed",
        sweep: "passed",
      });
      assert.equal(view.end?.verdict, "failed");
    });

    test("clean-up tasks run to their end in a cancelled run, and after a checkpoint whose time was over", async () => {
      const always = { always: true };
      const runId = await engine.submit(
        sketchPlan({ long: [[], { ms: 60_000 }], next: [["long"]], sweep: [["long"], {}, always] }),
      );
      await waitUntil(() => engine.started.at(-1) === "long");
      await cancelRun(engine.deps, runId, "test");
      const cancelled = await engine.ended(runId);
      assert.equal(cancelled.end?.verdict, "cancelled");
      assert.deepEqual(statuses(cancelled), {
        long: "cancelled",
        next: "cancelled",
        sweep: "passed",
      });

      const expired = await engine.ended(
        await engine.submit(
          sketchPlan({
            slow: [[], { ms: 60_000 }],
            sweep: [["slow"], { ms: 50 }, always],
            "checkpoint-t": [["slow", "sweep"], { timeout: "200ms" }],
          }),
        ),
      );
      assert.deepEqual(statuses(expired), {
        "checkpoint-t": "timed_out",
        slow: "cancelled",
        sweep: "passed",
      });
    });

    test("a checkpoint lets pass what it allows to fail, says so, and the run passes", async () => {
      const view = await engine.ended(
        await engine.submit(
          sketchPlan({
            beta: [[], { red: true }],
            stable: [[]],
            "checkpoint-r": [["beta", "stable"], {}, { require: { mayFail: ["beta"] } }],
            next: [["checkpoint-r"]],
          }),
        ),
      );
      assert.equal(view.end?.verdict, "passed");
      assert.equal(view.outcomes.get("next")?.status, "passed");
      assert.match(
        view.outcomes.get("checkpoint-r")?.reason ?? "",
        /^allowed by require: beta failed/,
      );
    });

    test("tasks made of a matrix are tasks like any other, and are shown with the run", async () => {
      const matrix = { matrix: { variables: { n: [1, 2] } } };
      const view = await engine.ended(
        await engine.submit(
          sketchPlan({ m: [[], {}, matrix], red: [[], { red: true }, matrix], after: [["m"]] }),
        ),
      );
      assert.equal(view.end?.verdict, "failed");
      assert.deepEqual(statuses(view), {
        after: "passed",
        "m.1": "passed",
        "m.2": "passed",
        "red.1": "failed",
        "red.2": "failed",
      });
    });

    test("the private inputs of an ended run are gone", async () => {
      const runId = await engine.submit(sketchPlan({ only: [[]] }));
      const { run } = await engine.ended(runId);
      await assert.rejects(engine.deps.blobs.get(run.inputs), /NOT_FOUND|no blob|not/);
    });

    test("a sweep of healthy runs changes nothing, and a run whose flow never came is queued by it", async () => {
      const runId = await engine.submit(sketchPlan({ a: [[], { ms: 100 }], b: [["a"]] }));
      await engine.sweep();
      assert.equal((await engine.ended(runId)).end?.verdict, "passed");

      const { submit } = engine.deps.queue;
      const forgetful = {
        ...engine.deps,
        queue: { ...engine.deps.queue, submit: () => Promise.reject(new Error("lost power")) },
      };
      const { submitRun } = await import("../../src/service/submit-run.js");
      await assert.rejects(
        submitRun(forgetful, {
          subject: { kind: "folder", folder: sketchPlan({ a: [[]] }) },
          trigger: "test",
        }),
        /lost power/,
      );
      assert.ok(submit);
      const [orphan] = await engine.deps.store.openRuns();
      assert.ok(orphan !== undefined);
      await engine.sweep();
      assert.equal((await engine.ended(orphan)).end?.verdict, "passed");
    });

    test("no job of any run is left over", async () => {
      await waitUntil(async () => (await engine.pendingJobs()) === 0);
    });
  });
}
