/** Tasks whose labels no living worker has: told at submission and in every view, so that none waits in silence. */

import { carries, workerWith } from "../core/labels.js";
import { messageOf, refuse } from "../core/errors.js";
import type { Plan } from "../core/plan.js";
import type { Run } from "../core/run.js";
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
  const asking = plan.nodes.flatMap((node) =>
    node.kind === "task" && node.runsOn.length > 0 ? [node] : [],
  );
  if (asking.length === 0) return;
  const living = await workers.list();
  const unserved = asking.filter(({ runsOn }) => !living.some((worker) => carries(worker, runsOn)));
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
  for (const { id, runsOn } of unserved)
    log.warn({ plan: plan.name, node: id }, `${id} will be waiting for ${workerWith(runsOn)}`);
}

/** The view with what its tasks wait for; without that while the workers cannot be listed. */
export async function tellUnserved(
  deps: Pick<Dependencies, "workers" | "log">,
  view: RunView,
): Promise<RunView> {
  const asking = view.end === null ? askingTasks(view) : [];
  if (asking.length === 0) return view;
  try {
    const living = await deps.workers.list();
    const unserved = asking.filter(([, runsOn]) => !living.some((one) => carries(one, runsOn)));
    return {
      ...view,
      unserved: new Map(unserved.map(([id, runsOn]) => [id, workerWith(runsOn)])),
    };
  } catch (error) {
    deps.log.debug({ reason: messageOf(error) }, "the workers cannot be listed");
    return view;
  }
}

/** Tasks with labels whose turn has come and that have not started. */
function askingTasks({
  run,
  outcomes,
  active,
}: Pick<RunView, "outcomes" | "active"> & { readonly run: Run }): [string, readonly string[]][] {
  return run.plan.nodes.flatMap((node): [string, readonly string[]][] =>
    node.kind === "task" &&
    node.runsOn.length > 0 &&
    !outcomes.has(node.id) &&
    !active.includes(node.id) &&
    node.needs.every((need) => outcomes.has(need))
      ? [[node.id, node.runsOn]]
      : [],
  );
}

function labelsText(labels: readonly string[]): string {
  return labels.length === 0 ? "none" : `only ${labels.join(", ")}`;
}
