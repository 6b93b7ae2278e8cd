/** Environments by name: found, or named as missing with the place that asked for them. */

import { nearestDocument } from "../core/document-name.js";
import { GLOBALS, layerOf, type Layer } from "../core/environment.js";
import { refuse, TurnpikeError, type Problem } from "../core/errors.js";
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
  const unknown = named.filter(({ name }) => !known.includes(name));
  const list = known.length === 0 ? "there is none" : `there is ${known.join(", ")}`;
  return Promise.all(
    unknown.map(async ({ path, name }) => ({
      path,
      message: `no environment is called "${name}"; ${list}`,
      ...(await suggest(store, name, known)),
    })),
  );
}

/** Also for the name that Postman shows, which stands in the file. */
async function suggest(
  store: EnvironmentStore,
  name: string,
  known: readonly string[],
): Promise<Pick<Problem, "suggestedAction">> {
  const guess = nearestDocument(name, known);
  if (guess !== null) return { suggestedAction: `did you mean "${guess}"?` };
  const read = await Promise.allSettled(known.map((other) => store.get(other)));
  const titled = known.filter((_, position) => {
    const document = read[position];
    return document?.status === "fulfilled" && document.value?.document.name === name;
  });
  if (titled.length === 0) return {};
  return {
    suggestedAction: `environments go by the names of their files here; "${name}" stands in ${titled.join(", ")}`,
  };
}
