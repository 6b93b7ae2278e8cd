/** Tasks that no living worker can take, told at submission. */

import { refuse } from "../core/errors.js";
import { carries, workerWith } from "../core/labels.js";
import { tasksOf, type Plan } from "../core/plan.js";
import type { Dependencies } from "./dependencies.js";

/**
 * INVALID_PLAN where a task asks for labels this engine does not have and no other worker can come. Where workers come and
 * go, the log says what waits for one.
 */
export async function checkLabels(
  { workers, log }: Pick<Dependencies, "workers" | "log">,
  plan: Plan,
): Promise<void> {
  const living = await workers.list();
  const unserved = tasksOf(plan).filter(
    ({ runsOn }) => !living.some((worker) => carries(worker, runsOn)),
  );
  if (!workers.canJoin) {
    refuse(
      "INVALID_PLAN",
      `the plan ${plan.name}`,
      unserved.map(({ id, runsOn }) => ({
        path: `tasks.${id}.runsOn`,
        message: `it needs ${workerWith(runsOn)}, and this engine has ${labelsText(living.flatMap(({ labels }) => labels))}`,
        suggestedAction: `start it with --labels ${runsOn.join(",")}, or use Redis and a worker that has them`,
      })),
    );
  }
  for (const wanted of new Set(unserved.map(({ runsOn }) => workerWith(runsOn)))) {
    const ids = unserved.flatMap(({ id, runsOn }) => (workerWith(runsOn) === wanted ? [id] : []));
    log.warn({ plan: plan.name }, `${ids.join(", ")} will be waiting for ${wanted}`);
  }
}

function labelsText(labels: readonly string[]): string {
  return labels.length === 0 ? "none" : `only ${labels.join(", ")}`;
}
