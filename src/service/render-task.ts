/** The environment of one attempt of a task, from everything that gives it values. */

import { plainLayer, render, type Layer, type Rendered } from "../core/environment.js";
import { SERVICE_URL } from "../core/generated-variables.js";
import type { TaskNode } from "../core/plan.js";
import type { Run } from "../core/run.js";
import { taskOf } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";
import type { Inputs } from "./inputs.js";

/** Layers whose values are those of one attempt; `renderFor` says what is in them. */
export const OWN_LAYERS = ["this service", "generated"] as const;

export function layerNames(run: Run, node: TaskNode): readonly string[] {
  return node.environment ?? run.environment;
}

/**
 * Layers from weakest to strongest: the service's own URL, the environments, the plan's values, generated and handed-down values,
 * overrides. What the collection gives values itself is not generated: an environment would hide it.
 */
export function renderFor(
  { serviceUrl }: Pick<Dependencies, "serviceUrl">,
  from: {
    readonly run: Run;
    readonly node: TaskNode;
    readonly inputs: Inputs;
    readonly handed: readonly Layer[];
    readonly attempt: number;
    readonly prefix: string;
    readonly startedAt: number;
  },
): Rendered {
  const { run, node, inputs, handed, attempt, prefix, startedAt } = from;
  const url = serviceUrl();
  const own = new Set(node.ownVariables);
  // An environment would hide a global as well.
  const hasTarget = own.has(SERVICE_URL) || inputs.globals.some(({ key }) => key === SERVICE_URL);
  const generated = {
    run_id: run.id,
    task_id: taskOf(node.id),
    attempt,
    prefix,
    seed: run.id,
    started_at: new Date(startedAt).toISOString(),
  };
  const named = layerNames(run, node).flatMap((name): Layer[] => {
    const layer = inputs.environments[name];
    return layer === undefined ? [] : [layer];
  });
  return render([
    plainLayer(OWN_LAYERS[0], url === null || hasTarget ? {} : { [SERVICE_URL]: url }),
    ...named,
    ...inputs.layers,
    plainLayer(`task ${node.id}`, node.variables),
    plainLayer(
      OWN_LAYERS[1],
      Object.fromEntries(Object.entries(generated).filter(([name]) => !own.has(name))),
    ),
    ...handed,
    plainLayer("overrides", inputs.variables),
    inputs.vault,
  ]);
}
