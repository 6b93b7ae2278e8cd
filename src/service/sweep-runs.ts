/** The net under the queue: whatever a crash left half done is finished. A no-op on healthy runs, harmless at any time. */

import { flowShape, RUN_NODE } from "../core/flow.js";
import { executionOf } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";
import { endRun } from "./end-run.js";
import { outcomeOf, recordOutcome } from "./record.js";
import { isEnding } from "./settle-ending.js";
import { endSoon } from "./settle-node.js";
import { wakeWaiting } from "./wake-waiting.js";

/** Sweeps every open run of ours; one that cannot be swept does not hinder the others. */
export async function sweepRuns(deps: Dependencies): Promise<void> {
  const open = await deps.store.openRuns();
  // Turns only grow; a moment when nothing waits is the one to begin anew.
  if (open.length === 0) await deps.turns.reset();
  for (const runId of open) {
    try {
      await sweepRun(deps, runId);
    } catch (error) {
      deps.log.warn(
        { err: error, runId },
        "a run could not be swept; it is tried again at the next sweep",
      );
    }
  }
}

/** Ids of the runs without an end that are ours to work on, oldest first. */
export async function openRuns({
  store,
  namespace,
}: Pick<Dependencies, "store" | "namespace">): Promise<readonly string[]> {
  const open = await store.openRuns();
  const runs = await Promise.all(open.map((runId) => store.getRun(runId)));
  return runs.flatMap((status) => (status?.run.namespace === namespace ? status.run.id : []));
}

async function sweepRun(deps: Dependencies, runId: string): Promise<void> {
  const status = await deps.store.getRun(runId);
  if (status === null || status.end !== null || status.run.namespace !== deps.namespace) return;
  const { run } = status;
  const settled = new Set((await deps.store.outcomes(runId)).keys());
  // A cancel can come in the moment in which a task is put aside for its next attempt.
  if (status.cancellation !== null) await wakeWaiting(deps, run);
  if (isEnding(status, deps.clock.now())) await endSoon(deps, status);
  const { lost } = await deps.queue.sweep(runId, flowShape(run.plan, run.turns), settled);
  if (lost.length === 0) return;
  // Read again: a node may have been settled, and its job completed, while its queue was looked through.
  const standing = await deps.store.outcomes(runId);
  const { nodes } = executionOf(run.plan);
  for (const nodeId of lost) {
    const node = nodes.find(({ id }) => id === nodeId);
    if (node === undefined || standing.has(nodeId)) continue;
    deps.log.warn({ runId, node: nodeId }, "a job ended without an outcome; recorded as errored");
    const settlement = {
      status: "errored",
      cause: "crash",
      reason: "its job ended without an outcome",
    } as const;
    await recordOutcome(deps, run, outcomeOf(node, settlement, deps.clock.now()));
  }
  if (lost.includes(RUN_NODE)) await endRun(deps, status);
}
