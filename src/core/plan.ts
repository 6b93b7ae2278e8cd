/** A plan: tasks and checkpoints with their needs, as the rest of the program uses it, and how it is read. */

import type { z } from "zod";
import type { EgressRules } from "./egress.js";
import type { Problem } from "./errors.js";
import type { DataToGenerate, GeneratedDataNote } from "./generated-data.js";
import type { Requirement } from "./requirement.js";
import type { HealthTarget } from "./health.js";
import type { ExportName } from "./exports.js";
import { isJsonObject } from "./json-object.js";
import { cellsOf } from "./matrix.js";
import { ID_PATTERN, layersSchema, planSchemas, taskEntries } from "./plan-document.js";
import { problemsOfNeeds } from "./plan-needs.js";
import { problemsOfProofs } from "./proofs.js";
import { describeFault, toProblems } from "./schema-problems.js";
import type { SweepRule } from "./sweep.js";
import type { ShardPlace, Split } from "./split.js";

/** One collection run of a plan. */
export interface TaskNode extends Readonly<
  Omit<
    z.output<typeof planSchemas.task>,
    "timeout" | "title" | "environment" | "egress" | "matrix" | "data"
  >
> {
  readonly kind: "task";
  readonly id: string;
  readonly title: string;
  readonly timeoutMs: number;
  /** Layers of this task alone; null means those of the run. */
  readonly environment: readonly string[] | null;
  /** File of its iteration data among those of the plan. */
  readonly data?: string | undefined;
  /** What its iteration data is to be generated from; a run has the file instead. */
  readonly generate?: DataToGenerate | undefined;
  /** What was generated, where the file of a run was. */
  readonly generated?: GeneratedDataNote | undefined;
  /** How it is split into shards; decided when a run is submitted. */
  readonly split?: Split | undefined;
  /** Set on a shard alone: what it is a part of. */
  readonly shard?: ShardPlace;
  /** What the caller takes when the run has ended; no key of plan.yaml, where `outputs` serve the tasks that follow. */
  readonly exports?: readonly ExportName[] | undefined;
  /** Variables its collection gives values itself, among those we generate; decided when a run is submitted. */
  readonly ownVariables?: readonly string[] | undefined;
  /** Where its environments list test data; decided when a run is submitted. */
  readonly sweep?: readonly SweepRule[] | undefined;
  /** As written; in a run held within the rules of its environments. */
  readonly egress: EgressRules;
}

/** A barrier: it waits for its needs and verifies their evidence. */
export interface CheckpointNode {
  readonly kind: "checkpoint";
  readonly id: string;
  readonly title: string;
  readonly needs: readonly string[];
  readonly timeoutMs: number;
  /** Absent where all needs must have passed. */
  readonly require?: Requirement | undefined;
  /** Whether nothing may be left of what the tasks before it created. */
  readonly zeroOrphans?: boolean | undefined;
}

export type PlanNode = TaskNode | CheckpointNode;

export interface Plan {
  readonly name: string;
  readonly title: string;
  /** Layers a run uses when it names none. */
  readonly environment: readonly string[];
  /** Limit of a whole run, where the plan sets one. */
  readonly timeoutMs?: number | undefined;
  /** Targets that must answer before a task sends anything. */
  readonly health?: readonly HealthTarget[] | undefined;
  /** Tasks of a run at once; absent where only the lanes limit them. */
  readonly parallel?: number | undefined;
  /** Between the starts of two tasks of a run. */
  readonly staggerMs?: number | undefined;
  /** In the order of the file. */
  readonly nodes: readonly PlanNode[];
}

export function tasksOf({ nodes }: Pick<Plan, "nodes">): readonly TaskNode[] {
  return nodes.flatMap((node) => (node.kind === "task" ? [node] : []));
}

export type PlanCheck =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads a parsed plan document and reports every problem of it at once. Files and environments are checked by whoever holds
 * them. `madeIds` are those that an included plan has brought, which no author could write.
 */
export function readPlan(document: unknown, madeIds: ReadonlySet<string> = new Set()): PlanCheck {
  const head = planSchemas.document.safeParse(document, { error: describeFault });
  const problems = head.success ? [] : toProblems(head.error, [], document, planSchemas.document);
  /** The nodes each entry of the document has become: one, or as many as its matrix makes. */
  const made = new Map<string, readonly PlanNode[]>();
  for (const [id, body] of Object.entries(taskEntries(document))) {
    const read = readNodes(id, body, ID_PATTERN.test(id) || madeIds.has(id));
    if ("problems" in read) problems.push(...read.problems);
    else made.set(id, read.nodes);
  }
  problems.push(...problemsOfNeeds(taskEntries(document)));
  if (!head.success || problems.length > 0) return { ok: false, problems };
  const { name, title, environment, timeout: timeoutMs, parallel, stagger } = head.data;
  const written = [...made.values()].flat();
  const nodes = written.map((node) => withDefaults(withMadeNeeds(node, made), head.data));
  const own = written.flatMap((node) => ("cleanup" in node ? [node.id] : []));
  const unproven = problemsOfProofs(nodes, new Set(own));
  if (unproven.length > 0) return { ok: false, problems: unproven };
  const limits = {
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(head.data.health !== undefined && { health: head.data.health }),
    ...(parallel !== undefined && { parallel }),
    ...(stagger !== undefined && { staggerMs: stagger }),
  };
  const plan = { name, title: title ?? name, environment: environment ?? [], ...limits, nodes };
  return { ok: true, plan };
}

/** Every environment a plan document names, with its place; it works on the raw document, as one with faults has them, too. */
export function environmentsNamed(
  document: unknown,
): readonly { readonly path: string; readonly name: string }[] {
  const places = [
    { path: "environment", value: isJsonObject(document) ? document["environment"] : undefined },
    ...Object.entries(taskEntries(document)).flatMap(([id, task]) => [
      {
        path: `tasks.${id}.environment`,
        value: isJsonObject(task) ? task["environment"] : undefined,
      },
      ...listOf(isJsonObject(task) ? task["matrix"] : undefined, "environment").map((value) => ({
        path: `tasks.${id}.matrix.environment`,
        value,
      })),
    ]),
  ];
  return places.flatMap(({ path, value }) => {
    const layers = layersSchema.safeParse(value);
    return layers.success ? layers.data.map((name) => ({ path, name })) : [];
  });
}

/** The elements of a list under a key; none where there is no list. */
function listOf(body: unknown, key: string): readonly unknown[] {
  const list: unknown = isJsonObject(body) ? body[key] : undefined;
  return Array.isArray(list) ? list : [];
}

/** A need of a task with a matrix is a need of all the tasks it has become. */
function withMadeNeeds(node: PlanNode, made: ReadonlyMap<string, readonly PlanNode[]>): PlanNode {
  const madeOf = (ids: readonly string[]): string[] =>
    ids.flatMap((id) => made.get(id)?.map((each) => each.id) ?? [id]);
  const needs = madeOf(node.needs);
  if (node.kind === "task") return { ...node, needs };
  const mayFail = node.require?.mayFail;
  return mayFail === undefined
    ? { ...node, needs }
    : { ...node, needs, require: { ...node.require, mayFail: madeOf(mayFail) } };
}

/** What the plan says for all its tasks goes to those that say nothing else. */
function withDefaults(
  node: PlanNode,
  {
    cleanup,
    creates,
    runHeader,
  }: Pick<z.output<typeof planSchemas.document>, "cleanup" | "creates" | "runHeader">,
): PlanNode {
  if (node.kind === "checkpoint") return node;
  return {
    ...(cleanup !== undefined && { cleanup }),
    ...(runHeader !== undefined && { runHeader }),
    ...node,
    ...(creates !== undefined && { creates: { ...creates, ...node.creates } }),
  };
}

function readNodes(
  id: string,
  body: unknown,
  isGoodId: boolean,
): { readonly nodes: readonly PlanNode[] } | { readonly problems: readonly Problem[] } {
  const place = ["tasks", id];
  const badId = isGoodId
    ? []
    : [
        {
          path: place.join("."),
          message: `"${id}" is not a valid id`,
          suggestedAction:
            "use letters, digits, - and _, at most 64, beginning with a letter or digit",
        },
      ];
  if (isJsonObject(body) && "checkpoint" in body) {
    const read = planSchemas.checkpoint.safeParse(body, { error: describeFault });
    if (!read.success)
      return {
        problems: [...badId, ...toProblems(read.error, place, body, planSchemas.checkpoint)],
      };
    if (badId.length > 0) return { problems: badId };
    const { timeout, title, needs, require, zeroOrphans } = read.data;
    const requirement = {
      ...(require !== undefined && { require }),
      ...(zeroOrphans !== undefined && { zeroOrphans }),
    };
    const node = { id, title: title ?? id, needs, timeoutMs: timeout, ...requirement };
    return { nodes: [{ kind: "checkpoint", ...node }] };
  }
  const read = planSchemas.task.safeParse(body, { error: describeFault });
  if (!read.success)
    return { problems: [...badId, ...toProblems(read.error, place, body, planSchemas.task)] };
  if (badId.length > 0) return { problems: badId };
  const unfit = problemsOfShards(id, read.data);
  if (unfit.length > 0) return { problems: unfit };
  const { timeout, title, environment, matrix, data, ...rest } = read.data;
  const task: TaskNode = {
    kind: "task",
    id,
    title: title ?? id,
    timeoutMs: timeout,
    environment: environment ?? null,
    ...rest,
    ...(typeof data === "string" ? { data } : data),
  };
  if (matrix === undefined) return { nodes: [task] };
  const made = cellsOf(id, matrix);
  if ("problems" in made) return made;
  return {
    nodes: made.cells.map(({ label, variables, ...cell }) => ({
      ...task,
      ...cell,
      title: `${task.title} (${label})`,
      variables: { ...task.variables, ...variables },
    })),
  };
}

/** The parts of a collection run in processes of their own, and are chosen from the collection as it is. */
function problemsOfShards(
  id: string,
  task: Pick<TaskNode, "shards" | "outputs" | "exclude">,
): readonly Problem[] {
  if (task.shards === undefined) return [];
  return (["outputs", "exclude"] as const).flatMap((key) =>
    task[key].length === 0
      ? []
      : [
          {
            path: `tasks.${id}.${key}`,
            message: `a task with shards cannot have ${key}`,
            suggestedAction: `remove shards or ${key}, or make two tasks of it`,
          },
        ],
  );
}
