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

test("a timer without a delay comes before one with a delay, and they keep their order", async () => {
  const timers = hastened();
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    timers.setTimeout(() => {
      seen.push("later");
      resolve();
    }, 100);
    timers.setTimeout((word: string) => seen.push(word), 0, "first");
    timers.setTimeout(() => seen.push("second"));
  });
  assert.deepEqual(seen, ["first", "second", "later"]);
});

test("hops without a delay are faster than Node's own, each of which takes a millisecond", async () => {
  const hops = async ({ setTimeout }: Pick<typeof globalThis, "setTimeout">): Promise<number> => {
    const begun = performance.now();
    for (let hop = 0; hop < 100; hop += 1)
      await new Promise<void>((resolve) => void setTimeout(resolve, 0));
    return performance.now() - begun;
  };
  const patient = await hops({ setTimeout: setPatient });
  assert.ok((await hops(hastened())) < patient);
});

test("a timer without a delay can be cleared, restarted and asked like any other", async () => {
  const timers = hastened();
  const seen: string[] = [];
  timers.clearTimeout(timers.setTimeout(() => seen.push("cleared"), 0));
  timers.clearTimeout(timers.setTimeout(() => seen.push("cleared later"), 5));
  const again = timers.setTimeout(() => seen.push("once"), 0).refresh();
  assert.equal(again.unref().hasRef(), false);
  assert.equal(again.ref().hasRef(), true);
  await new Promise<void>((resolve) => void timers.setTimeout(resolve, 20));
  assert.deepEqual(seen, ["once"]);
});
