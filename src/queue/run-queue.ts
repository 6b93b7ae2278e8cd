/** The queue as the use cases see it: submitting flows, opening gates, deadlines, and the sweep that repairs. */

import { setTimeout as pause } from "node:timers/promises";
import type { Job, Queue } from "bullmq";
import { RUN_NODE } from "../core/flow.js";
import type { RunQueue } from "../core/ports.js";
import type { Backend } from "./backend.js";
import {
  CONTROL_QUEUE,
  deadlineJobId,
  flowJobOf,
  gateJobId,
  nodeJobId,
  queueOf,
  TASK_QUEUE,
  taskQueue,
  type JobData,
} from "./jobs.js";

export interface BullRunQueue extends RunQueue {
  /** Those there are so far. */
  readonly queues: readonly Queue[];
  /** For the dashboard: tells of each queue, also of those that come later, with the first task that asks for their labels. */
  eachQueue(tell: (queue: Queue) => void): void;
  close(): Promise<void>;
}

/** BullMQ's code for a job that is not delayed any more when it is promoted. */
const NOT_DELAYED = -3;

export function createRunQueue(backend: Backend): BullRunQueue {
  const open = new Map<string, Queue>();
  const listeners: ((queue: Queue) => void)[] = [];
  const queueFor = (name: string): Queue => {
    const known = open.get(name);
    if (known !== undefined) return known;
    const queue = backend.createQueue(name);
    open.set(name, queue);
    for (const tell of listeners) tell(queue);
    return queue;
  };
  const tasks = queueFor(TASK_QUEUE);
  const control = queueFor(CONTROL_QUEUE);
  const flows = backend.createFlowProducer();

  const openGates: RunQueue["openGates"] = async (runId, node, opens) => {
    for (const to of opens) await promote(await control.getJob(gateJobId(runId, node, to)));
  };
  const submit: RunQueue["submit"] = async (runId, shape) => {
    // Adding a flow again is not harmless: a child that has failed meanwhile would hold its parent for ever.
    if ((await control.getJob(nodeJobId(runId, RUN_NODE))) !== undefined) return;
    for (const node of shape.nodes) queueFor(queueOf(node));
    await flows.add(flowJobOf(runId, shape));
  };
  return {
    get queues() {
      return [...open.values()];
    },
    eachQueue(tell) {
      listeners.push(tell);
      for (const queue of open.values()) tell(queue);
    },
    submit: (runId, shape) => backend.reach(() => submit(runId, shape)),
    openGates,
    async sweep(runId, shape, settled) {
      const root = await control.getJob(nodeJobId(runId, RUN_NODE));
      if (root === undefined) {
        await submit(runId, shape);
        return { lost: [] };
      }
      const lost: string[] = [];
      for (const node of shape.nodes) {
        if (settled.has(node.id)) await openGates(runId, node.id, node.opens);
        else if (await isOver(queueFor(queueOf(node)), nodeJobId(runId, node.id)))
          lost.push(node.id);
      }
      if (await isOver(control, nodeJobId(runId, RUN_NODE))) lost.push(RUN_NODE);
      return { lost };
    },
    async setDeadline(runId, node, delayMs) {
      const data: JobData = { kind: "deadline", runId, node };
      // The id makes a repeated call a no-op while the first deadline waits.
      await control.add(`deadline of ${node}`, data, {
        jobId: deadlineJobId(runId, node),
        delay: delayMs,
        removeOnComplete: true,
        removeOnFail: true,
      });
    },
    async clearDeadline(runId, node) {
      await control.remove(deadlineJobId(runId, node));
    },
    async underway(runId, waiting) {
      const found = new Set<string>();
      for (const { id, runsOn } of waiting) {
        const queue = queueFor(taskQueue(runsOn));
        if ((await queue.getJobState(nodeJobId(runId, id))) === "active") found.add(id);
      }
      return found;
    },
    async discard(runId) {
      const root = await control.getJob(nodeJobId(runId, RUN_NODE));
      // It is refused as a whole where a job is underway.
      await root?.remove({ removeChildren: true }).catch(() => undefined);
    },
    wake: (runId, waiting) =>
      backend.reach(async () => {
        await Promise.all(
          waiting.map(({ id, runsOn }) =>
            wakeJob(queueFor(taskQueue(runsOn)), nodeJobId(runId, id)),
          ),
        );
      }),
    // Workers with further queues of tasks look at this one's pause before each start; see share-lanes.ts.
    pause: () => backend.reach(() => tasks.pause()),
    resume: () => backend.reach(() => tasks.resume()),
    isPaused: () => backend.reach(() => tasks.isPaused()),
    async ping() {
      await backend.ping();
    },
    async close() {
      await Promise.all([...[...open.values()].map((queue) => queue.close()), flows.close()]);
    },
  };
}

/** How soon a job is looked at again that was asked to come while it was still on its way into its pause. */
const WAKE_AGAIN_MS = [10, 30, 100] as const;

/** Ends the pause of a job; one that is just being put off is given the time to get there. */
async function wakeJob(queue: Queue, jobId: string): Promise<void> {
  for (const pauseMs of [0, ...WAKE_AGAIN_MS]) {
    if (pauseMs > 0) await pause(pauseMs);
    const state = await queue.getJobState(jobId);
    if (state === "delayed") return promote(await queue.getJob(jobId));
    if (state !== "active") return;
  }
}

/** Lets a delayed job go now; one that is not delayed is left as it is, such as a gate that is open already. */
async function promote(job: Job | undefined): Promise<void> {
  if (job === undefined) return;
  try {
    await job.promote();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === NOT_DELAYED)) throw error;
  }
}

/** True for a job that has ended or is gone, so that nothing will wake its node any more. */
async function isOver(queue: Queue, jobId: string): Promise<boolean> {
  const state = await queue.getJobState(jobId);
  return state === "completed" || state === "failed" || state === "unknown";
}
