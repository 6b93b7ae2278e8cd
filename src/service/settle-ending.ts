/** The end of a run that is cancelled or out of time does not wait for lanes: what has not started is settled at once. */

import { RUN_NODE } from "../core/flow.js";
import { inOrder } from "../core/graph.js";
import { ENDLESS_LEASE } from "../core/lease.js";
import type { NodeWake, SettleAnswer } from "../core/ports.js";
import { deadlineOf, type RunStatus } from "../core/run.js";
import { executionOf } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";

/** Whether nothing of the run starts any more but its clean-up. */
export function isEnding({ run, end, cancellation }: RunStatus, now: number): boolean {
  return end === null && (cancellation !== null || now >= deadlineOf(run));
}

/**
 * Settles whatever of an ending run no worker has taken up, each node after what it needs, and ends the run where that was all
 * of it. What a worker takes up meanwhile does not start either, and the first outcome of each node stands, so repeating is harmless.
 */
export async function settleEnding(
  { store, queue }: Pick<Dependencies, "store" | "queue">,
  { run }: RunStatus,
  settleWoken: (wake: NodeWake) => Promise<SettleAnswer>,
): Promise<void> {
  const owner = {
    signal: new AbortController().signal,
    lease: ENDLESS_LEASE,
    stillOwner: () => Promise.resolve(true),
  };
  const settle = (node: string): Promise<SettleAnswer> =>
    settleWoken({ ...owner, runId: run.id, node });
  const { nodes } = executionOf(run.plan);
  const outcomes = await store.outcomes(run.id);
  const open = new Map(nodes.filter(({ id }) => !outcomes.has(id)).map((node) => [node.id, node]));
  const tasks = [...open.values()].filter((node) => node.kind === "task");
  const underway = await queue.underway(run.id, tasks);
  for (const id of inOrder(new Map(nodes.map(({ id: each, needs }) => [each, needs])))) {
    const node = open.get(id);
    // Clean-up needs a lane like any task, and ends on its own terms.
    if (node === undefined || (node.kind === "task" && (node.always || underway.has(id)))) continue;
    await settle(id);
  }
  if ((await settle(RUN_NODE)).state === "settled") await queue.discard(run.id);
}
