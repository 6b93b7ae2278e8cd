/** Tasks that no living worker can take: told at submission and in every view, so that none waits in silence. */

import { messageOf, refuse } from "../core/errors.js";
import { carries, workerWith } from "../core/labels.js";
import type { Plan, TaskNode } from "../core/plan.js";
import type { Dependencies } from "./dependencies.js";
import type { RunView } from "./service.js";

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

/** The view with what its tasks wait for; without that while the workers cannot be listed. */
export async function tellUnserved(
  deps: Pick<Dependencies, "workers" | "log">,
  view: RunView,
): Promise<RunView> {
  const ready = view.end === null ? readyTasks(view) : [];
  if (ready.length === 0 || !deps.workers.canJoin) return view;
  try {
    const living = await deps.workers.list();
    const unserved = ready.filter(({ runsOn }) => !living.some((one) => carries(one, runsOn)));
    return {
      ...view,
      unserved: new Map(unserved.map(({ id, runsOn }) => [id, workerWith(runsOn)])),
    };
  } catch (error) {
    deps.log.debug({ reason: messageOf(error) }, "the workers cannot be listed");
    return view;
  }
}

/** Tasks whose turn has come and that have not started. */
function readyTasks({ run, outcomes, active }: RunView): readonly TaskNode[] {
  return tasksOf(run.plan).filter(
    ({ id, needs }) =>
      !outcomes.has(id) && !active.includes(id) && needs.every((need) => outcomes.has(need)),
  );
}

function tasksOf({ nodes }: Plan): readonly TaskNode[] {
  return nodes.flatMap((node) => (node.kind === "task" ? [node] : []));
}

function labelsText(labels: readonly string[]): string {
  return labels.length === 0 ? "none" : `only ${labels.join(", ")}`;
}
