import assert from "node:assert/strict";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { deferred } from "../support/deferred.js";
import { createBell } from "../../src/service/bell.js";
import { followRun } from "../../src/service/follow-run.js";
import { embeddedBackend } from "../../src/queue/backend.js";
import { openDatabase } from "../support/database.js";
import { openEngine, sketchPlan } from "../support/engine.js";

test("a wait ends at its limit, however often memory is tidied meanwhile", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const bell = createBell();
  const { signal } = new AbortController();
  const tidying = setInterval(collectGarbage, 20);
  const late = deferred<string>();
  const limit = setTimeout(late.resolve, 10_000, "some waits have not ended after 10 s");
  try {
    const waits = Array.from({ length: 20 }, () =>
      bell.wait("stop of run", { timeoutMs: 200, signal }),
    );
    assert.equal(
      await Promise.race([Promise.all(waits).then(() => "ended"), late.promise]),
      "ended",
    );
  } finally {
    clearInterval(tidying);
    clearTimeout(limit);
  }
});

test("a wait ends at once when it is rung for, when its signal is aborted, and when that was so before", async () => {
  const bell = createBell();
  const stop = new AbortController();
  const wait = (): Promise<void> =>
    bell.wait("events of run", { timeoutMs: 600_000, signal: stop.signal });
  const rung = wait();
  bell.ring("events of run");
  await rung;
  const stopped = wait();
  stop.abort();
  await stopped;
  await wait();
});

test("whoever has followed a run to its end waits for nothing any more, so a process that is done can end", async () => {
  const database = await openDatabase();
  const engine = await openEngine({
    pool: database.pool,
    backend: embeddedBackend(database.pool),
  });
  try {
    await engine.startWorkers();
    const runId = await engine.submit(sketchPlan({ only: [[]] }));
    const { bell } = engine.deps;
    const waits: AbortSignal[] = [];
    const watched: typeof bell = {
      ...bell,
      wait(topic, options) {
        waits.push(options.signal);
        return bell.wait(topic, options);
      },
    };
    const { signal } = new AbortController();
    for await (const { event } of followRun({ ...engine.deps, bell: watched }, runId, { signal }))
      assert.ok(event.type !== "run.ended" || event.verdict === "passed");
    assert.ok(waits.length > 0);
    assert.deepEqual(new Set(waits.map(({ aborted }) => aborted)), new Set([true]));
  } finally {
    await engine.close();
    await database.close();
  }
});
