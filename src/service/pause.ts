/** Pausing and resuming one run. What runs goes on to its end; what would start waits, in no lane. */

import { TurnpikeError } from "../core/errors.js";
import type { Pause, RunStatus } from "../core/run.js";
import type { Dependencies } from "./dependencies.js";
import { findRun } from "./view-run.js";
import { wakeWaiting } from "./wake-waiting.js";

type PauseDependencies = Pick<Dependencies, "store" | "queue" | "clock">;

/** A run that is paused already stays as it is. CONFLICT when it has ended. */
export async function pauseRun(
  deps: PauseDependencies,
  runId: string,
  by: string,
): Promise<RunStatus> {
  const status = await findOpen(deps, runId);
  const pause: Pause = status.pause ?? { by, at: deps.clock.now() };
  if (status.pause === undefined) await deps.store.pauseRun(runId, pause);
  return { ...status, pause };
}

/** Harmless for a run that is not paused. CONFLICT when it has ended. */
export async function resumeRun(deps: PauseDependencies, runId: string): Promise<RunStatus> {
  const { run, end, cancellation } = await findOpen(deps, runId);
  await deps.store.pauseRun(runId, null);
  await wakeWaiting(deps, run);
  return { run, end, cancellation };
}

async function findOpen(deps: PauseDependencies, runId: string): Promise<RunStatus> {
  const status = await findRun(deps, runId);
  if (status.end === null) return status;
  throw new TurnpikeError("CONFLICT", `run ${runId} has ended already (${status.end.verdict})`);
}
