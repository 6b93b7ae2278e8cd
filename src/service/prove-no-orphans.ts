/** What a checkpoint with `zeroOrphans` asks: that nothing is left of what the tasks before it created. */

import { cleansUp, cleanupIdOf, isCleanup } from "../core/cleanup.js";
import type { Settlement } from "../core/decide.js";
import { ancestorsOf } from "../core/graph.js";
import { entriesOf, foldLedger, unclearRequests, unclearText } from "../core/ledger.js";
import { shorten } from "../core/outcome.js";
import type { CheckpointNode } from "../core/plan.js";
import type { Run } from "../core/run.js";
import { shardIds } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";
import { allEvents } from "./view-run.js";

/**
 * `settlement` is what its needs alone come to; one that is not green stays as it is. Names each task that left something, with
 * its URLs, and each clean-up before it that could not do its work, which is where the lists of an environment are asked.
 */
export async function proveNoOrphans(
  { store }: Pick<Dependencies, "store">,
  at: { readonly run: Run; readonly node: CheckpointNode; readonly settlement: Settlement },
): Promise<Settlement> {
  const { run, node, settlement } = at;
  if (node.zeroOrphans !== true || settlement.status !== "passed") return settlement;
  const needsOf = new Map(run.plan.nodes.map(({ id, needs }) => [id, needs]));
  const before = new Set(ancestorsOf(needsOf, node.id));
  const cleanups = node.needs.filter(isCleanup);
  const [events, outcomes] = await Promise.all([
    allEvents({ store }, run.id),
    store.outcomes(run.id, cleanups),
  ]);
  const faults = run.plan.nodes.flatMap((task) => {
    if (task.kind !== "task" || !before.has(task.id)) return [];
    const nodes = new Set([task.id, ...shardIds(task), cleanupIdOf(task.id)]);
    const { left, unclear } = foldLedger(entriesOf(events, nodes));
    if (left.length > 0)
      return [`${task.id} left ${String(left.length)}: ${left.map(({ url }) => url).join(", ")}`];
    const requests = unclearRequests({ unclear });
    if (requests.length > 0) return [`${task.id} ${unclearText(requests)}`];
    const cleanup = outcomes.get(cleanupIdOf(task.id));
    if (cleanup === undefined || cleanup.status === "passed") return [];
    const reason = cleanup.reason ?? cleanup.status;
    return [
      cleansUp(task) ? `the clean-up after ${task.id} failed: ${reason}` : `${task.id}: ${reason}`,
    ];
  });
  if (faults.length === 0) return settlement;
  return { status: "failed", cause: "orphans", reason: shorten(faults.join("; ")) };
}
