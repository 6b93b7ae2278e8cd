/** The workers: they take woken nodes from the queue and hand them to the node handler, under BullMQ's lock. */

import { DelayedError, UnrecoverableError, WaitingError, type Job, type Worker } from "bullmq";
import { labelSets } from "../core/labels.js";
import type { NodeHandler, Settled } from "../core/ports.js";
import type { WorkerTask } from "../core/worker.js";
import type { Logger } from "../log.js";
import { isAway } from "./redis-connection.js";
import type { Backend } from "./backend.js";
import { watchContact } from "./contact.js";
import { CONTROL_QUEUE, jobDataSchema, taskQueue } from "./jobs.js";
import { keepLock, type KeptLock } from "./keep-lock.js";
import { shareLanes } from "./share-lanes.js";

/** A node woken too early comes again after this; the wake-up that counts usually comes sooner, through its last gate. */
const COME_AGAIN_MS = 2000;
const CONTROL_CONCURRENCY = 8;

export interface Workers {
  /** Takes no new jobs, waits `drainMs` for those underway, then hands them back to the queue. */
  close(drainMs: number): Promise<void>;
  /** Hands back what is underway now, where closing would still wait for it. */
  handOver(): void;
}

type Processor = (job: Job, token?: string, signal?: AbortSignal) => Promise<unknown>;

interface WorkersOptions {
  /** Tasks at once; with none of them only the control queue is worked on. */
  readonly lanes: number;
  readonly control: boolean;
  /** Besides tasks without labels it takes those that ask for some of these. */
  readonly labels: readonly string[];
  /** Told of each task that this worker begins; what it answers is called at the end. */
  readonly begin: (task: WorkerTask) => () => void;
  /** Whether the queue of tasks is paused. */
  readonly isPaused: () => Promise<boolean>;
  readonly log: Logger;
}

export async function startWorkers(
  backend: Backend,
  handler: NodeHandler,
  options: WorkersOptions,
): Promise<Workers> {
  const settle = createSettle(backend, handler, options.log);
  const control: Processor = async (job, token, signal) => {
    const { kind, runId, node } = jobDataSchema.parse(job.data);
    switch (kind) {
      case "gate":
        return;
      case "deadline":
        return handler.expire(runId, node);
      case "node":
        return settle(job, token, signal);
    }
  };
  const workers = [
    ...(options.lanes > 0 ? taskWorkers(backend, handler, options) : []),
    ...(options.control
      ? [backend.createWorker(CONTROL_QUEUE, control, { concurrency: CONTROL_CONCURRENCY })]
      : []),
  ];
  for (const worker of workers) {
    worker.on("error", (error) => {
      // That Redis is away is told by the connection, once.
      const level = isAway(error) ? "debug" : "warn";
      options.log[level]({ err: error }, "the queue reports an error; BullMQ tries again");
    });
  }
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  const handOver = (): void => {
    for (const worker of workers) worker.cancelAllJobs("handing over");
  };
  const contact = canBeTaken(backend) ? watchContact(backend, options.log) : null;
  return {
    handOver,
    async close(drainMs) {
      const limit = setTimeout(handOver, drainMs);
      try {
        await Promise.all(workers.map((worker) => worker.close()));
      } finally {
        clearTimeout(limit);
        contact?.close();
      }
    },
  };
}

/** One for each queue whose tasks this worker may take; together they start no more than it has lanes. */
function taskWorkers(
  backend: Backend,
  handler: NodeHandler,
  parts: Pick<WorkersOptions, "lanes" | "labels" | "begin" | "isPaused" | "log">,
): Worker[] {
  const { labels, lanes, begin, isPaused, log } = parts;
  const told: NodeHandler = {
    ...handler,
    async settle(wake) {
      const end = begin({ runId: wake.runId, node: wake.node });
      try {
        return await handler.settle(wake);
      } finally {
        end();
      }
    },
  };
  const settle = createSettle(
    backend,
    labels.length === 0 ? told : shareLanes(told, { lanes, isPaused }),
    log,
  );
  return labelSets(labels).map((set) =>
    backend.createWorker(taskQueue(set), settle, { concurrency: lanes }),
  );
}

/** Whether other processes work on this queue; the embedded one is in this process. */
function canBeTaken({ name }: Pick<Backend, "name">): boolean {
  return name === "redis";
}

function createSettle(
  backend: Backend,
  handler: NodeHandler,
  log: Pick<Logger, "warn">,
): Processor {
  const attempt = async (
    job: Job,
    { token, lock, signal }: { token: string; lock: KeptLock; signal: AbortSignal },
  ): Promise<Settled> => {
    const data = jobDataSchema.parse(job.data);
    const { runId, node, waits } = data;
    let afterMs = COME_AGAIN_MS;
    try {
      const answer = await handler.settle({
        runId,
        node,
        waits,
        signal,
        lease: lock,
        stillOwner: async () => !signal.aborted && (await lock.renew()),
      });
      if (answer.state === "settled") return answer;
      afterMs = answer.afterMs ?? COME_AGAIN_MS;
      if (answer.waits !== undefined) await job.updateData({ ...data, waits: answer.waits });
    } catch (error) {
      if (signal.aborted && (await isOurs(job, token, backend.lockDurationMs))) {
        // Aborted but still the owner: the service is stopping. The job goes back for another worker, and no stall is counted.
        await job.moveToWait(token);
        throw new WaitingError();
      }
      throw error;
    }
    await job.moveToDelayed(Date.now() + afterMs, token);
    throw new DelayedError();
  };
  const underway = new Map<string, { readonly lock: KeptLock; readonly ended: Promise<void> }>();
  return async (job, token = "", stopping = new AbortController().signal) => {
    // Without leases a process that slept for longer than a lock lasts is given again what it still has in a lane.
    const before = canBeTaken(backend) ? undefined : underway.get(job.id ?? "");
    before?.lock.giveUp();
    await before?.ended;
    const lock = keepLock(job, token, {
      durationMs: backend.lockDurationMs,
      canBeTaken: canBeTaken(backend),
      onLapse: () => {
        const { runId, node } = jobDataSchema.parse(job.data);
        log.warn(
          { runId, node },
          "its lock could not be renewed for almost as long as a lock lasts; ending it here, because another worker may take it over",
        );
      },
    });
    const settled = attempt(job, { token, lock, signal: AbortSignal.any([stopping, lock.signal]) });
    const ended = settled.then(
      () => undefined,
      () => undefined,
    );
    const here = { lock, ended };
    underway.set(job.id ?? "", here);
    try {
      const { failure } = await settled;
      // Only for the dashboard, where the job then stands among the failed ones; the outcome is recorded already.
      if (failure !== null) throw new UnrecoverableError(failure);
    } finally {
      lock.close();
      if (underway.get(job.id ?? "") === here) underway.delete(job.id ?? "");
    }
  };
}

/** Whether the lock still is ours, by the word of the queue itself, for which this waits as long as it takes. */
async function isOurs(job: Job, token: string, durationMs: number): Promise<boolean> {
  return (await job.extendLock(token, durationMs).catch(() => 0)) === 1;
}
