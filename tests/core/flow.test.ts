import assert from "node:assert/strict";
import test from "node:test";
import { checkpointsBehind, decideStart } from "../../src/core/decide.js";
import { NO_COUNTS } from "../../src/core/evidence.js";
import { flowShape, RUN_NODE } from "../../src/core/flow.js";
import { depths, inOrder } from "../../src/core/graph.js";
import type { Outcome, Status } from "../../src/core/outcome.js";
import { readPlan, type Plan } from "../../src/core/plan.js";

/** A plan from `id: needs`; ids that begin with c are checkpoints. */
function plan(needs: Readonly<Record<string, readonly string[]>>): Plan {
  const tasks = Object.fromEntries(
    Object.entries(needs).map(([id, before]) => [
      id,
      id.startsWith("c")
        ? { checkpoint: true, needs: before }
        : { collection: "x.json", needs: before },
    ]),
  );
  const check = readPlan({ name: "p", tasks });
  assert.ok(check.ok);
  return check.plan;
}

function outcomes(statuses: Readonly<Record<string, Status>>): ReadonlyMap<string, Outcome> {
  return new Map(
    Object.entries(statuses).map(([node, status]) => [
      node,
      {
        node,
        kind: "task",
        status,
        cause: null,
        reason: null,
        attempt: 1,
        startedAt: 1,
        endedAt: 2,
        prefix: null,
        counts: NO_COUNTS,
      },
    ]),
  );
}

const seed = plan({
  t1: [],
  t2: ["t1"],
  t3: ["t1"],
  t4: ["t1"],
  c5: ["t2", "t3", "t4"],
  t6: ["c5"],
  t7: ["c5"],
  t8: ["c5"],
  t9: ["c5"],
  c10: ["t6", "t7", "t8", "t9"],
});

test("the ten-task plan becomes one tree under the run, with a gate for every edge the tree cannot hold", () => {
  const shape = new Map(flowShape(seed).nodes.map((node) => [node.id, node]));
  const parents = [...shape.values()].map(({ id, parent }) => `${id}<${parent}`).join(" ");
  assert.equal(
    parents,
    `t1<${RUN_NODE} t2<c5 t3<c5 t4<c5 c5<${RUN_NODE} t6<c10 t7<c10 t8<c10 t9<c10 c10<${RUN_NODE}`,
  );
  assert.deepEqual(shape.get("t1")?.opens, ["t2", "t3", "t4"]);
  assert.deepEqual(shape.get("t2")?.gatedBy, ["t1"]);
  assert.deepEqual(shape.get("c5")?.gatedBy, []);
  assert.deepEqual(shape.get("c5")?.opens, ["t6", "t7", "t8", "t9"]);
});

test("every edge of a plan is held exactly once, by the tree or by a gate", () => {
  const random = plan({
    a: [],
    b: ["a"],
    c1: ["a", "b"],
    d: ["b", "c1"],
    e: ["a", "d"],
    c2: ["d", "e"],
    f: ["c2", "a"],
  });
  const { nodes } = flowShape(random);
  for (const node of random.nodes) {
    const inTree = nodes.filter(({ parent }) => parent === node.id).map(({ id }) => id);
    const gated = nodes.find(({ id }) => id === node.id)?.gatedBy ?? [];
    assert.deepEqual([...inTree, ...gated].sort(), [...node.needs].sort(), node.id);
  }
  for (const { id, opens } of nodes) {
    for (const to of opens) assert.ok(nodes.find((node) => node.id === to)?.gatedBy.includes(id));
  }
});

const DECISIONS: readonly {
  readonly title: string;
  readonly node: string;
  readonly before: Readonly<Record<string, Status>>;
  readonly cancelled?: boolean;
  readonly expected: string;
}[] = [
  { title: "a node without needs starts", node: "t1", before: {}, expected: "start" },
  {
    title: "a need without an outcome means waiting, whatever woke the node",
    node: "t2",
    before: {},
    expected: "wait",
  },
  { title: "a passed need opens the way", node: "t2", before: { t1: "passed" }, expected: "start" },
  {
    title: "a failed need means skipped",
    node: "t2",
    before: { t1: "failed" },
    expected: "skipped",
  },
  {
    title: "a skipped need means skipped",
    node: "t6",
    before: { c5: "skipped" },
    expected: "skipped",
  },
  {
    title: "nothing starts in a cancelled run",
    node: "t2",
    before: { t1: "passed" },
    cancelled: true,
    expected: "cancelled",
  },
  {
    title: "nothing starts after its checkpoint closed",
    node: "t2",
    before: { t1: "passed", c5: "timed_out" },
    expected: "cancelled",
  },
  {
    title: "nothing starts after a later checkpoint closed",
    node: "t2",
    before: { t1: "passed", c10: "timed_out" },
    expected: "cancelled",
  },
  {
    title: "a checkpoint judges also what failed",
    node: "c5",
    before: { t2: "passed", t3: "failed", t4: "passed" },
    expected: "start",
  },
  {
    title: "a checkpoint waits for every need",
    node: "c5",
    before: { t2: "passed", t4: "passed" },
    expected: "wait",
  },
];

for (const { title, node, before, cancelled, expected } of DECISIONS) {
  test(`decision: ${title}`, () => {
    const found = seed.nodes.find(({ id }) => id === node);
    assert.ok(found);
    const decision = decideStart(seed, found, {
      outcomes: outcomes(before),
      cancelled: cancelled ?? false,
    });
    assert.equal(decision.kind === "settle" ? decision.settlement.status : decision.kind, expected);
  });
}

test("a clean-up task waits for its needs and then starts whatever happened", () => {
  const check = readPlan({
    name: "p",
    tasks: {
      a: { collection: "x.json" },
      sweep: { collection: "x.json", needs: ["a"], always: true },
      c: { checkpoint: true, needs: ["sweep"] },
    },
  });
  assert.ok(check.ok);
  const sweep = check.plan.nodes.find(({ id }) => id === "sweep");
  assert.ok(sweep);
  const decide = (before: Readonly<Record<string, Status>>, cancelled: boolean): string =>
    decideStart(check.plan, sweep, { outcomes: outcomes(before), cancelled }).kind;
  assert.equal(decide({}, true), "wait");
  for (const status of [
    "passed",
    "failed",
    "errored",
    "timed_out",
    "cancelled",
    "skipped",
  ] as const)
    for (const cancelled of [false, true]) {
      assert.equal(decide({ a: status }, cancelled), "start", status);
      assert.equal(decide({ a: status, c: "timed_out" }, cancelled), "start", status);
    }
});

test("the checkpoints behind a node are found through other nodes", () => {
  assert.deepEqual(checkpointsBehind(seed, "t1"), ["c5", "c10"]);
  assert.deepEqual(checkpointsBehind(seed, "t6"), ["c10"]);
  assert.deepEqual(checkpointsBehind(seed, "c10"), []);
});

test("an order puts every node after its needs", () => {
  const needs = new Map(seed.nodes.map((node) => [node.id, node.needs]));
  const order = inOrder(needs);
  for (const [id, before] of needs)
    for (const need of before) assert.ok(order.indexOf(need) < order.indexOf(id));
  assert.equal(depths(needs).get("c10"), 4);
});
