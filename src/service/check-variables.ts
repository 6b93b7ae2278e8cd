/** Variables that the requests of a plan use and nothing gives a value: found before anything is queued. */

import { excludeItems } from "../collections/exclude-items.js";
import { collectionVariables } from "../collections/required-variables.js";
import { dataFormatOf, parseIterationData } from "../collections/iteration-data.js";
import { readCollection } from "../collections/read-collection.js";
import { refuse, type Problem } from "../core/errors.js";
import { ancestorsOf } from "../core/graph.js";
import { isJsonObject } from "../core/json-object.js";
import { nearest } from "../core/nearest.js";
import type { Plan, TaskNode } from "../core/plan.js";
import { GENERATED_VARIABLES, SERVICE_URL } from "../core/generated-variables.js";
import type { Inputs } from "./inputs.js";

/** A collection with a wrong environment misses dozens at once; these are enough to see what is wrong. */
const MAX_PLACES = 3;

interface Frozen {
  readonly plan: Plan;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly environment: readonly string[];
  readonly inputs: Inputs;
}

/** Throws INVALID_ENVIRONMENT with each variable, its collection, request and place. Tasks that say `allowUnresolved` are not looked at. */
export function checkVariables(run: Frozen): void {
  const problems = run.plan.nodes.flatMap((node) =>
    node.kind === "task" && !node.allowUnresolved ? problemsOfTask(run, node) : [],
  );
  refuse("INVALID_ENVIRONMENT", "the run", problems);
}

function problemsOfTask(run: Frozen, node: TaskNode): Problem[] {
  const read = readCollection(run.files.get(node.collection));
  if (!read.ok) return [];
  const given = namesGiven(run, node);
  const chosen = new Set(node.folder);
  return collectionVariables(
    excludeItems(read.collection, node.exclude).collection,
  ).required.flatMap(({ name, by, places }): Problem[] => {
    if (by === "script" || given.has(name)) return [];
    const sent = places.filter(
      ({ line, item }) =>
        line === null && (chosen.size === 0 || item.some((part) => chosen.has(part))),
    );
    if (sent.length === 0) return [];
    const shown = sent
      .slice(0, MAX_PLACES)
      .map(({ item, part }) =>
        item.length === 0 ? `its ${part}` : `the ${part} of "${item.join(" / ")}"`,
      );
    const more = sent.length > MAX_PLACES ? ` and ${String(sent.length - MAX_PLACES)} more` : "";
    const guess = nearest(name, [...given]);
    const layers = node.environment ?? run.environment;
    const where = layers.length === 0 ? "an environment" : `the environment ${layers.at(-1) ?? ""}`;
    return [
      {
        path: `tasks.${node.id}.collection`,
        message: `nothing gives {{${name}}} a value, which ${node.collection} uses in ${shown.join(", ")}${more}`,
        suggestedAction:
          guess === null
            ? `set it in ${where}, or allow it with allowUnresolved: true`
            : `did you mean {{${guess}}}? Else set it in ${where}, or allow it with allowUnresolved: true`,
      },
    ];
  });
}

/** Every name that has a value when the task starts, from whichever layer. */
function namesGiven(run: Frozen, node: TaskNode): ReadonlySet<string> {
  const { inputs } = run;
  const layers = (node.environment ?? run.environment).flatMap(
    (name) => inputs.environments[name] ?? [],
  );
  const rows = [...layers, ...inputs.layers, inputs.vault].flatMap((layer) => layer.rows);
  return new Set([
    SERVICE_URL,
    ...GENERATED_VARIABLES,
    ...[...rows, ...inputs.globals].map(({ key }) => key),
    ...Object.keys(node.variables),
    ...Object.keys(inputs.variables),
    ...outputsBefore(run.plan, node),
    ...columnsOf(run, node),
  ]);
}

/** What the tasks before it hand on; one that does not keep its word is red itself. */
function outputsBefore({ nodes }: Plan, { id, needs }: TaskNode): readonly string[] {
  if (needs.length === 0) return [];
  const before = new Set(ancestorsOf(new Map(nodes.map((node) => [node.id, node.needs])), id));
  return nodes.flatMap((node) => (node.kind === "task" && before.has(node.id) ? node.outputs : []));
}

/** Columns of the iteration data; a row may lack one, which only its iteration shows. */
function columnsOf({ files }: Frozen, { data }: TaskNode): readonly string[] {
  const bytes = data === undefined ? undefined : files.get(data);
  if (data === undefined || bytes === undefined) return [];
  const rows = parseIterationData({
    format: dataFormatOf(data),
    text: new TextDecoder().decode(bytes),
  });
  return [...new Set(rows.flatMap((row) => (isJsonObject(row) ? Object.keys(row) : [])))];
}
