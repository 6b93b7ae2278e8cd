import assert from "node:assert/strict";
import test from "node:test";
import { excludeItems } from "../../src/collections/exclude-items.js";
import { formatProblem } from "../../src/core/errors.js";
import { readPlan, type Plan } from "../../src/core/plan.js";
import { runSchema } from "../../src/core/stored-run.js";
import { outcomeOf, planOf, runOf } from "../support/run-parts.js";

const task = { collection: "a.json" };

function planFrom(tasks: object): Plan {
  const check = readPlan({ name: "p", tasks });
  assert.ok(check.ok, JSON.stringify(check));
  return check.plan;
}

function problemsOf(tasks: object): string[] {
  const check = readPlan({ name: "p", tasks });
  return check.ok ? [] : check.problems.map(formatProblem);
}

test("a matrix makes a task of each combination, with an id, a title and values of its own", () => {
  const { nodes } = planFrom({
    a: {
      ...task,
      title: "Read",
      variables: { role: "none", page: 1 },
      matrix: {
        environment: ["eu", ["base", "us"]],
        data: ["rows/one.csv"],
        variables: { role: ["admin"] },
      },
    },
  });
  assert.deepEqual(
    nodes.map((node) =>
      node.kind === "task"
        ? [node.id, node.title, node.environment, node.data, node.variables]
        : node,
    ),
    [
      [
        "a.eu.one.admin",
        "Read (eu, one, admin)",
        ["eu"],
        "rows/one.csv",
        { role: "admin", page: 1 },
      ],
      [
        "a.base-us.one.admin",
        "Read (base-us, one, admin)",
        ["base", "us"],
        "rows/one.csv",
        { role: "admin", page: 1 },
      ],
    ],
  );
});

test("whoever needs a task with a matrix needs all it became, also where they may fail", () => {
  const { nodes } = planFrom({
    a: { ...task, matrix: { variables: { n: [1, 2] } } },
    b: { ...task, needs: ["a"], matrix: { environment: ["eu"] } },
    c: { checkpoint: true, needs: ["a", "b"], require: { mayFail: ["a"] } },
  });
  assert.deepEqual(
    nodes.map(({ id, needs }) => [id, needs]),
    [
      ["a.1", []],
      ["a.2", []],
      ["b.eu", ["a.1", "a.2"]],
      ["c", ["a.1", "a.2", "b.eu"]],
    ],
  );
  const checkpoint = nodes.at(-1);
  assert.ok(checkpoint?.kind === "checkpoint");
  assert.deepEqual(checkpoint.require, { mayFail: ["a.1", "a.2"] });
});

test("a matrix that makes no ids, too many, or the same twice is refused with its place", () => {
  const problemOf = (matrix: unknown): string => problemsOf({ a: { ...task, matrix } }).join("; ");
  assert.match(problemOf({}), /^tasks\.a\.matrix: say which environment, data or variables/);
  assert.match(problemOf({ environment: [] }), /^tasks\.a\.matrix\.environment: /);
  assert.match(
    problemOf({ variables: { n: ["x y", "x-y"] } }),
    /^tasks\.a\.matrix: "x y" and "x-y" both make the id a\.x-y/,
  );
  assert.match(problemOf({ variables: { n: ["+"] } }), /^tasks\.a\.matrix: .*incomplete/);
  assert.match(problemOf({ variables: { n: ["x".repeat(130)] } }), /^tasks\.a\.matrix: .*too long/);
  const many = Array.from({ length: 40 }, (_, index) => index);
  assert.match(problemOf({ variables: { n: many, m: many } }), /makes 1600 tasks/);
});

test("a plan with every option is stored and read back as it was", () => {
  const plan = planFrom({
    a: {
      ...task,
      retries: { max: 2, on: ["timeout"], backoff: "5s" },
      always: true,
      exclude: "Slow",
      outputs: ["token"],
      priority: 3,
      lock: "db",
      runsOn: "eu",
      matrix: { environment: ["eu"] },
    },
    c: { checkpoint: true, needs: ["a"], require: { passRate: 0.5 } },
  });
  const { run } = runOf({
    plan: planOf({ a: [] }),
    outcomes: [outcomeOf("a", [0, 1])],
    verdict: null,
  });
  const stored: unknown = JSON.parse(JSON.stringify({ ...run, plan }));
  assert.deepEqual(runSchema.parse(stored).plan, JSON.parse(JSON.stringify(plan)));
});

test("shards go with neither outputs nor exclude", () => {
  const problems = problemsOf({ a: { ...task, shards: 2, outputs: ["token"], exclude: "Slow" } });
  assert.match(
    problems.join("\n"),
    /^tasks\.a\.outputs: .*\ntasks\.a\.exclude: a task with shards/,
  );
});

test("a name that is generated for every attempt is no output", () => {
  assert.match(
    problemsOf({ a: { ...task, outputs: ["prefix"] } }).join("; "),
    /^tasks\.a\.outputs\.0: is generated for every attempt/,
  );
});

test("folders and requests are left out by name or id, and what is not there is named", () => {
  const request = { name: "Read", id: "id-1", request: {} };
  const collection = {
    info: { name: "c" },
    item: [
      { name: "Smoke", item: [request, { name: "Slow", request: {} }] },
      { name: "Slow", item: [request] },
    ],
  };
  const names = (exclude: readonly string[]): string =>
    JSON.stringify(excludeItems(collection, exclude).collection["item"]);
  assert.equal(names(["Slow"]), JSON.stringify([{ name: "Smoke", item: [request] }]));
  assert.equal(names(["id-1", "Slow"]), JSON.stringify([{ name: "Smoke", item: [] }]));
  assert.deepEqual(excludeItems(collection, ["Slow", "slow"]).unknown, ["slow"]);
  assert.deepEqual(excludeItems(collection, []).collection, collection);
});
