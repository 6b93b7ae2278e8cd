import assert from "node:assert/strict";
import test from "node:test";
import { expiredRuns, type KeptRun } from "../../src/core/retention.js";
import { verdictSchema } from "../../src/core/run.js";

const NOW = 1_000_000;

/** Runs as `name verdict age`, newest first; an open one has the verdict `open`. */
function historyOf(lines: readonly string[]): KeptRun[] {
  return lines.map((line) => {
    const [name = "", verdict = "", age = "0"] = line.split(" ");
    const end =
      verdict === "open"
        ? null
        : { verdict: verdictSchema.parse(verdict), endedAt: NOW - Number(age) };
    return { id: line, plan: name, end };
  });
}

const CASES: readonly (readonly [
  title: string,
  history: readonly string[],
  expired: readonly string[],
])[] = [
  ["young runs within the count stay", ["a passed 1", "a failed 2"], []],
  ["an old run goes", ["a passed 1", "a failed 200"], ["a failed 200"]],
  [
    "the last passed run of a plan stays, however old",
    ["a failed 150", "a passed 900"],
    ["a failed 150"],
  ],
  [
    "only the last passed one does",
    ["a failed 1", "a passed 800", "a passed 900"],
    ["a passed 900"],
  ],
  [
    "runs beyond the count go, counted for each plan",
    ["a passed 1", "b failed 2", "a failed 3", "a failed 4", "a failed 5", "b failed 6"],
    ["a failed 5"],
  ],
  [
    "an open run stays and takes no place",
    ["a open 0", "a passed 1", "a failed 2", "a failed 3", "a open 9999"],
    [],
  ],
];
for (const [title, history, expired] of CASES) {
  test(title, () => {
    assert.deepEqual(expiredRuns(historyOf(history), { maxAgeMs: 100, maxRuns: 3 }, NOW), expired);
  });
}
