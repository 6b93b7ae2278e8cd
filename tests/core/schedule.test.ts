import assert from "node:assert/strict";
import test from "node:test";
import { countRequests } from "../../src/collections/count-requests.js";
import { readPlan, type Plan } from "../../src/core/plan.js";
import { expectedMs, remainingPaths, startOrder } from "../../src/core/schedule.js";

function planOf(tasks: Readonly<Record<string, object>>): Plan {
  const nodes = Object.entries(tasks).map(([id, node]) => [
    id,
    "checkpoint" in node ? node : { collection: "c.json", ...node },
  ]);
  const check = readPlan({ name: "p", tasks: Object.fromEntries(nodes) });
  assert.ok(check.ok, JSON.stringify(check));
  return check.plan;
}

const PLAN = planOf({
  lone: {},
  head: {},
  gate: { checkpoint: true, needs: ["head"] },
  tail: { needs: ["gate"] },
  short: {},
});
const EXPECTED = new Map([
  ["lone", 50],
  ["head", 10],
  ["tail", 60],
  ["short", 5],
]);

test("the remaining path of a node is the longest chain behind it, and checkpoints weigh nothing", () => {
  assert.deepEqual(Object.fromEntries(remainingPaths(PLAN.nodes, EXPECTED)), {
    lone: 50,
    head: 70,
    gate: 60,
    tail: 60,
    short: 5,
  });
});

test("tasks start by their remaining path, and an explicit priority weighs more", () => {
  assert.deepEqual(startOrder(PLAN.nodes, EXPECTED), ["head", "tail", "lone", "short"]);
  const urgent = planOf({ a: { priority: -1 }, b: {}, c: { priority: 7 }, d: {} });
  assert.deepEqual(
    startOrder(
      urgent.nodes,
      new Map([
        ["a", 900],
        ["d", 2],
        ["b", 1],
      ]),
    ),
    ["c", "d", "b", "a"],
  );
  assert.deepEqual(
    startOrder(urgent.nodes, new Map()),
    ["c", "b", "d", "a"],
    "else as in the plan",
  );
});

test("a task is expected to take the median of what it took, or its requests at the others' pace", () => {
  const expected = expectedMs(
    new Map([
      ["known", { durationsMs: [100, 900, 120], requests: 12 }],
      ["new", { durationsMs: [], requests: 3 }],
    ]),
  );
  assert.deepEqual(Object.fromEntries(expected), { known: 120, new: 30 });
  const first = expectedMs(new Map([["a", { durationsMs: [], requests: 2 }]]));
  assert.ok((first.get("a") ?? 0) > 0);
});

test("requests are counted in folders of any depth", () => {
  const request = { request: "http://x" };
  assert.equal(countRequests({ item: [request, { item: [request, { item: [request] }] }] }), 3);
  assert.equal(countRequests(null), 0);
});
