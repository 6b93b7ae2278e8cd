import assert from "node:assert/strict";
import test from "node:test";
import { readPlan } from "../../src/core/plan.js";
import { reusableTasks } from "../../src/core/reuse.js";
import { makeOutcome } from "../support/run-store-contract.js";

const check = readPlan({
  name: "plan",
  tasks: {
    a: { collection: "a.json" },
    b: { collection: "a.json" },
    c: { collection: "a.json", needs: ["a"] },
    gate: { checkpoint: true, needs: ["a", "b"] },
    d: { collection: "a.json", needs: ["gate"] },
    e: { collection: "a.json", needs: ["c", "d"] },
    clean: { collection: "a.json", needs: ["a"], always: true },
    login: { collection: "a.json", outputs: ["token"] },
    after: { collection: "a.json", needs: ["login"] },
  },
});
assert.ok(check.ok);
const { plan } = check;

const CASES: readonly (readonly [title: string, red: readonly string[], reused: string])[] = [
  [
    "everything but clean-up and what hands on outputs is reused where everything passed",
    [],
    "a b c d e",
  ],
  ["what stands behind a red task is not", ["b"], "a c"],
  ["a red first task leaves only what does not need it", ["a"], "b"],
  ["a red checkpoint is as good as a red task for what is behind it", ["gate"], "a b c"],
];
for (const [title, red, reused] of CASES) {
  test(title, () => {
    const outcomes = plan.nodes.map(({ id }) =>
      makeOutcome(id, red.includes(id) ? { status: "failed", cause: "assertion" } : {}),
    );
    const found = reusableTasks(plan, new Map(outcomes.map((each) => [each.node, each])), "old");
    assert.equal(Object.keys(found).join(" "), reused);
    assert.deepEqual(new Set(Object.values(found)), new Set(["old"]));
  });
}

test("what was reused itself names the run it was executed in, and what has no outcome is not reused", () => {
  const outcomes = new Map([["a", makeOutcome("a", { reusedFrom: "older" })]]);
  assert.deepEqual(reusableTasks(plan, outcomes, "old"), { a: "older" });
});
