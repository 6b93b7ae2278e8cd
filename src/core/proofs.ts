/** Which checkpoint proves first that nothing is left of a task. */

import type { z } from "zod";
import type { cleanupSchema } from "./cleanup-option.js";
import type { Problem } from "./errors.js";
import { ancestorsOf, inOrder } from "./graph.js";

interface Proof {
  readonly id: string;
  readonly needs: readonly string[];
}

/** The part of a plan's node that matters here; plan.ts imports this file, and not the other way round. */
type Node = Proof &
  (
    | { readonly kind: "task"; readonly cleanup?: z.output<typeof cleanupSchema> | undefined }
    | { readonly kind: "checkpoint"; readonly zeroOrphans?: boolean | undefined }
  );

/**
 * The first checkpoint behind each task that proves that nothing is left of it. First in one order of the whole plan, in which every
 * node stands behind its needs: so a clean-up that waits for the needs of that checkpoint never waits for itself.
 */
export function proofsOf(nodes: readonly Node[]): ReadonlyMap<string, Proof> {
  const proofs = new Map<string, Proof>();
  const proving = new Map(
    nodes.flatMap((node) =>
      node.kind === "checkpoint" && node.zeroOrphans === true ? [[node.id, node]] : [],
    ),
  );
  if (proving.size === 0) return proofs;
  const needsOf = new Map(nodes.map(({ id, needs }) => [id, needs]));
  for (const id of inOrder(needsOf)) {
    const checkpoint = proving.get(id);
    if (checkpoint === undefined) continue;
    for (const before of ancestorsOf(needsOf, id))
      if (!proofs.has(before)) proofs.set(before, checkpoint);
  }
  return proofs;
}

/** A clean-up after the run that a checkpoint in the run wants to see done. `own` are the tasks that say when themselves. */
export function problemsOfProofs(
  nodes: readonly Node[],
  own: ReadonlySet<string>,
): readonly Problem[] {
  const proofs = proofsOf(nodes);
  const problems = new Map<string, Problem>();
  for (const node of nodes) {
    const proof = proofs.get(node.id);
    if (proof === undefined || node.kind !== "task") continue;
    if (!node.cleanup || node.cleanup.after !== "run") continue;
    const path = own.has(node.id) ? `tasks.${node.id}.cleanup.after` : "cleanup.after";
    if (problems.has(path)) continue;
    problems.set(path, {
      path,
      message: `it deletes what ${node.id} has left at the end of the run, and ${proof.id} has zeroOrphans, which is red for what is there before`,
      suggestedAction: `remove it, so that what is left is deleted right before ${proof.id}, or write after: task, or remove zeroOrphans`,
    });
  }
  return [...problems.values()];
}
