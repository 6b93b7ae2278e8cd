/** A checkpoint's time is over: it closes as timed out, and what still runs before it is ended. */

import { formatDuration } from "../core/duration.js";
import type { Dependencies } from "./dependencies.js";
import { outcomeOf, recordOutcome } from "./record.js";
import { wakeWaiting } from "./wake-waiting.js";

/** Closes a checkpoint that has no outcome yet; running tasks before it see that and stop. */
export async function expireCheckpoint(
  deps: Pick<Dependencies, "store" | "queue" | "bell" | "clock" | "meter">,
  runId: string,
  nodeId: string,
): Promise<void> {
  const status = await deps.store.getRun(runId);
  const node = status?.run.plan.nodes.find(({ id }) => id === nodeId);
  if (status === null || node === undefined || status.end !== null) return;
  const outcomes = await deps.store.outcomes(runId, [node.id, ...node.needs]);
  if (outcomes.has(node.id)) return;
  const missing = node.needs.filter((need) => !outcomes.has(need));
  const reason = `not reached within ${formatDuration(node.timeoutMs)}; still open: ${missing.join(", ")}`;
  await recordOutcome(
    deps,
    status.run,
    outcomeOf(node, { status: "timed_out", cause: "deadline", reason }, deps.clock.now()),
  );
  await wakeWaiting(deps, status.run);
}
