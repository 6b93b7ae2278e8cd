import assert from "node:assert/strict";
import test from "node:test";
import { formatProblem } from "../../src/core/errors.js";
import { includePlans } from "../../src/core/include-plans.js";
import { readPlan, type PlanNode } from "../../src/core/plan.js";

const task = { collection: "a.json" };
const SMOKE = {
  name: "smoke",
  environment: "not-used",
  tasks: {
    login: { ...task, variables: { role: "user", page: 1 } },
    read: { ...task, needs: ["login"], environment: "own" },
    write: { ...task, needs: ["login"] },
    gate: { checkpoint: true, needs: ["read"], require: { mayFail: ["read"] } },
  },
};

function read(
  tasks: object,
  plans: Readonly<Record<string, unknown>> = { "smoke.yaml": SMOKE },
): { readonly nodes: readonly PlanNode[]; readonly problems: readonly string[] } {
  const document = { name: "p", tasks };
  const from = { name: "plan.yaml", plans: new Map(Object.entries(plans)) };
  const flat = includePlans(document, from);
  const check = readPlan(flat.document, flat.madeIds);
  const problems = [...flat.problems, ...(check.ok ? [] : check.problems)].map(formatProblem);
  return { nodes: check.ok ? check.plan.nodes : [], problems };
}

test("an included plan becomes nodes of its own, between what its node needs and what needs that", () => {
  const { nodes, problems } = read({
    setup: task,
    smoke: { plan: "smoke.yaml", needs: ["setup"] },
    after: { ...task, needs: ["smoke"] },
    done: { checkpoint: true, needs: ["smoke", "after"], require: { mayFail: ["smoke"] } },
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    nodes.map(({ id, needs }) => [id, needs]),
    [
      ["setup", []],
      ["smoke.login", ["setup"]],
      ["smoke.read", ["smoke.login"]],
      ["smoke.write", ["smoke.login"]],
      ["smoke.gate", ["smoke.read"]],
      ["after", ["smoke.write", "smoke.gate"]],
      ["done", ["smoke.write", "smoke.gate", "after"]],
    ],
  );
  const requirements = nodes.map((node) => (node.kind === "checkpoint" ? node.require : null));
  assert.deepEqual(requirements.slice(4), [
    { mayFail: ["smoke.read"] },
    null,
    { mayFail: ["smoke.write", "smoke.gate"] },
  ]);
});

test("environment and variables of the including node reach the tasks of the included plan", () => {
  const { nodes } = read({
    smoke: { plan: "smoke.yaml", environment: "eu", variables: { role: "admin" } },
  });
  const given = nodes.map((node) =>
    node.kind === "task" ? [node.environment, node.variables] : null,
  );
  assert.deepEqual(given, [
    [["eu"], { role: "admin", page: 1 }],
    [["own"], { role: "admin" }],
    [["eu"], { role: "admin" }],
    null,
  ]);
});

test("plans are included through others, and the same one twice", () => {
  const { nodes, problems } = read(
    {
      eu: { plan: "both.yaml" },
      us: { plan: "both.yaml", needs: ["eu"] },
    },
    {
      "both.yaml": {
        name: "both",
        tasks: { a: { plan: "one.yaml" }, b: { ...task, needs: ["a"] } },
      },
      "one.yaml": { name: "one", tasks: { x: task } },
    },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    nodes.map(({ id, needs }) => [id, needs]),
    [
      ["eu.a.x", []],
      ["eu.b", ["eu.a.x"]],
      ["us.a.x", ["eu.b"]],
      ["us.b", ["us.a.x"]],
    ],
  );
});

test("a cycle of plans is named, and so are faults of the including node and of the included plan", () => {
  const looped = { name: "loop", tasks: { back: { plan: "plan.yaml" } } };
  assert.deepEqual(
    read({ a: { plan: "loop.yaml" } }, { "loop.yaml": looped }).problems.slice(0, 1),
    [
      "tasks.a.back.plan: the plans include each other: plan.yaml -> loop.yaml -> plan.yaml (remove one of them)",
    ],
  );
  const { problems } = read(
    {
      up: { plan: "../other/plan.yaml" },
      typo: { plan: "smoke.yaml", need: ["up"] },
      empty: { plan: "empty.yaml" },
      bad: { plan: "bad.yaml" },
      "dotted.id": task,
    },
    {
      "empty.yaml": { name: "empty", tasks: {} },
      "bad.yaml": {
        name: "bad",
        tasks: { "x.y": task, b: { collection: "b.json", needs: ["c"] } },
      },
    },
  );
  for (const expected of [
    /^tasks\.up\.plan: name a \.yaml file in the folder of this plan/,
    /^tasks\.typo\.need: unknown key "need".*did you mean "needs"/,
    /^tasks\.empty\.plan: empty\.yaml has no tasks/,
    /^tasks\.bad\.x\.y: "x\.y" is not a valid id/,
    /^tasks\.bad\.b\.needs: no task is called "bad\.c"/,
    /^tasks\.dotted\.id: "dotted\.id" is not a valid id/,
  ])
    assert.ok(
      problems.some((problem) => expected.test(problem)),
      `${String(expected)} not in\n${problems.join("\n")}`,
    );
});

test("a document without includes is left as it is", () => {
  const document = { name: "p", tasks: { a: task } };
  const flat = includePlans(document, { name: "plan.yaml", plans: new Map() });
  assert.equal(flat.document, document);
  assert.deepEqual(flat.problems, []);
});
