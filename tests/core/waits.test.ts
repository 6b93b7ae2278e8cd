import assert from "node:assert/strict";
import test from "node:test";
import { beginWaits, waitedUntil, waitFor, waitsSchema, type Waits } from "../../src/core/waits.js";

/** Ready at 1000; sent away at each of these times, for each of these reasons; started at the last time. */
const CASES: readonly (readonly [
  title: string,
  away: readonly (readonly [number, string])[],
  startedAt: number,
  waited: Readonly<Record<string, number>>,
])[] = [
  ["who starts at once has waited for nothing", [], 1004, {}],
  ["who was never sent away has waited for a lane", [], 3000, { "a lane": 2000 }],
  [
    "each stretch counts for what it was sent away for",
    [
      [1500, "lock a"],
      [4000, "lock b"],
    ],
    4200,
    { "a lane": 500, "lock a": 2500, "lock b": 200 },
  ],
  [
    "the same reason is one sum, however often it came",
    [
      [1000, "lock a"],
      [2000, "lock b"],
      [3000, "lock a"],
      [4000, "lock a"],
    ],
    5000,
    { "lock a": 3000, "lock b": 1000 },
  ],
  ["a clock that goes back adds nothing", [[900, "lock a"]], 800, {}],
];

for (const [title, away, startedAt, waited] of CASES) {
  test(title, () => {
    const waits = away.reduce<Waits>(
      (before, [at, reason]) => waitFor(reason, before, at),
      beginWaits(1000),
    );
    assert.deepEqual(waitedUntil(startedAt, waits), waited);
    assert.deepEqual(waitsSchema.parse(JSON.parse(JSON.stringify(waits))), waits);
  });
}

test("an account stays small, whatever a task waits for, and loses no time", () => {
  let waits = beginWaits(0);
  for (let turn = 1; turn <= 500; turn += 1)
    waits = waitFor(`lock ${String(turn)}`, waits, turn * 100);
  const waited = waitedUntil(50_100, waits);
  assert.equal(Object.keys(waited).length, 11);
  assert.equal(
    Object.values(waited).reduce((sum, each) => sum + each, 0),
    50_100,
  );
});
