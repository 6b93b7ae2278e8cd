import assert from "node:assert/strict";
import test from "node:test";
import { createReserve } from "../../src/newman/sandbox-reserve.js";
import { until } from "../support/lanes.js";

/** A boot that numbers what it makes, and says how many there were and how many at once. */
function counting(): {
  readonly boot: () => Promise<{ take(): number | null }>;
  readonly dead: Set<number>;
  booted(): number;
  mostAtOnce(): number;
} {
  const dead = new Set<number>();
  let booted = 0;
  let underway = 0;
  let most = 0;
  return {
    async boot() {
      const number = ++booted;
      most = Math.max(most, ++underway);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      underway--;
      return { take: () => (dead.has(number) ? null : number) };
    },
    dead,
    booted: () => booted,
    mostAtOnce: () => most,
  };
}

test("a resting lane fills its reserve one sandbox after the other, and no further", async () => {
  const { boot, booted, mostAtOnce } = counting();
  const reserve = createReserve(boot, 3);
  assert.equal(booted(), 1, "nobody has run anything yet");
  reserve.rest();
  await until(() => booted() === 3, "three sandboxes are booted");
  assert.equal(mostAtOnce(), 1);
  assert.equal(await reserve.take(), 1);
  assert.equal(booted(), 3, "two are left, so the run that took one pays for no boot");
  reserve.rest();
  await until(() => booted() === 4, "the one that was taken is made good");
});

test("a lane that keeps none boots one for its first run, and one for each further run when it comes", async () => {
  const { boot, booted } = counting();
  const reserve = createReserve(boot, 0);
  assert.equal(booted(), 1);
  assert.equal(await reserve.take(), 1);
  assert.equal(booted(), 1);
  reserve.rest();
  assert.equal(await reserve.take(), 2);
  assert.equal(booted(), 2);
});

test("while runs follow one another a sandbox is booted only when none is left, and each is handed out once", async () => {
  const { boot, booted } = counting();
  const reserve = createReserve(boot, 2);
  reserve.rest();
  await until(() => booted() === 2, "the reserve is full");
  const taken: (number | null)[] = [];
  const bootedAfter: number[] = [];
  for (let run = 0; run < 4; run += 1) {
    reserve.work();
    taken.push(await reserve.take());
    bootedAfter.push(booted());
    reserve.rest();
  }
  reserve.work();
  assert.deepEqual(taken, [1, 2, 3, 4]);
  assert.deepEqual(bootedAfter, [2, 3, 4, 5]);
});

test("a sandbox that died while it waited is not handed out", async () => {
  const { boot, booted, dead } = counting();
  const reserve = createReserve(boot, 2);
  reserve.rest();
  await until(() => booted() === 2, "the reserve is full");
  dead.add(1);
  assert.equal(await reserve.take(), null);
  assert.equal(await reserve.take(), 2);
});
