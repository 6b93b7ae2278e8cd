/** Names, ids and payloads of jobs, and a plan's shape as the one flow BullMQ adds in a single step. Jobs carry ids only. */

import type { FlowJob } from "bullmq";
import { z } from "zod";
import { RUN_NODE, type FlowNode, type FlowShape } from "../core/flow.js";
import { waitsSchema } from "../core/waits.js";

/** Tasks, and the clean-up after them, occupy a lane each; everything else is quick and shares the control queue. */
export const TASK_QUEUE = "tasks";
export const CONTROL_QUEUE = "control";

/** `gate` does nothing: it holds its parent back until it is promoted and completed. The name of a job is for people. */
export const jobDataSchema = z.strictObject({
  kind: z.enum(["node", "gate", "deadline"]),
  runId: z.string(),
  node: z.string(),
  /** Only for the report, which can do without. */
  waits: waitsSchema.optional(),
});
export type JobData = z.infer<typeof jobDataSchema>;

/** A gate sleeps until it is promoted; this is only longer than any run. */
const GATE_DELAY_MS = 5 * 365 * 86_400_000;

/** How long finished jobs stay visible on the dashboard. */
const KEEP_FINISHED = { age: 7 * 86_400, count: 20_000 };

export function nodeJobId(runId: string, node: string): string {
  return `${runId}.${node}`;
}

export function gateJobId(runId: string, from: string, to: string): string {
  return `${runId}.${from}>${to}`;
}

export function deadlineJobId(runId: string, node: string): string {
  return `${runId}.${node}!deadline`;
}

/** Tasks that ask for labels have a queue for each set of them: only workers that have them all listen to it. */
export function taskQueue(runsOn: readonly string[]): string {
  return [TASK_QUEUE, ...runsOn.toSorted()].join(".");
}

export function queueOf({ kind, runsOn }: Pick<FlowNode, "kind" | "runsOn">): string {
  return kind === "task" || kind === "cleanup" ? taskQueue(runsOn) : CONTROL_QUEUE;
}

/** The whole plan as one tree: the run on top, each node below its parent, a gate for every edge the tree cannot hold. */
export function flowJobOf(runId: string, shape: FlowShape): FlowJob {
  const childrenOf = (parent: string): FlowJob[] =>
    shape.nodes.filter((node) => node.parent === parent).map(nodeJob);
  const nodeJob = (node: FlowNode): FlowJob => ({
    ...job(
      node.id,
      queueOf(node),
      { kind: "node", runId, node: node.id },
      nodeJobId(runId, node.id),
      node.turn,
    ),
    children: [
      ...childrenOf(node.id),
      ...node.gatedBy.map((from) => gateJob(runId, from, node.id)),
    ],
  });
  return {
    ...job(
      `run ${runId}`,
      CONTROL_QUEUE,
      { kind: "node", runId, node: RUN_NODE },
      nodeJobId(runId, RUN_NODE),
    ),
    children: childrenOf(RUN_NODE),
  };
}

function gateJob(runId: string, from: string, to: string): FlowJob {
  const gate = job(
    `gate after ${from}`,
    CONTROL_QUEUE,
    { kind: "gate", runId, node: to },
    gateJobId(runId, from, to),
  );
  return { ...gate, opts: { ...gate.opts, delay: GATE_DELAY_MS } };
}

/** BullMQ's largest; everything behind it goes in the order it came. */
const LAST_PRIORITY = 2_097_152;

function job(
  name: string,
  queueName: string,
  data: JobData,
  jobId: string,
  turn: number | null = null,
): FlowJob {
  return {
    name,
    queueName,
    data,
    opts: {
      jobId,
      // To BullMQ 0 is no priority at all, which goes before every other.
      ...(turn !== null && { priority: Math.min(turn + 1, LAST_PRIORITY) }),
      // A task that fails is settled, not retried here; these are for a store or queue that cannot be reached: four minutes.
      attempts: 10,
      backoff: { type: "exponential", delay: 500 },
      // A red child must release its parent: what a checkpoint makes of it is decided by outcomes, not by the queue.
      ignoreDependencyOnFailure: true,
      removeOnComplete: KEEP_FINISHED,
      removeOnFail: KEEP_FINISHED,
    },
  };
}
