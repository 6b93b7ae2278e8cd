import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../src/core/outcome.js";
import type { Plan } from "../../src/core/plan.js";
import { timingOf, type RunTiming } from "../../src/core/timing.js";
import { byNode, outcomeOf, planOf } from "../support/run-parts.js";
import { greenRun } from "../support/sample-run.js";

interface TimingCase {
  readonly what: string;
  readonly plan: Plan;
  readonly outcomes: readonly Outcome[];
  readonly expected: Partial<RunTiming>;
}

const DIAMOND = planOf({ a: [], b: ["a"], c: ["a"], checkpoint: ["b", "c"] });
const GREEN = greenRun();
const skipped = (node: string): Outcome =>
  outcomeOf(node, null, { status: "skipped", cause: "need", reason: "not started", endedAt: 9e12 });

const CASES: readonly TimingCase[] = [
  {
    what: "the ten-task plan",
    plan: GREEN.run.plan,
    outcomes: [...GREEN.outcomes.values()],
    expected: {
      sequentialMs: 15_600,
      wallMs: 6200,
      speedUp: 15_600 / 6200,
      criticalPath: {
        nodes: ["task-1", "task-3", "checkpoint-5", "task-8", "checkpoint-10"],
        durationMs: 5900,
      },
      closeness: 5900 / 6200,
      mostAtOnce: 4,
      atOnce: ["task-6", "task-7", "task-8", "task-9"],
    },
  },
  {
    what: "tasks one after the other",
    plan: DIAMOND,
    outcomes: [
      outcomeOf("a", [0, 1]),
      outcomeOf("b", [1, 2]),
      outcomeOf("c", [2, 3]),
      outcomeOf("checkpoint", [0, 3]),
    ],
    expected: {
      sequentialMs: 3000,
      wallMs: 3000,
      speedUp: 1,
      mostAtOnce: 1,
      criticalPath: { nodes: ["a", "b", "checkpoint"], durationMs: 2000 },
    },
  },
  {
    what: "nothing yet",
    plan: DIAMOND,
    outcomes: [],
    expected: {
      tasks: [],
      sequentialMs: 0,
      wallMs: 0,
      speedUp: null,
      closeness: null,
      mostAtOnce: 0,
      criticalPath: { nodes: [], durationMs: 0 },
    },
  },
  {
    what: "nodes that never started, ended late",
    plan: DIAMOND,
    outcomes: [
      outcomeOf("a", [0, 2], { status: "failed", cause: "assertion" }),
      skipped("b"),
      skipped("c"),
      skipped("checkpoint"),
    ],
    expected: {
      tasks: [{ task: "a", durationMs: 2000, offsetMs: 0 }],
      wallMs: 2000,
      speedUp: 1,
      closeness: 1,
      mostAtOnce: 1,
      criticalPath: { nodes: ["a"], durationMs: 2000 },
    },
  },
  {
    what: "durations of zero",
    plan: DIAMOND,
    outcomes: [
      outcomeOf("a", [1, 1]),
      outcomeOf("b", [1, 1]),
      outcomeOf("c", [1, 1]),
      outcomeOf("checkpoint", [1, 1]),
    ],
    expected: {
      sequentialMs: 0,
      wallMs: 0,
      speedUp: null,
      closeness: null,
      mostAtOnce: 1,
      criticalPath: { nodes: ["a", "b", "checkpoint"], durationMs: 0 },
    },
  },
  {
    what: "a clock that went backwards",
    plan: DIAMOND,
    outcomes: [outcomeOf("a", [5, 4]), outcomeOf("b", [5, 6])],
    expected: {
      sequentialMs: 1000,
      wallMs: 1000,
      criticalPath: { nodes: ["a", "b"], durationMs: 1000 },
    },
  },
  {
    what: "one millisecond of overlap",
    plan: DIAMOND,
    outcomes: [outcomeOf("a", [0, 1]), outcomeOf("b", [1, 2.001]), outcomeOf("c", [2, 3])],
    expected: { mostAtOnce: 2, atOnce: ["b", "c"] },
  },
];

function check({ plan, outcomes, expected }: TimingCase): void {
  const timing = timingOf(plan, byNode(outcomes));
  for (const [key, value] of Object.entries(expected))
    assert.deepEqual(Reflect.get(timing, key), value, key);
}

for (const row of CASES) {
  test(`timing of ${row.what}`, () => {
    check(row);
  });
}

test("the critical path is never longer than the wall time and the speed-up never above the tasks at once", () => {
  for (const { plan, outcomes } of CASES.filter(({ what }) => !what.includes("backwards"))) {
    const { criticalPath, wallMs, speedUp, mostAtOnce } = timingOf(plan, byNode(outcomes));
    assert.ok(criticalPath.durationMs <= wallMs);
    assert.ok((speedUp ?? 0) <= mostAtOnce);
  }
});

test("the table finds a wrong figure", () => {
  assert.throws(() => {
    check({
      what: "planted",
      plan: DIAMOND,
      outcomes: [outcomeOf("a", [0, 1])],
      expected: { wallMs: 999 },
    });
  }, assert.AssertionError);
});
