import assert from "node:assert/strict";
import { setTimeout as setPatient, clearTimeout as clearPatient } from "node:timers";
import test from "node:test";
import { hastenTimers } from "../../src/newman/fast-timers.js";

/** The two functions as a process has them, hastened without touching those of this one. */
function hastened(): Pick<typeof globalThis, "setTimeout" | "clearTimeout"> {
  const timers = { setTimeout: setPatient, clearTimeout: clearPatient };
  hastenTimers(timers);
  return timers;
}

/** Resolves in the check phase of the loop, after every immediate that was asked for before. No clock is in it. */
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("a timer without a delay runs in the next turn of the loop, and such timers keep their order", async () => {
  const timers = hastened();
  const seen: string[] = [];
  const patient = timers.setTimeout(() => seen.push("patient"), 60_000);
  timers.setTimeout((word: string) => seen.push(word), 0, "first");
  timers.setTimeout(() => seen.push("second"));
  await nextTurn();
  timers.clearTimeout(patient);
  assert.deepEqual(seen, ["first", "second"]);
});

test("a timer with a delay waits for it", async () => {
  const asked = performance.now();
  await new Promise<void>((resolve) => void hastened().setTimeout(resolve, 20));
  // Node rounds to whole milliseconds.
  assert.ok(performance.now() - asked > 18);
});

test("a timer without a delay can be cleared, restarted and asked like any other", async () => {
  const timers = hastened();
  const seen: string[] = [];
  timers.clearTimeout(timers.setTimeout(() => seen.push("cleared"), 0));
  timers.clearTimeout(timers.setTimeout(() => seen.push("cleared later"), 5));
  const again = timers.setTimeout(() => seen.push("once"), 0).refresh();
  assert.equal(again.unref().hasRef(), false);
  assert.equal(again.ref().hasRef(), true);
  await nextTurn();
  await new Promise<void>((resolve) => void timers.setTimeout(resolve, 20));
  assert.deepEqual(seen, ["once"]);
});
