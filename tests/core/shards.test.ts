/** Merging the outcomes of shards, cutting work evenly, and the order of records, as tables. */

import assert from "node:assert/strict";
import test from "node:test";
import { array, assert as assertAlways, integer, nat, property } from "fast-check";
import { splitCollection } from "../../src/collections/split-collection.js";
import { cutEvenly, packEvenly } from "../../src/core/balance.js";
import { NO_COUNTS } from "../../src/core/evidence.js";
import { flowShape } from "../../src/core/flow.js";
import { mergeShards } from "../../src/core/merge-shards.js";
import type { Cause, Outcome, Status } from "../../src/core/outcome.js";
import { readPlan, type TaskNode } from "../../src/core/plan.js";
import type { Split } from "../../src/core/split.js";

const THREE: Split = {
  by: "iterations",
  parts: [0, 1, 2].map((from) => ({ from, to: from + 1 })),
};

function task(split: Split): TaskNode {
  const check = readPlan({ name: "p", tasks: { s: { collection: "x.json" } } });
  assert.ok(check.ok);
  const [node] = check.plan.nodes;
  assert.ok(node?.kind === "task");
  return { ...node, split };
}

function shard(status: Status, cause: Cause | null = null, more: Partial<Outcome> = {}): Outcome {
  const counts = { ...NO_COUNTS, iterations: 1, requests: 2, assertions: 3 };
  const reason = cause === null ? null : `because of ${cause}`;
  return {
    node: "s~1",
    kind: "task",
    status,
    cause,
    reason,
    attempt: 1,
    startedAt: 10,
    endedAt: 20,
    prefix: "p",
    counts,
    ...more,
  };
}

test("the merged outcome is what a run in one piece would come to", () => {
  const passed = shard("passed");
  const red = shard("failed", "assertion");
  const empty = shard("errored", "no_assertions");
  const crashed = shard("errored", "crash");
  const table: readonly (readonly [readonly Outcome[], Status, Cause | null])[] = [
    [[passed, passed, passed], "passed", null],
    [[passed, red, passed], "failed", "assertion"],
    [[passed, empty, passed], "passed", null],
    [[empty, empty, empty], "errored", "no_assertions"],
    [[shard("errored", "no_requests"), empty, empty], "errored", "no_assertions"],
    [[red, empty, empty], "failed", "assertion"],
    [[red, crashed, passed], "errored", "crash"],
    [[red, shard("timed_out", "deadline"), passed], "timed_out", "deadline"],
    [[passed, shard("cancelled", "cancelled"), red], "cancelled", "cancelled"],
    [
      [shard("skipped", "need"), shard("skipped", "need"), shard("skipped", "need")],
      "skipped",
      "need",
    ],
    [[passed, passed], "errored", "evidence"],
  ];
  for (const [outcomes, status, cause] of table) {
    const merged = mergeShards(task(THREE), outcomes);
    assert.deepEqual([merged.status, merged.cause], [status, cause]);
    assert.equal(merged.cause === null, merged.status === "passed");
  }
});

test("counts add up, and folders run the same iterations", () => {
  const outcomes = [
    shard("passed"),
    shard("passed", null, { startedAt: 5, attempt: 2 }),
    shard("passed"),
  ];
  const byRows = mergeShards(task(THREE), outcomes);
  assert.deepEqual(byRows.counts, { ...NO_COUNTS, iterations: 3, requests: 6, assertions: 9 });
  assert.deepEqual([byRows.startedAt, byRows.attempt], [5, 2]);
  const parts = [0, 1, 2].map((position) => [{ position, name: "f" }]);
  const byFolders = mergeShards(task({ by: "folders", depth: 0, parts }), outcomes);
  assert.deepEqual(byFolders.counts, { ...NO_COUNTS, iterations: 1, requests: 6, assertions: 9 });
});

test("several red shards are all named in the reason", () => {
  const one = shard("failed", "assertion", { reason: "first" });
  const two = shard("failed", "assertion", { node: "s~3", reason: "second" });
  const { reason } = mergeShards(task(THREE), [one, shard("passed"), two]);
  assert.equal(reason, "shard s~1: first; also shard s~3");
});

test("shards hang below their merging node, and wait for the task's needs", () => {
  const check = readPlan({
    name: "p",
    tasks: { a: { collection: "x.json" }, s: { collection: "x.json", needs: ["a"] } },
  });
  assert.ok(check.ok);
  const [a, s] = check.plan.nodes;
  assert.ok(a !== undefined && s?.kind === "task");
  const shape = flowShape({ ...check.plan, nodes: [a, { ...s, split: THREE }] });
  assert.deepEqual(
    shape.nodes.map(({ id, kind, parent, gatedBy }) => [id, kind, parent, gatedBy.join()]),
    [
      ["a", "task", "$run", ""],
      ["s~1", "task", "s", "a"],
      ["s~2", "task", "s", "a"],
      ["s~3", "task", "s", "a"],
      ["s", "merge", "$run", ""],
    ],
  );
});

test("cutting keeps every piece once and in order, in no more parts than asked, none heavier than it must be", () => {
  assert.deepEqual(
    cutEvenly([1, 1, 1, 1, 1, 1, 1], 3).map(({ from, to }) => to - from),
    [3, 3, 1],
  );
  assert.deepEqual(cutEvenly([90, 10, 10, 10], 2), [
    { from: 0, to: 1 },
    { from: 1, to: 4 },
  ]);
  assertAlways(
    property(
      array(integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 12 }),
      integer({ min: 2, max: 5 }),
      (weights, parts) => {
        const ranges = cutEvenly(weights, parts);
        assert.ok(ranges.length >= 2 && ranges.length <= parts);
        assert.equal(ranges[0]?.from, 0);
        assert.equal(ranges.at(-1)?.to, weights.length);
        for (const [position, range] of ranges.entries())
          assert.equal(range.from, position === 0 ? 0 : ranges[position - 1]?.to);
        const sums = ranges.map(({ from, to }) => sum(weights.slice(from, to)));
        assert.equal(Math.max(...sums), lightest(weights, parts));
      },
    ),
  );
});

test("packing keeps every piece once", () => {
  assert.deepEqual(packEvenly([5, 3, 3, 1], 2), [
    [0, 3],
    [1, 2],
  ]);
  assertAlways(
    property(
      array(nat(100), { minLength: 1, maxLength: 12 }),
      integer({ min: 1, max: 5 }),
      (weights, parts) => {
        const boxes = packEvenly(weights, parts);
        assert.ok(boxes.length <= parts && boxes.every((box) => box.length > 0));
        assert.deepEqual(
          boxes.flat().sort((left, right) => left - right),
          [...weights.keys()],
        );
      },
    ),
  );
});

test("iterations and folders are shared out by how long they took", () => {
  const item = (name: string): object => ({
    name,
    item: [{ name: `${name}1`, request: "http://x/" }],
  });
  const question = {
    task: { bail: false, folder: [] },
    collection: { info: { name: "c" }, item: ["A", "B", "C"].map(item) },
    parts: 2,
    values: {},
  };
  const units = new Map([
    ["A", 100],
    ["B", 30],
    ["C", 40],
  ]);
  const byFolder = splitCollection({
    ...question,
    iterations: 1,
    durations: { units, iterations: new Map() },
  });
  assert.ok(byFolder.by === "folders");
  assert.deepEqual(
    byFolder.parts.map((part) => part.map(({ name }) => name).join()),
    ["A", "B,C"],
  );
  const iterations = new Map([
    [0, 300],
    [1, 100],
    [2, 100],
    [3, 100],
  ]);
  const byRow = splitCollection({ ...question, iterations: 4, durations: { units, iterations } });
  assert.deepEqual(byRow, {
    by: "iterations",
    parts: [
      { from: 0, to: 1 },
      { from: 1, to: 4 },
    ],
  });
});

test("what keeps a task whole is said", () => {
  const question = {
    task: { bail: false, folder: [] as string[] },
    collection: { info: { name: "c" }, item: [{ name: "A", request: "http://x/" }] },
    iterations: 1,
    parts: 2,
    values: {},
    durations: { units: new Map<string, number>(), iterations: new Map<number, number>() },
  };
  const reasons = (more: Partial<typeof question>): string => {
    const split = splitCollection({ ...question, ...more });
    return split.by === "nothing" ? split.reasons.join("; ") : split.by;
  };
  assert.match(reasons({ parts: 1 }), /one lane/);
  assert.match(reasons({ task: { bail: true, folder: [] } }), /bail/);
  assert.match(reasons({}), /one iteration; it has one folder or request/);
  assert.match(reasons({ task: { bail: false, folder: ["A"] } }), /folder chooses/);
  assert.match(
    reasons({ collection: { info: { name: "v1" }, item: undefined as never } }),
    /v2\.1/,
  );
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The smallest possible weight of the heaviest part, by trying every cut. */
function lightest(weights: readonly number[], parts: number): number {
  if (parts === 1 || weights.length === 1) return sum(weights);
  return Math.min(
    sum(weights),
    ...weights
      .slice(0, -1)
      .map((_, cut) =>
        Math.max(sum(weights.slice(0, cut + 1)), lightest(weights.slice(cut + 1), parts - 1)),
      ),
  );
}
