/** A newer run of a branch takes the place of older ones that have not ended. */

import { TurnpikeError } from "../core/errors.js";
import type { Run } from "../core/run.js";
import { cancelRun } from "./cancel-run.js";
import type { Dependencies } from "./dependencies.js";

/** Cancels the open runs of the same plan and branch that were accepted before `newer`. Repeating is harmless. */
export async function supersedeOlder(
  deps: Pick<Dependencies, "store" | "queue" | "bell" | "clock" | "namespace">,
  newer: Run,
): Promise<void> {
  for (const runId of await deps.store.openRuns()) {
    const status = await deps.store.getRun(runId);
    if (status === null || status.cancellation !== null || !isOlder(status.run, newer)) continue;
    await cancelRun(deps, runId, `run ${newer.id}, which supersedes it`).catch((error: unknown) => {
      // It has ended in this very moment, which is as good.
      if (!(error instanceof TurnpikeError && error.code === "CONFLICT")) throw error;
    });
  }
}

function isOlder(run: Run, newer: Run): boolean {
  return (
    run.namespace === newer.namespace &&
    run.branch !== null &&
    run.branch === newer.branch &&
    run.plan.name === newer.plan.name &&
    (run.createdAt < newer.createdAt || (run.createdAt === newer.createdAt && run.id < newer.id))
  );
}
