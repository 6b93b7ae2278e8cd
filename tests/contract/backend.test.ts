import assert from "node:assert/strict";
import { once } from "node:events";
import test, { after, before, describe } from "node:test";
import type { FlowJob, Job, Processor } from "bullmq";
import type { Backend } from "../../src/queue/backend.js";
import { BACKENDS } from "../support/backends.js";
import { deferred } from "../support/deferred.js";
import { openDatabase } from "../support/database.js";

for (const { name, open, absence } of BACKENDS) {
  describe(`the ${name} backend`, { skip: absence() ?? false }, () => {
    let backend: Backend;
    let closeAll = (): Promise<void> => Promise.resolve();
    before(async () => {
      const database = await openDatabase();
      const opened = await open(database);
      backend = opened.backend;
      closeAll = async () => {
        await opened.close();
        await database.close();
      };
    });
    after(() => closeAll());

    test("it says which one it is, and answers a ping", async () => {
      assert.equal(backend.name, name);
      await backend.ping();
    });

    test("a parent starts after its children, also when one of them has failed", async () => {
      const queue = "flow";
      const order = await runFlow(backend, {
        queue,
        flow: job(queue, "parent", [
          job(queue, "green"),
          job(queue, "red"),
          job(queue, "middle", [job(queue, "leaf")]),
        ]),
        process: ({ name: node }) => {
          if (node === "red") throw new Error("it is red");
        },
      });
      assert.equal(order.length, 5);
      assert.equal(order.at(-1), "parent");
      assert.ok(order.indexOf("leaf") < order.indexOf("middle"));
    });

    test("a parent waits for a sleeping gate, and starts when the gate is promoted", async () => {
      const queue = "gates";
      const gates = backend.createQueue(queue);
      const gate = { ...job(queue, "gate"), opts: { jobId: "the-gate", delay: 86_400_000 } };
      const atGate: string[] = [];
      const order = await runFlow(backend, {
        queue,
        flow: job(queue, "parent", [job(queue, "child"), gate]),
        process: async ({ name: node }) => {
          atGate.push(node);
          if (node !== "child") return;
          const sleeping = await gates.getJob("the-gate");
          assert.equal(await sleeping?.getState(), "delayed");
          await sleeping?.promote();
          // What the queue's openGates takes for "open already".
          await assert.rejects(Promise.resolve(sleeping?.promote()), { code: -3 });
        },
      });
      assert.deepEqual(new Set(order.slice(0, 2)), new Set(["child", "gate"]));
      assert.equal(order[2], "parent");
      assert.deepEqual(new Set(atGate), new Set(["child", "gate", "parent"]));
      await gates.close();
    });

    test("a processor gets a signal that cancelling its job aborts, whatever parameters it declares", async () => {
      const queue = "signals";
      const jobs = backend.createQueue(queue);
      const started = deferred<string>();
      const stopped = deferred<unknown>();
      const process: Processor = async (
        { id },
        _token = "",
        signal = new AbortController().signal,
      ) => {
        started.resolve(id ?? "");
        await once(signal, "abort");
        stopped.resolve(signal.reason);
      };
      const worker = backend.createWorker(queue, process, { concurrency: 1 });
      await jobs.add("long", {});
      worker.cancelJob(await started.promise, "enough");
      assert.equal(await stopped.promise, "enough");
      await worker.close();
      await jobs.close();
    });

    test("a job is taken by one of several workers, as many at once as their concurrency says", async () => {
      const queue = "concurrency";
      const jobs = backend.createQueue(queue);
      const taken: string[] = [];
      let busy = 0;
      let most = 0;
      const full = deferred();
      const all = deferred();
      const process: Processor = async ({ name: node }) => {
        busy += 1;
        most = Math.max(most, busy);
        taken.push(node);
        // Until both workers are full, nobody finishes: the limit is reached, or the test hangs and is seen.
        if (busy === 4) full.resolve();
        await full.promise;
        busy -= 1;
        if (taken.length === 12) all.resolve();
      };
      const workers = [1, 2].map(() => backend.createWorker(queue, process, { concurrency: 2 }));
      const names = Array.from({ length: 12 }, (_, index) => `job-${String(index)}`);
      await jobs.addBulk(names.map((node) => ({ name: node, data: {} })));
      await all.promise;
      assert.equal(most, 4);
      assert.deepEqual(taken.toSorted(), names.toSorted());
      await Promise.all(workers.map((worker) => worker.close()));
      await jobs.close();
    });
  });
}

// Both wait for a lock to run out, so they wait together.
describe("a dead worker", { concurrency: true }, () => {
  for (const { name, open, absence } of BACKENDS) {
    test(
      `on ${name} loses its job to another one once the lock has run out, and the job is not given up`,
      { timeout: 60_000, skip: absence() ?? false },
      async () => {
        const database = await openDatabase();
        const { backend, close } = await open(database);
        const queue = "stalled";
        const jobs = backend.createQueue(queue);
        const started = deferred();
        const dying = backend.createWorker(
          queue,
          () => {
            started.resolve();
            return new Promise(() => undefined);
          },
          { concurrency: 1 },
        );
        await jobs.add("survivor", {});
        await started.promise;
        const since = Date.now();
        // Without waiting for its job: the lock stays, and nobody renews it.
        await dying.close(true);
        const done = deferred<Job>();
        const heir = backend.createWorker(queue, (taken) => Promise.resolve(done.resolve(taken)), {
          concurrency: 1,
        });
        assert.equal((await done.promise).name, "survivor");
        const afterMs = Date.now() - since;
        assert.ok(
          afterMs < 3 * backend.lockDurationMs,
          `taken over only after ${String(afterMs)} ms`,
        );
        await heir.close();
        await jobs.close();
        await close();
        await database.close();
      },
    );
  }
});

function job(queueName: string, name: string, children: FlowJob[] = []): FlowJob {
  return {
    name,
    queueName,
    data: {},
    opts: { ignoreDependencyOnFailure: true, attempts: 1 },
    children,
  };
}

/** Adds a flow, works it off, and answers the names of its jobs in the order they ended. */
async function runFlow(
  backend: Backend,
  of: { readonly queue: string; readonly flow: FlowJob; readonly process: (job: Job) => unknown },
): Promise<string[]> {
  const order: string[] = [];
  const ended = deferred();
  const producer = backend.createFlowProducer();
  const worker = backend.createWorker(of.queue, async (taken) => of.process(taken), {
    concurrency: 2,
  });
  const note = (taken: Job | undefined): void => {
    order.push(taken?.name ?? "unknown");
    if (taken?.name === of.flow.name) ended.resolve();
  };
  worker.on("completed", note);
  worker.on("failed", note);
  await producer.add(of.flow);
  await ended.promise;
  await worker.close();
  await producer.close();
  return order;
}
