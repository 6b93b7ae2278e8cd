import assert from "node:assert/strict";
import test from "node:test";
import { TurnpikeError } from "../../src/core/errors.js";
import {
  forecast,
  forecastSchema,
  planExplanationSchema,
  type Forecast,
} from "../../src/core/forecast.js";
import { readPlan, type Plan } from "../../src/core/plan.js";
import { explanationLines, forecastLines } from "../../src/reports/forecast-text.js";
import { PLAIN } from "../../src/reports/palette.js";
import { planAsMermaid, planAsSvg } from "../../src/reports/plan-graph.js";
import { explainFolder } from "../../src/service/explain-plan.js";
import { planOf } from "../support/run-parts.js";
import { parseXml } from "../support/xml.js";

const SEED = planOf({
  "task-1": [],
  "task-2": ["task-1"],
  "task-3": ["task-1"],
  "task-4": ["task-1"],
  "checkpoint-5": ["task-2", "task-3", "task-4"],
  "task-6": ["checkpoint-5"],
  "task-7": ["checkpoint-5"],
  "checkpoint-10": ["task-6", "task-7"],
});

/** Each task takes the seconds given for it. */
function forecastOf(plan: Plan, seconds: Readonly<Record<string, number>>): Forecast {
  const expectations = Object.entries(seconds).map(
    ([id, each]) => [id, { durationMs: each * 1000, samples: 1 }] as const,
  );
  return forecastSchema.parse(forecast(plan, new Map(expectations)));
}

const seed = forecastOf(SEED, {
  "task-1": 1,
  "task-2": 2,
  "task-3": 5,
  "task-4": 1,
  "task-6": 4,
  "task-7": 3,
});

test("phases are what could run side by side", () => {
  assert.deepEqual(seed.phases, [
    ["task-1"],
    ["task-2", "task-3", "task-4"],
    ["checkpoint-5"],
    ["task-6", "task-7"],
    ["checkpoint-10"],
  ]);
});

test("the critical path goes through the longest tasks", () => {
  assert.deepEqual(seed.criticalPath, {
    nodes: ["task-1", "task-3", "checkpoint-5", "task-6", "checkpoint-10"],
    durationMs: 10_000,
  });
});

test("a checkpoint costs what starting the tasks behind it with those before it would save", () => {
  // Without checkpoint-5, tasks 6 and 7 start after task 1, and task 3 alone decides: 1 + 5 s instead of 10 s.
  assert.deepEqual(seed.checkpoints, [
    { checkpoint: "checkpoint-5", costMs: 4_000 },
    { checkpoint: "checkpoint-10", costMs: 0 },
  ]);
});

test("the predicted time falls from the sum of all tasks to the critical path, and stops there", () => {
  assert.deepEqual(seed.lanes, [
    { lanes: 1, durationMs: 16_000 },
    { lanes: 2, durationMs: 10_000 },
  ]);
});

test("the longest way goes first, and tasks that share a lock do not overlap", () => {
  const long = planOf({ a: [], b: [], c: [], d: [] });
  assert.deepEqual(forecastOf(long, { a: 1, b: 1, c: 1, d: 3 }).lanes.at(-1), {
    lanes: 2,
    durationMs: 3_000,
  });
  const locked = readPlan({
    name: "p",
    tasks: {
      a: { collection: "a.json", lock: "db" },
      b: { collection: "b.json", lock: "db" },
      c: { collection: "c.json" },
    },
  });
  assert.ok(locked.ok);
  assert.deepEqual(forecastOf(locked.plan, { a: 2, b: 2, c: 1 }).lanes, [
    { lanes: 1, durationMs: 5_000 },
    { lanes: 2, durationMs: 4_000 },
  ]);
});

test("tasks that take no time end at once, however many there are", () => {
  const needs = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [
      `t${String(index)}`,
      index === 0 ? [] : [`t${String(index - 1)}`],
    ]),
  );
  assert.deepEqual(forecastOf(planOf(needs), {}).lanes, [{ lanes: 1, durationMs: 0 }]);
});

test("the forecast reads as lines that say where each duration comes from", () => {
  const lines = forecastLines(
    { ...seed, tasks: [{ id: "task-1", durationMs: 1000, samples: 0 }] },
    PLAIN,
  ).join("\n");
  assert.match(lines, /phase 2 {2}task-2, task-3, task-4/);
  assert.match(lines, /task-1 +1\.0 s {2}a guess from its number of requests/);
  assert.match(lines, /critical path task-1 -> task-3 -> .*: 10\.0 s/);
  assert.match(lines, /checkpoint-5 costs 4\.0 s of wall time/);
  assert.match(lines, /2 lanes +10\.0 s/);
});

const nasty = planOf({ a: [], checkpoint: ["a"] }, { a: `Read "x" <script>#1` });

test("a plan as Mermaid names every node and edge, and no title breaks out of its label", () => {
  assert.equal(
    planAsMermaid(nasty),
    [
      "flowchart LR",
      '  n0["a<br/>Read #quot;x#quot; #lt;script#gt;#35;1"]',
      '  n1{{"checkpoint"}}',
      "  n0 --> n1",
      "",
    ].join("\n"),
  );
});

test("a plan as SVG is one well-formed picture with a box for each node and a line for each need", () => {
  for (const [plan, boxes, lines] of [
    [nasty, 2, 1],
    [SEED, 8, 10],
  ] as const) {
    const svg = planAsSvg(plan);
    parseXml(svg);
    assert.equal(svg.split("<rect ").length - 1, boxes);
    assert.equal(svg.split('<path class="edge"').length - 1, lines);
    assert.doesNotMatch(svg, /<script/);
  }
});

test("an explanation says which rows each task would have generated, and refuses what cannot be made", () => {
  const explain = (data: object) => {
    const read = readPlan({
      name: "shop",
      tasks: {
        made: { collection: "c.json", data: { generate: data } },
        roles: {
          collection: "c.json",
          matrix: { variables: { role: ["a", "b"] } },
          data: { generate: { schema: "sku.yaml", cases: "invalid", count: 1 } },
        },
        plain: { collection: "c.json", data: "rows.csv" },
      },
    });
    assert.ok(read.ok, JSON.stringify(read));
    const files = new Map([
      ["sku.yaml", new TextEncoder().encode("{ type: string, minLength: 2 }")],
    ]);
    return explainFolder({ id: "shop", plan: read.plan, directory: "/", files }, new Map());
  };
  const fields = [
    { name: "name", type: "person.firstName", prefixed: true },
    { name: "mail", type: "internet.email" },
  ];
  const known = explain({ fields, count: 6, seed: 7 });
  const lines = explanationLines(planExplanationSchema.parse(known), PLAIN);
  assert.deepEqual(lines.slice(-3), [
    "  made gets 6 rows from fields, seed 7: name, mail",
    "  roles.a gets 1 invalid case from schema sku.yaml, the run's own seed: case, valid, place, keyword, body",
    "  roles.b gets 1 invalid case from schema sku.yaml, the run's own seed: case, valid, place, keyword, body",
  ]);
  assert.throws(
    () => explain({ fields, unique: ["nane"], count: 2 }),
    (error) =>
      error instanceof TurnpikeError &&
      error.code === "INVALID_PLAN" &&
      error.problems[0]?.path === "tasks.made.data.generate.unique",
  );
});
