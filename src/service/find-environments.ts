/** Environments by name: found, or named as missing with the place that asked for them. */

import { GLOBALS, layerOf, type Layer } from "../core/environment.js";
import { refuse, TurnpikeError, type Problem } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import type { Plan } from "../core/plan.js";
import type { ChosenEnvironment, EnvironmentStore } from "../core/ports.js";

/** An environment and where it is asked for, such as `tasks.task-3.environment`. */
export interface NamedEnvironment {
  readonly path: string;
  readonly name: string;
}

/** The rows of every environment the run or one of its tasks names; INVALID_PLAN with every unknown name at once. */
export async function readEnvironments(
  store: EnvironmentStore,
  plan: Plan,
  chosen: readonly string[],
): Promise<Readonly<Record<string, { name: string; rows: Layer["rows"][number][] }>>> {
  const named = [
    ...chosen.map((name) => ({ path: "environment", name })),
    ...plan.nodes.flatMap((node) =>
      (node.kind === "task" ? (node.environment ?? []) : []).map((name) => ({
        path: `tasks.${node.id}.environment`,
        name,
      })),
    ),
  ];
  refuse("INVALID_PLAN", "the run", await unknownEnvironments(store, named));
  const layers = new Map<string, { name: string; rows: Layer["rows"][number][] }>();
  for (const { name } of named) {
    const found = layers.has(name) ? null : await store.get(name);
    if (found !== null) layers.set(name, { name, rows: [...layerOf(name, found.document).rows] });
  }
  return Object.fromEntries(layers);
}

/** What runs use that choose nothing; null when each plan's own counts. INVALID_ENVIRONMENT when it is not there any more. */
export async function readChoice(deps: {
  readonly environments: EnvironmentStore;
  readonly chosenEnvironment: ChosenEnvironment;
}): Promise<readonly string[] | null> {
  const chosen = await deps.chosenEnvironment.read();
  const named = (chosen ?? []).map((name) => ({ path: "", name }));
  const [missing] = await unknownEnvironments(deps.environments, named);
  if (missing === undefined) return chosen;
  throw new TurnpikeError(
    "INVALID_ENVIRONMENT",
    `the choice of \`turnpike env use\` leads nowhere: ${missing.message}; choose again, or give it up with: turnpike env use --reset`,
  );
}

/** The rows every run gets as globals: those of the environment of that name, where there is one. */
export async function readGlobals(store: EnvironmentStore): Promise<Layer["rows"]> {
  const found = await store.get(GLOBALS);
  return found === null ? [] : layerOf(GLOBALS, found.document).rows;
}

/** A problem for each name that is none. */
export async function unknownEnvironments(
  store: EnvironmentStore,
  named: readonly NamedEnvironment[],
): Promise<readonly Problem[]> {
  if (named.length === 0) return [];
  const known = (await store.list()).map(({ name }) => name);
  return named.flatMap(({ path, name }) => {
    if (known.includes(name)) return [];
    const guess = nearest(name, known);
    const list = known.length === 0 ? "there is none" : `there is ${known.join(", ")}`;
    return {
      path,
      message: `no environment is called "${name}"; ${list}`,
      ...(guess === null ? {} : { suggestedAction: `did you mean "${guess}"?` }),
    };
  });
}
