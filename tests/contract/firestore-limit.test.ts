/** The back-pressure and the patience in front of Firestore, which need no Firestore to be tried. */

import assert from "node:assert/strict";
import test from "node:test";
import { TurnpikeError } from "../../src/core/errors.js";
import { openFirestore } from "../../src/store/firestore-client.js";
import { createLimit } from "../../src/store/firestore-limit.js";
import { retry } from "../../src/store/firestore-retry.js";
import { deferred } from "../support/deferred.js";
import { freePort } from "../support/redis.js";

test("never more operations are underway than allowed, and they begin in the order of asking", async () => {
  const limit = createLimit({ maxConcurrent: 3, maxWaiting: 100, waitLimitMs: 5000 });
  const begun: number[] = [];
  let underway = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      limit.run(async () => {
        begun.push(index);
        underway += 1;
        most = Math.max(most, underway);
        await new Promise((resolve) => setImmediate(resolve));
        underway -= 1;
      }),
    ),
  );
  assert.equal(most, 3);
  assert.deepEqual(
    begun,
    Array.from({ length: 40 }, (_, index) => index),
  );
});

test("an operation that finds the queue full, or waits too long, is told so by name, and is never begun", async () => {
  const limit = createLimit({ maxConcurrent: 1, maxWaiting: 1, waitLimitMs: 30 });
  const held = deferred();
  const first = limit.run(() => held.promise);
  let begun = 0;
  const count = (): Promise<void> => Promise.resolve(void (begun += 1));
  const [second, third] = await Promise.allSettled([limit.run(count), limit.run(count)]);
  assert.match(reasonOf(third), /^FIRESTORE_BUSY 1 operations are .*\(FIRESTORE_MAX_CONCURRENT\)/);
  assert.match(reasonOf(second), /^FIRESTORE_BUSY an operation waited 30 ms for one of 1 places/);
  held.resolve();
  await first;
  assert.equal(begun, 0);
  await limit.run(count);
  assert.equal(begun, 1, "the place is free again, also after failures");
  await assert.rejects(
    limit.run(() => Promise.reject(new Error("no"))),
    /no/,
  );
  await limit.run(count);
});

test("errors that pass are tried again a limited number of times, others not at all", async () => {
  const failing = (code: number, times: number) => {
    const calls = { count: 0 };
    const work = (): Promise<string> => {
      calls.count += 1;
      if (calls.count > times) return Promise.resolve("done");
      return Promise.reject(Object.assign(new Error("no"), { code }));
    };
    return { calls, work };
  };
  for (const code of [4, 8, 10, 14]) {
    const { calls, work } = failing(code, 2);
    assert.equal(await retry(work), "done");
    assert.equal(calls.count, 3);
  }
  const forEver = failing(14, 1000);
  await assert.rejects(retry(forEver.work, 4), { code: 14 });
  assert.equal(forEver.calls.count, 4);
  const denied = failing(7, 1000);
  await assert.rejects(retry(denied.work), { code: 7 });
  assert.equal(denied.calls.count, 1);
});

test("an emulator that is not there is said at once, with its place and a remedy", async () => {
  const before = process.env["FIRESTORE_EMULATOR_HOST"];
  const port = String(await freePort());
  process.env["FIRESTORE_EMULATOR_HOST"] = `127.0.0.1:${port}`;
  try {
    await assert.rejects(openFirestore({ project: "demo-nobody", maxConcurrent: 2 }), {
      code: "FIRESTORE_UNREACHABLE",
      message: new RegExp(
        `the Firestore emulator at 127.0.0.1:${port} \\(project demo-nobody\\) cannot be reached: .*start the emulator, or correct or unset FIRESTORE_EMULATOR_HOST`,
      ),
    });
  } finally {
    if (before === undefined) delete process.env["FIRESTORE_EMULATOR_HOST"];
    else process.env["FIRESTORE_EMULATOR_HOST"] = before;
  }
});

function reasonOf(settled: PromiseSettledResult<void>): string {
  assert.ok(settled.status === "rejected" && settled.reason instanceof TurnpikeError);
  return `${settled.reason.code} ${settled.reason.message}`;
}
