/** Asking a run to stop. */

import { RUN_NODE } from "../core/flow.js";
import { TurnpikeError } from "../core/errors.js";
import type { RunStatus } from "../core/run.js";
import type { Dependencies } from "./dependencies.js";
import { appendEvents } from "./record.js";
import { wakeWaiting } from "./wake-waiting.js";
import { findRun } from "./view-run.js";

/** Records the wish; running tasks are killed within a moment and nothing new starts. Asking again changes nothing; CONFLICT when the run has ended. */
export async function cancelRun(
  deps: Pick<Dependencies, "store" | "queue" | "bell" | "clock">,
  runId: string,
  by: string,
): Promise<RunStatus> {
  const status = await findRun(deps, runId);
  if (status.end !== null) {
    throw new TurnpikeError("CONFLICT", `run ${runId} has ended already (${status.end.verdict})`);
  }
  const wish = { by, at: deps.clock.now() };
  const cancellation = await deps.store.cancelRun(runId, wish);
  // Told before anything acts on it: nobody reads events behind the end of a run.
  if (status.cancellation === null) {
    await appendEvents(deps, runId, [{ type: "run.cancelling", at: wish.at, by }]);
  }
  deps.bell.ring(`stop of ${runId}`);
  await wakeWaiting(deps, status.run);
  // What waits for a lane is settled by a worker that needs none.
  await deps.queue.clearDeadline(runId, RUN_NODE);
  await deps.queue.setDeadline(runId, RUN_NODE, 0);
  return { ...status, cancellation };
}
