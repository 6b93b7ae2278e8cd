/** Handing the exports of an ended run to whoever asked for them. */

import type { Exports } from "../core/exports.js";
import type { Dependencies } from "./dependencies.js";
import { deleteOutputs, readExports } from "./outputs.js";
import { viewRun } from "./view-run.js";

/** By task, where one asked for exports and came to its end. They are deleted here: a second call is answered with NOT_FOUND. */
export async function takeExports(
  deps: Pick<Dependencies, "store" | "blobs">,
  runId: string,
): Promise<ReadonlyMap<string, Exports>> {
  const { run, end, outcomes } = await viewRun(deps, runId);
  const taken = new Map<string, Exports>();
  if (end === null) return taken;
  for (const node of run.plan.nodes) {
    const outcome = outcomes.get(node.id);
    if (node.kind !== "task" || node.exports === undefined || outcome?.outputs === undefined)
      continue;
    const exports = await readExports(deps.blobs, outcome.outputs);
    await deleteOutputs(deps.blobs, [outcome]);
    taken.set(node.id, exports);
  }
  return taken;
}
