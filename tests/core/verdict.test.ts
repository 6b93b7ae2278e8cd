import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_REASON_LENGTH, type Outcome, type Status } from "../../src/core/outcome.js";
import type { Plan } from "../../src/core/plan.js";
import type { Requirement } from "../../src/core/requirement.js";
import type { Verdict } from "../../src/core/run.js";
import { judgeCheckpoint, verdictOf } from "../../src/core/verdict.js";
import { byNode, outcomeOf, planOf } from "../support/run-parts.js";

const PLAN = planOf({ a: [], b: [], checkpoint: ["a", "b"], c: ["checkpoint"] });

/** `failed` alone, or `failed/need` for a consequence. */
type Shorthand = Status | "failed/need" | "skipped/need" | "missing";

function outcomesOf(statuses: Readonly<Record<string, Shorthand>>): ReadonlyMap<string, Outcome> {
  return byNode(
    Object.entries(statuses).flatMap(([node, shorthand]): Outcome[] => {
      if (shorthand === "missing") return [];
      if (shorthand === "passed") return [outcomeOf(node, [0, 1])];
      if (shorthand === "failed/need")
        return [outcomeOf(node, [0, 1], { status: "failed", cause: "need" })];
      if (shorthand === "skipped/need")
        return [outcomeOf(node, null, { status: "skipped", cause: "need" })];
      return [
        outcomeOf(node, [0, 1], {
          status: shorthand,
          cause: "assertion",
          reason: `${node} said so`,
        }),
      ];
    }),
  );
}

interface VerdictCase {
  readonly what: string;
  /** Of a, b, checkpoint, c. */
  readonly statuses: readonly [Shorthand, Shorthand, Shorthand, Shorthand];
  readonly cancelled?: boolean;
  readonly verdict: Verdict;
}

const VERDICTS: readonly VerdictCase[] = [
  { what: "all passed", statuses: ["passed", "passed", "passed", "passed"], verdict: "passed" },
  {
    what: "a cancel that came too late",
    statuses: ["passed", "passed", "passed", "passed"],
    cancelled: true,
    verdict: "passed",
  },
  {
    what: "a red assertion",
    statuses: ["failed", "passed", "failed/need", "skipped/need"],
    verdict: "failed",
  },
  {
    what: "a deadline of a task",
    statuses: ["timed_out", "passed", "failed/need", "skipped/need"],
    verdict: "timed_out",
  },
  {
    what: "a task that could not run",
    statuses: ["errored", "passed", "failed/need", "skipped/need"],
    verdict: "errored",
  },
  {
    what: "a red assertion beside a deadline",
    statuses: ["failed", "timed_out", "failed/need", "skipped/need"],
    verdict: "failed",
  },
  {
    what: "a deadline beside a crash",
    statuses: ["errored", "timed_out", "failed/need", "skipped/need"],
    verdict: "timed_out",
  },
  {
    what: "a checkpoint whose time was over",
    statuses: ["passed", "cancelled", "timed_out", "skipped/need"],
    verdict: "timed_out",
  },
  {
    what: "a cancel in the middle",
    statuses: ["passed", "cancelled", "cancelled", "cancelled"],
    cancelled: true,
    verdict: "cancelled",
  },
  {
    what: "a cancel after a red assertion",
    statuses: ["failed", "cancelled", "failed/need", "cancelled"],
    cancelled: true,
    verdict: "cancelled",
  },
  {
    what: "a node without an outcome",
    statuses: ["passed", "passed", "passed", "missing"],
    verdict: "errored",
  },
  {
    what: "nothing known beside a red assertion",
    statuses: ["failed", "missing", "failed/need", "skipped/need"],
    verdict: "errored",
  },
  {
    what: "skips that nothing explains",
    statuses: ["passed", "passed", "passed", "skipped/need"],
    verdict: "errored",
  },
];

function checkVerdict({ statuses, cancelled = false, verdict }: VerdictCase): void {
  const [a, b, checkpoint, c] = statuses;
  assert.equal(verdictOf(PLAN, outcomesOf({ a, b, checkpoint, c }), cancelled), verdict);
}

for (const row of VERDICTS) {
  test(`${row.what}: the run is ${row.verdict}`, () => {
    checkVerdict(row);
  });
}

test("only a run in which every node passed passes, whatever else happened", () => {
  const statuses: readonly Shorthand[] = [
    "passed",
    "failed",
    "errored",
    "timed_out",
    "cancelled",
    "skipped",
    "failed/need",
    "skipped/need",
    "missing",
  ];
  let seen = 0;
  for (const a of statuses)
    for (const b of statuses)
      for (const checkpoint of statuses)
        for (const c of statuses)
          for (const cancelled of [false, true]) {
            const verdict = verdictOf(PLAN, outcomesOf({ a, b, checkpoint, c }), cancelled);
            assert.equal(
              verdict === "passed",
              [a, b, checkpoint, c].every((status) => status === "passed"),
            );
            seen += 1;
          }
  assert.equal(seen, 9 ** 4 * 2);
});

test("an outcome of a node the plan does not have proves nothing", () => {
  const outcomes = outcomesOf({
    a: "passed",
    b: "passed",
    checkpoint: "passed",
    stranger: "passed",
  });
  assert.equal(verdictOf(PLAN, outcomes, false), "errored");
});

interface CheckpointCase {
  readonly a: Shorthand;
  readonly b: Shorthand;
  readonly status: Status;
  readonly cause: string | null;
  readonly reason: string | null;
}

const CHECKPOINTS: readonly CheckpointCase[] = [
  { a: "passed", b: "passed", status: "passed", cause: null, reason: null },
  { a: "failed", b: "passed", status: "failed", cause: "need", reason: "a failed: a said so" },
  {
    a: "failed",
    b: "skipped/need",
    status: "failed",
    cause: "need",
    reason: "a failed: a said so, b was skipped",
  },
  { a: "passed", b: "skipped/need", status: "failed", cause: "need", reason: "b was skipped" },
  {
    a: "timed_out",
    b: "errored",
    status: "failed",
    cause: "need",
    reason: "a timed out: a said so, b could not be run or proven: b said so",
  },
  {
    a: "skipped/need",
    b: "skipped/need",
    status: "skipped",
    cause: "need",
    reason: "a was skipped, b was skipped",
  },
  {
    a: "cancelled",
    b: "skipped/need",
    status: "cancelled",
    cause: "cancelled",
    reason: "a was cancelled, b was skipped",
  },
  {
    a: "cancelled",
    b: "passed",
    status: "cancelled",
    cause: "cancelled",
    reason: "a was cancelled",
  },
  {
    a: "failed",
    b: "cancelled",
    status: "failed",
    cause: "need",
    reason: "a failed: a said so, b was cancelled",
  },
  { a: "missing", b: "passed", status: "errored", cause: "evidence", reason: "a has no outcome" },
  {
    a: "missing",
    b: "failed",
    status: "errored",
    cause: "evidence",
    reason: "a has no outcome, b failed: b said so",
  },
];

function checkCheckpoint({ a, b, ...expected }: CheckpointCase): void {
  assert.deepEqual(judgeCheckpoint({ needs: ["a", "b"] }, outcomesOf({ a, b })), expected);
}

for (const row of CHECKPOINTS) {
  test(`a checkpoint behind ${row.a} and ${row.b} is ${row.status}`, () => {
    checkCheckpoint(row);
  });
}

interface RequireCase {
  readonly what: string;
  readonly require: Requirement;
  readonly statuses: Readonly<Record<string, Shorthand>>;
  readonly status: Status;
  readonly reason: RegExp | null;
}

const REQUIREMENTS: readonly RequireCase[] = [
  {
    what: "a task that may fail fails",
    require: { mayFail: ["a"] },
    statuses: { a: "failed", b: "passed" },
    status: "passed",
    reason: /^allowed by require: a failed: a said so$/,
  },
  {
    what: "another task than the one that may fail fails",
    require: { mayFail: ["a"] },
    statuses: { a: "failed", b: "failed" },
    status: "failed",
    reason: /^b failed: b said so$/,
  },
  {
    what: "all tasks pass",
    require: { mayFail: ["a"], passRate: 0.5 },
    statuses: { a: "passed", b: "passed" },
    status: "passed",
    reason: null,
  },
  {
    what: "half of the tasks pass and half must",
    require: { passRate: 0.5 },
    statuses: { a: "failed", b: "passed" },
    status: "passed",
    reason: /^allowed by require: a failed/,
  },
  {
    what: "half of the tasks pass and more must",
    require: { passRate: 0.6 },
    statuses: { a: "timed_out", b: "passed" },
    status: "failed",
    reason: /^1 of 2 passed, 2 are required: a timed out: a said so$/,
  },
  {
    what: "seven of ten pass and 0.7 must",
    require: { passRate: 0.7 },
    statuses: Object.fromEntries(
      "abcdefghij".split("").map((id, position) => [id, position < 7 ? "passed" : "failed"]),
    ),
    status: "passed",
    reason: /^allowed by require: h failed/,
  },
  {
    what: "a task that may fail has no outcome",
    require: { mayFail: ["a"] },
    statuses: { a: "missing", b: "passed" },
    status: "errored",
    reason: /^a has no outcome$/,
  },
  {
    what: "a task that counts was cancelled",
    require: { mayFail: ["a"] },
    statuses: { a: "failed", b: "cancelled" },
    status: "cancelled",
    reason: /^b was cancelled$/,
  },
];

for (const { what, require, statuses, status, reason } of REQUIREMENTS) {
  test(`${what}: the checkpoint with a requirement is ${status}`, () => {
    const needs = Object.keys(statuses);
    const judged = judgeCheckpoint({ needs, require }, outcomesOf(statuses));
    assert.equal(judged.status, status);
    if (reason === null) assert.equal(judged.reason, null);
    else assert.match(judged.reason ?? "", reason);
  });
}

test("a failure that its checkpoint allows leaves the run passed, and one that nothing allows does not", () => {
  const plan = planOf({ a: [], b: ["a"], checkpoint: ["a"] });
  const lenient: Plan = {
    ...plan,
    nodes: plan.nodes.map((node) =>
      node.kind === "checkpoint" ? { ...node, require: { mayFail: ["a"] } } : node,
    ),
  };
  const check = (statuses: Readonly<Record<string, Shorthand>>): Verdict =>
    verdictOf(lenient, outcomesOf(statuses), false);
  assert.equal(check({ a: "failed", b: "passed", checkpoint: "passed" }), "passed");
  assert.equal(check({ a: "failed", b: "passed", checkpoint: "failed/need" }), "failed");
  assert.equal(check({ a: "passed", b: "failed", checkpoint: "passed" }), "failed");
  assert.equal(check({ a: "failed", b: "skipped/need", checkpoint: "passed" }), "failed");
  assert.equal(check({ a: "timed_out", b: "failed", checkpoint: "passed" }), "failed");
  assert.equal(check({ a: "failed", b: "missing", checkpoint: "passed" }), "errored");
});

test("a checkpoint with many long reasons still names every need within the limit", () => {
  const needs = Array.from({ length: 12 }, (_, index) => `task-${String(index)}`);
  const outcomes = byNode(
    needs.map((need) =>
      outcomeOf(need, [0, 1], {
        status: "failed",
        cause: "assertion",
        reason: "x".repeat(MAX_REASON_LENGTH),
      }),
    ),
  );
  const { reason } = judgeCheckpoint({ needs }, outcomes);
  assert.ok(reason !== null && reason.length <= MAX_REASON_LENGTH, String(reason?.length));
  for (const need of needs)
    assert.ok(reason.includes(`${need} failed`), `${need} is missing in: ${reason}`);
});

test("the tables find a wrong verdict and a wrong reason", () => {
  assert.throws(() => {
    checkVerdict({
      what: "planted",
      statuses: ["failed", "passed", "failed/need", "skipped/need"],
      verdict: "passed",
    });
  }, assert.AssertionError);
  assert.throws(() => {
    checkCheckpoint({
      a: "failed",
      b: "passed",
      status: "failed",
      cause: "need",
      reason: "b failed",
    });
  }, assert.AssertionError);
});
