import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Queue } from "bullmq";
import { ENDLESS_LEASE } from "../../src/core/lease.js";
import type { NodeWake } from "../../src/core/ports.js";
import { CONTROL_QUEUE, deadlineJobId } from "../../src/queue/jobs.js";
import { settleNode } from "../../src/service/settle-node.js";
import { BACKENDS } from "../support/backends.js";
import { openDatabase } from "../support/database.js";
import { openEngine, sketchPlan, type Engine } from "../support/engine.js";

let engine: Engine;
let control: Queue;
let closeAll: () => Promise<void>;

before(async () => {
  const database = await openDatabase();
  const embedded = BACKENDS.find(({ name }) => name === "embedded");
  assert.ok(embedded !== undefined);
  const { backend, close } = await embedded.open(database);
  // Without workers: each wake-up comes from the test.
  engine = await openEngine({ pool: database.pool, backend });
  control = backend.createQueue(CONTROL_QUEUE);
  closeAll = async () => {
    await control.close();
    await engine.close();
    await close();
    await database.close();
  };
});
after(() => closeAll());

function wakeUp(runId: string, node: string): NodeWake {
  const { signal } = new AbortController();
  return { runId, node, signal, lease: ENDLESS_LEASE, stillOwner: () => Promise.resolve(true) };
}

test("a task whose queue cannot be reached when it starts is no red task: it comes again and passes", async () => {
  const runId = await engine.submit(sketchPlan({ a: [[]], "checkpoint-z": [["a"]] }));
  const cutOff = {
    ...engine.deps,
    queue: {
      ...engine.deps.queue,
      setDeadline: () => Promise.reject(new Error("connection lost")),
    },
  };
  await assert.rejects(settleNode(cutOff, wakeUp(runId, "a")), { name: "QueueUnreachable" });
  assert.equal((await engine.deps.store.outcomes(runId)).size, 0);

  const answer = await settleNode(engine.deps, wakeUp(runId, "a"));
  assert.deepEqual(answer, { state: "settled", failure: null });
  const outcome = (await engine.deps.store.outcomes(runId)).get("a");
  assert.deepEqual([outcome?.status, outcome?.attempt], ["passed", 1]);
});

test("a task whose workers died as often as maxStarts allows is given up, and says so", async () => {
  const runId = await engine.submit(
    sketchPlan({ deadly: [[]], stubborn: [[], {}, { retries: 1 }] }),
  );
  for (let start = 1; start <= engine.deps.maxStarts; start += 1)
    for (const node of ["deadly", "stubborn"]) await engine.deps.store.nextAttempt(runId, node);
  await settleNode(engine.deps, wakeUp(runId, "deadly"));
  await settleNode(engine.deps, wakeUp(runId, "stubborn"));
  const outcomes = await engine.deps.store.outcomes(runId);
  const deadly = outcomes.get("deadly");
  assert.deepEqual([deadly?.status, deadly?.cause], ["errored", "starts_exhausted"]);
  assert.match(deadly?.reason ?? "", /given up after 5 starts/);
  assert.equal(outcomes.get("stubborn")?.status, "passed", "its retries are starts of their own");
  assert.deepEqual(engine.started.slice(-1), ["stubborn"]);
});

test("a worker that slept while its checkpoint was settled, or died right after settling it, leaves no clock behind", async () => {
  const runId = await engine.submit(sketchPlan({ a: [[]], "checkpoint-z": [["a"]] }));
  const clock = (): Promise<unknown> => control.getJob(deadlineJobId(runId, "checkpoint-z"));
  const { queue } = engine.deps;
  const setDeadline = (): Promise<void> => queue.setDeadline(runId, "checkpoint-z", 60_000);
  const asleep = {
    ...engine.deps,
    queue: {
      ...queue,
      setDeadline: async () => {
        for (const node of ["a", "checkpoint-z"])
          await settleNode(engine.deps, wakeUp(runId, node));
        assert.equal(await clock(), undefined, "cleared by whoever settled it");
        await setDeadline();
      },
    },
  };
  const lost = { ...wakeUp(runId, "a"), stillOwner: () => Promise.resolve(false) };
  await assert.rejects(settleNode(asleep, lost), { name: "OwnershipLost" });
  assert.equal(await clock(), undefined);

  await setDeadline();
  await settleNode(engine.deps, wakeUp(runId, "checkpoint-z"));
  assert.equal(await clock(), undefined);
});

test("a task that was taken over while its worker could not reach the store sends nothing", async () => {
  const runId = await engine.submit(sketchPlan({ overtaken: [[]] }));
  const lost = { ...wakeUp(runId, "overtaken"), stillOwner: () => Promise.resolve(false) };
  await assert.rejects(settleNode(engine.deps, lost), { name: "OwnershipLost" });
  const events = await engine.deps.store.readEvents(runId, { limit: 100 });
  assert.ok(!events.some(({ event }) => event.type === "node.started"));
  assert.ok(!engine.started.includes("overtaken"));
  await settleNode(engine.deps, wakeUp(runId, "overtaken"));
  assert.ok(engine.started.includes("overtaken"), "its owner runs it");
});
