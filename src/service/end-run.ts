/** The end of a run: when every node has its outcome, the verdict is recorded and the private inputs are deleted. */

import { flowShape, RUN_NODE } from "../core/flow.js";
import type { Outcome } from "../core/outcome.js";
import type { Plan } from "../core/plan.js";
import type { SettleAnswer, Settled } from "../core/ports.js";
import type { RunEnd, RunStatus } from "../core/run.js";
import { verdictOf } from "../core/verdict.js";
import type { Dependencies } from "./dependencies.js";
import { deleteOutputs } from "./outputs.js";
import { appendEvents } from "./record.js";

/** Ends the run if it can be ended. Repeating is harmless: the first end stands. */
export async function endRun(
  deps: Pick<Dependencies, "store" | "blobs" | "queue" | "bell" | "clock" | "meter">,
  { run, end, cancellation }: RunStatus,
): Promise<SettleAnswer> {
  if (end !== null) return settledBy(end);
  const outcomes = await deps.store.outcomes(run.id);
  if (flowShape(run.plan).nodes.some(({ id }) => !outcomes.has(id))) return { state: "later" };
  const verdict = verdictOf(run.plan, outcomes, cancellation !== null);
  // Nothing starts any more, so the inputs go first: a crash between the two lines leaves no secret behind.
  await deps.blobs.delete(run.inputs);
  await deleteOutputs(deps.blobs, withoutExports(run.plan, outcomes));
  const standing = await deps.store.endRun(run.id, { verdict, endedAt: deps.clock.now() });
  if (run.timeoutMs !== undefined) await deps.queue.clearDeadline(run.id, RUN_NODE);
  deps.meter.countRun(standing.verdict);
  await appendEvents(deps, run.id, [
    { type: "run.ended", at: standing.endedAt, verdict: standing.verdict },
  ]);
  return settledBy(standing);
}

/** Exports stay until whoever asked for them takes them. */
function withoutExports(plan: Plan, outcomes: ReadonlyMap<string, Outcome>): readonly Outcome[] {
  const exporting = new Set(
    plan.nodes.flatMap((node) => (node.kind === "task" && node.exports ? [node.id] : [])),
  );
  return [...outcomes.values()].filter(({ node }) => !exporting.has(node));
}

function settledBy({ verdict }: RunEnd): Settled {
  return { state: "settled", failure: verdict === "passed" ? null : verdict };
}
