/** When tasks are cleaned up after, and that a checkpoint with zeroOrphans always sees it done. */

import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { formatProblem } from "../../src/core/errors.js";
import { ancestorsOf, findCycles } from "../../src/core/graph.js";
import { readPlan } from "../../src/core/plan.js";
import { executionOf } from "../../src/core/shards.js";
import { placeRules, sweepRulesSchema } from "../../src/core/sweep.js";

const CREATED = { delete: "created" };
const LISTS = placeRules(sweepRulesSchema.parse([{ list: "/x", delete: "/x/{{id}}" }]), "cleanup");

/** `id: needs` with cleanup after `a`; ids that begin with c are checkpoints, with z those that prove that nothing is left. */
function executed(
  needs: Readonly<Record<string, readonly string[]>>,
  cleanup: (id: string) => unknown,
  sweep: typeof LISTS = [],
): ReadonlyMap<string, readonly string[]> {
  const tasks = Object.fromEntries(
    Object.entries(needs).map(([id, before]) => [
      id,
      /^[cz]/.test(id)
        ? { checkpoint: true, needs: before, zeroOrphans: id.startsWith("z") }
        : { collection: "x.json", needs: before, cleanup: cleanup(id) },
    ]),
  );
  const check = readPlan({ name: "p", tasks });
  assert.ok(check.ok, JSON.stringify(check));
  const nodes = check.plan.nodes.map((node) => (node.kind === "task" ? { ...node, sweep } : node));
  return new Map(executionOf({ nodes }).nodes.map((node) => [node.id, node.needs]));
}

test("what is left is deleted after the run, or right before the first checkpoint that wants proof, or right after the task", () => {
  const plain = executed({ a: [], b: ["a"], c: ["b"], d: ["c"], e: [] }, (id) =>
    id === "a" ? CREATED : false,
  );
  assert.deepEqual(plain.get("a~cleanup"), ["a", "d", "e"]);
  assert.deepEqual(plain.get("c"), ["b"]);

  const plan = { a: [], b: ["a"], z: ["b"], d: ["z"], z2: ["d"], e: [] };
  const proven = executed(plan, () => CREATED);
  assert.deepEqual(proven.get("a~cleanup"), ["a", "b"]);
  assert.deepEqual(proven.get("d~cleanup"), ["d"]);
  assert.deepEqual(proven.get("e~cleanup"), ["e", "z2"]);
  assert.deepEqual(proven.get("z"), ["b", "a~cleanup", "b~cleanup"]);
  assert.deepEqual(proven.get("z2"), ["d", "a~cleanup", "b~cleanup", "d~cleanup"]);

  const after = executed(plan, () => ({ ...CREATED, after: "task" }));
  assert.deepEqual(after.get("a~cleanup"), ["a"]);
});

test("a proof looks at the lists of tasks that are not cleaned up after, where there are any", () => {
  const plan = { a: [], z: ["a"], b: ["z"] };
  assert.equal(executed(plan, () => false).has("a~cleanup"), false);
  const looked = executed(plan, () => false, LISTS);
  assert.deepEqual(looked.get("a~cleanup"), ["a"]);
  assert.deepEqual(looked.get("z"), ["a", "a~cleanup"]);
  assert.equal(looked.has("b~cleanup"), false);
});

test("a clean-up after the run that a checkpoint wants proof of is refused with its place and what to do", () => {
  const problemsOf = (top: object, own: object): string[] => {
    const check = readPlan({
      name: "p",
      ...top,
      tasks: {
        a: { collection: "x.json", ...own },
        b: { collection: "x.json", needs: ["a"] },
        gate: { checkpoint: true, needs: ["b"], zeroOrphans: true },
        d: { collection: "x.json", needs: ["gate"], cleanup: { delete: "created", after: "run" } },
      },
    });
    return check.ok ? [] : check.problems.map(formatProblem);
  };
  const cleanup = { delete: "created", after: "run" };
  assert.deepEqual(problemsOf({}, {}), []);
  assert.deepEqual(problemsOf({ cleanup: { delete: "created" } }, {}), []);
  assert.match(
    problemsOf({}, { cleanup }).join("\n"),
    /^tasks\.a\.cleanup\.after: it deletes what a has left at the end of the run, and gate has zeroOrphans, .*remove it, so that what is left is deleted right before gate, or write after: task/,
  );
  const both = problemsOf({ cleanup }, { cleanup });
  assert.deepEqual(
    both.map((text) => text.split(":")[0]),
    ["tasks.a.cleanup.after", "cleanup.after"],
  );
});

test("what is wrong in a clean-up is said with its place in it", () => {
  const problemsOf = (cleanup: unknown): string => {
    const check = readPlan({ name: "p", tasks: { a: { collection: "x.json", cleanup } } });
    return check.ok ? "" : check.problems.map(formatProblem).join("\n");
  };
  const lists = [{ list: "/x", delete: "/x/{{id}}" }, { list: 5 }];
  assert.match(
    problemsOf({ delete: "created", lists }),
    /^tasks\.a\.cleanup: lists\.1: list: must be a text, and is 5;/,
  );
  assert.match(problemsOf({ delete: "all" }), /^tasks\.a\.cleanup: delete: /);
  assert.match(problemsOf({ delete: "created", aftr: "run" }), /^tasks\.a\.cleanup.*aftr/);
  assert.match(problemsOf("yes"), /^tasks\.a\.cleanup: \S/);
});

test("whatever the plan, no clean-up waits for itself, and a proof waits for the clean-up of everything before it", () => {
  const shapes = fc.array(
    fc.record({
      kind: fc.constantFrom("t", "t", "c", "z"),
      needs: fc.uniqueArray(fc.nat(11), { maxLength: 4 }),
      cleanup: fc.constantFrom(false, CREATED, { ...CREATED, after: "task" }),
    }),
    { minLength: 2, maxLength: 12 },
  );
  let proofs = 0;
  const check = (nodes: Parameters<Parameters<typeof shapes.map>[0]>[0], sweep: typeof LISTS) => {
    const ids = nodes.map(({ kind }, index) => `${index === 0 ? "t" : kind}${String(index)}`);
    const needs = Object.fromEntries(
      nodes.map((node, index) => {
        const before = node.needs.filter((need) => need < index).map((need) => ids[need] ?? "");
        const first = ids[index]?.startsWith("t") === true ? [] : [ids[0] ?? ""];
        return [ids[index] ?? "", before.length === 0 ? first : before];
      }),
    );
    const given = executed(needs, (id) => nodes[ids.indexOf(id)]?.cleanup, sweep);
    assert.deepEqual(findCycles(given), []);
    for (const id of ids.filter((each) => each.startsWith("z"))) {
      const before = new Set(ancestorsOf(given, id));
      for (const task of ancestorsOf(new Map(Object.entries(needs)), id)) {
        if (!given.has(`${task}~cleanup`)) continue;
        proofs += 1;
        assert.ok(before.has(`${task}~cleanup`), `${id} does not wait for ${task}~cleanup`);
      }
    }
  };
  fc.assert(
    fc.property(shapes, fc.boolean(), (nodes, isListed) => check(nodes, isListed ? LISTS : [])),
    { numRuns: 500 },
  );
  assert.ok(proofs > 200, `only ${String(proofs)} proofs were seen`);
  // Two proofs in each of two branches, each behind the first one of the other branch.
  const crossed = executed(
    { b: [], e: [], zx: ["b"], zv: ["e"], n: ["zv"], m: ["zx"], zz: ["n", "b"], zu: ["m", "e"] },
    () => CREATED,
  );
  assert.deepEqual(findCycles(crossed), []);
});
