/** Which tasks of an ended run need not be run again by a repetition of it. */

import type { Outcome } from "./outcome.js";
import type { Plan } from "./plan.js";

/**
 * Tasks that passed after nothing but tasks that passed, each with the run in which it was executed. A checkpoint is always
 * judged anew, and what stands behind one is reused only where everything before it is. A clean-up task (`always`) is run
 * again, because what is run again leaves something to clean up; and so is one that hands on `outputs`, because they were deleted
 * at the end of its run.
 */
export function reusableTasks(
  plan: Plan,
  outcomes: ReadonlyMap<string, Outcome>,
  runId: string,
): Readonly<Record<string, string>> {
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  const known = new Map<string, boolean>();
  const isReusable = (id: string): boolean => {
    const standing = known.get(id);
    if (standing !== undefined) return standing;
    const node = nodes.get(id);
    const answer =
      node !== undefined &&
      outcomes.get(id)?.status === "passed" &&
      !(node.kind === "task" && (node.always || node.outputs.length > 0)) &&
      node.needs.every(isReusable);
    known.set(id, answer);
    return answer;
  };
  return Object.fromEntries(
    plan.nodes
      .filter(({ id, kind }) => kind === "task" && isReusable(id))
      .map(({ id }) => [id, outcomes.get(id)?.reusedFrom ?? runId]),
  );
}
