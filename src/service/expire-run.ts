/** A clock has run out: that of a checkpoint, or that of the whole run. */

import { RUN_NODE } from "../core/flow.js";
import type { WorkDependencies } from "./dependencies.js";
import { expireCheckpoint } from "./expire-checkpoint.js";
import { isEnding } from "./settle-ending.js";
import { endSoon } from "./settle-node.js";

export async function expireNode(
  deps: WorkDependencies,
  runId: string,
  nodeId: string,
): Promise<void> {
  if (nodeId === RUN_NODE) return expireRun(deps, runId);
  return expireCheckpoint(deps, runId, nodeId);
}

/** Running tasks watch the time of the run themselves; those that wait for a lane are settled here. */
async function expireRun(deps: WorkDependencies, runId: string): Promise<void> {
  const status = await deps.store.getRun(runId);
  if (status !== null && isEnding(status, deps.clock.now())) await endSoon(deps, status);
}
