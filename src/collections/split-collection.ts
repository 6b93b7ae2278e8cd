/** Deciding how a task that asks for shards is split: by its iterations, else by its folders, else not, with the reasons. */

import { cutEvenly, packEvenly } from "../core/balance.js";
import { isJsonObject, type JsonObject } from "../core/json-object.js";
import type { TaskNode } from "../core/plan.js";
import type { Split } from "../core/split.js";
import { folderParts, iterationDependences } from "./collection-parts.js";
import { readDataFlow, type CollectionFlow, type Unit } from "./data-flow.js";

/** Reasons kept with a run; the command `collection shards` tells all of them. */
const MAX_REASONS = 5;

/** How long pieces of the collection took the last time, in milliseconds; what is not here is guessed from the rest. */
export interface PieceDurations {
  readonly iterations: ReadonlyMap<number, number>;
  /** By the name of the folder or request, all iterations together. */
  readonly units: ReadonlyMap<string, number>;
}

export interface SplitQuestion {
  readonly task: Pick<TaskNode, "bail" | "folder">;
  readonly collection: JsonObject;
  readonly iterations: number;
  /** How many parts were asked for, or how many lanes there are. */
  readonly parts: number;
  /** Values variables have when the run begins. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly durations: PieceDurations;
}

export function splitCollection(question: SplitQuestion): Split {
  const { task, collection, iterations, parts, values, durations } = question;
  if (parts < 2) return whole(["there is one lane"]);
  if (task.bail)
    return whole(["bail ends a run at its first failure, of which other shards would not know"]);
  const flow = readDataFlow(collection, values);
  const reasons: string[] = [];
  if (!Array.isArray(collection["item"]))
    return whole([
      "only a collection of format v2.0 or v2.1 can be looked into; export it as v2.1",
    ]);
  if (iterations > 1) {
    const dependences = iterationDependences(flow);
    if (dependences.length === 0) {
      const ranges = cutEvenly(iterationWeights(iterations, durations.iterations), parts);
      return { by: "iterations", parts: ranges.map(({ from, to }) => ({ from, to })) };
    }
    reasons.push(...dependences);
  } else reasons.push("it has one iteration");
  if (task.folder.length > 0) return whole([...reasons, "folder chooses a part of it already"]);
  if (!hasPlainItems(collection, flow.depth))
    return whole([...reasons, "it holds items that are neither folders nor requests"]);
  const { groups, dependences } = folderParts(flow, iterations > 1);
  if (groups.length > 1) return splitFolders(flow, groups, question);
  if (flow.units.length < 2) return whole([...reasons, "it has one folder or request"]);
  return whole([...reasons, ...dependences.map(({ reason }) => reason)]);
}

function whole(reasons: readonly string[]): Split {
  return { by: "nothing", reasons: [...new Set(reasons)].slice(0, MAX_REASONS) };
}

function splitFolders(
  flow: CollectionFlow,
  groups: readonly (readonly number[])[],
  { parts, durations }: SplitQuestion,
): Split {
  const weightOf = unitWeights(flow.units, durations.units);
  const weights = groups.map((group) => group.reduce((sum, unit) => sum + weightOf(unit), 0));
  return {
    by: "folders",
    depth: flow.depth,
    parts: packEvenly(weights, parts).map((chosen) =>
      chosen
        .flatMap((group) => groups[group] ?? [])
        .sort((left, right) => left - right)
        .map((position) => ({ position, name: flow.units[position]?.name ?? "" })),
    ),
  };
}

function iterationWeights(count: number, known: ReadonlyMap<number, number>): number[] {
  const usual = averageOf([...known.values()]);
  return Array.from({ length: count }, (_, iteration) => known.get(iteration) ?? usual);
}

/** A unit that never ran is worth as much for each request as the others took; the first time only requests count. */
function unitWeights(
  units: readonly Unit[],
  known: ReadonlyMap<string, number>,
): (position: number) => number {
  const ran = units.filter(({ name }) => known.has(name));
  const requests = ran.reduce((sum, unit) => sum + unit.requests.length, 0);
  const total = ran.reduce((sum, { name }) => sum + (known.get(name) ?? 0), 0);
  const perRequest = requests === 0 ? 1 : total / requests;
  return (position) => {
    const unit = units[position];
    return unit === undefined ? 0 : (known.get(unit.name) ?? unit.requests.length * perRequest);
  };
}

function averageOf(values: readonly number[]): number {
  return values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Newman makes requests of texts and of other oddities; positions would not be what they seem. */
function hasPlainItems(parent: JsonObject, depth: number): boolean {
  const items: unknown[] = Array.isArray(parent["item"]) ? parent["item"] : [];
  if (!items.every(isJsonObject)) return false;
  const [only] = items;
  return depth === 0 || (isJsonObject(only) && hasPlainItems(only, depth - 1));
}
