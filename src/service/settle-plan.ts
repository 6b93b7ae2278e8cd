/** What is decided of the tasks of a plan when a run of it is submitted, and stays as it is for the run. */

import { ownVariables } from "../collections/own-variables.js";
import { readCollection } from "../collections/read-collection.js";
import { cleansUp } from "../core/cleanup.js";
import { narrowEgress } from "../core/egress.js";
import { GENERATED_VARIABLES, PREFIX, SERVICE_URL } from "../core/generated-variables.js";
import { healthTargetsOf } from "../core/health.js";
import type { Plan } from "../core/plan.js";
import { proofsOf } from "../core/proofs.js";
import { placeRules, rulesOf } from "../core/sweep.js";
import type { Dependencies } from "./dependencies.js";

/**
 * The plan with what its tasks may reach and which targets must be there, under the environments they run against, and with the
 * variables that are their collections' own.
 */
export function settlePlan(
  { egress, health, sweep }: Pick<Dependencies, "egress" | "health" | "sweep">,
  plan: Plan,
  from: {
    readonly environment: readonly string[];
    readonly files: ReadonlyMap<string, Uint8Array>;
  },
): Plan {
  const proofs = proofsOf(plan.nodes);
  const nodes = plan.nodes.map((node) => {
    if (node.kind === "checkpoint") return node;
    const environments = node.environment ?? from.environment;
    return {
      ...node,
      ownVariables: [...(node.ownVariables ?? []), ...ownOf(from.files.get(node.collection))],
      egress: narrowEgress(node.egress, environments, egress),
      health: healthTargetsOf([...(plan.health ?? []), ...node.health], environments, health),
      ...((cleansUp(node) || proofs.has(node.id)) && {
        sweep: [
          ...placeRules(node.cleanup ? node.cleanup.lists : [], `task ${node.id}: cleanup.lists`),
          ...rulesOf(environments, sweep),
        ],
      }),
    };
  });
  return { ...plan, nodes };
}

/** A prefix that is declared is a stand-in for the one that no other run has; one that a script makes is the collection's own. */
function ownOf(bytes: Uint8Array | undefined): readonly string[] {
  const read = readCollection(bytes);
  if (!read.ok) return [];
  const { declared, set } = ownVariables(read.collection, [SERVICE_URL, ...GENERATED_VARIABLES]);
  return [...new Set([...declared.filter((name) => name !== PREFIX), ...set])];
}
