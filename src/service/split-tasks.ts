/** Splitting the tasks of a plan that ask for shards, when a run is submitted. */

import { dataFormatOf, parseIterationData } from "../collections/iteration-data.js";
import { readCollection } from "../collections/read-collection.js";
import { splitCollection } from "../collections/split-collection.js";
import type { Layer } from "../core/environment.js";
import { carries } from "../core/labels.js";
import type { Plan, TaskNode } from "../core/plan.js";
import type { PlanFolder } from "../core/ports.js";
import { GENERATED_VARIABLES } from "../core/generated-variables.js";
import type { Split } from "../core/split.js";
import type { Dependencies } from "./dependencies.js";
import { durationsOfPieces } from "./piece-durations.js";

/** The plan with a split for each task that asks for shards. The same plan may be split differently the next time. */
export async function splitTasks(
  deps: Pick<Dependencies, "store" | "workers">,
  folder: PlanFolder,
  given: {
    readonly environment: readonly string[];
    readonly environments: Readonly<Record<string, Layer>>;
    readonly layers: readonly Layer[];
    readonly variables: Readonly<Record<string, string>>;
  },
): Promise<Plan> {
  const nodes = folder.plan.nodes.map(async (node) => {
    if (node.kind !== "task" || node.shards === undefined) return node;
    const layers = node.environment ?? given.environment;
    const values = valuesOf([
      ...layers.flatMap((name) => given.environments[name] ?? []),
      ...given.layers,
    ]);
    return {
      ...node,
      split: await splitTask(deps, {
        folder,
        node,
        values: { ...values, ...node.variables, ...GENERATED, ...given.variables },
      }),
    };
  });
  return { ...folder.plan, nodes: await Promise.all(nodes) };
}

const GENERATED = Object.fromEntries(GENERATED_VARIABLES.map((name) => [name, "generated"]));

async function splitTask(
  deps: Pick<Dependencies, "store" | "workers">,
  at: {
    readonly folder: PlanFolder;
    readonly node: TaskNode;
    readonly values: Readonly<Record<string, unknown>>;
  },
): Promise<Split> {
  const { folder, node, values } = at;
  const read = readCollection(folder.files.get(node.collection));
  if (!read.ok) return { by: "nothing", reasons: [`${node.collection} cannot be read`] };
  return splitCollection({
    task: node,
    collection: read.collection,
    iterations: node.iterations ?? rowCount(folder, node),
    parts: node.shards === "auto" ? await lanesFor(deps, node) : (node.shards ?? 1),
    values,
    durations: await durationsOfPieces(deps, folder.plan.name, node.id),
  });
}

/** How many of its parts can run at once: the lanes of all living workers that may take it. */
async function lanesFor(
  { workers }: Pick<Dependencies, "workers">,
  { runsOn }: Pick<TaskNode, "runsOn">,
): Promise<number> {
  const able = (await workers.list()).filter((worker) => carries(worker, runsOn));
  return Math.max(
    1,
    able.reduce((sum, { lanes }) => sum + lanes, 0),
  );
}

/** Plans are checked before they are submitted, so the data can be read. */
function rowCount({ files }: PlanFolder, { data }: TaskNode): number {
  const bytes = data === undefined ? undefined : files.get(data);
  if (data === undefined || bytes === undefined) return 1;
  const text = new TextDecoder().decode(bytes);
  return parseIterationData({ format: dataFormatOf(data), text }).length;
}

function valuesOf(layers: readonly Layer[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    layers.flatMap(({ rows }) => rows.map(({ key, value }) => [key, value] as const)),
  );
}
