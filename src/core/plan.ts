/** A plan: tasks and checkpoints with their needs, as the rest of the program uses it, and how it is read. */

import type { z } from "zod";
import type { EgressRules } from "./egress.js";
import type { Problem } from "./errors.js";
import type { Requirement } from "./requirement.js";
import { isJsonObject } from "./json-object.js";
import { ID_PATTERN, layersSchema, planSchemas, taskEntries } from "./plan-document.js";
import { problemsOfNeeds } from "./plan-needs.js";
import { toProblems } from "./schema-problems.js";
import type { ShardPlace, Split } from "./split.js";

/** One collection run of a plan. */
export interface TaskNode extends Readonly<
  Omit<z.output<typeof planSchemas.task>, "timeout" | "title" | "environment" | "egress">
> {
  readonly kind: "task";
  readonly id: string;
  readonly title: string;
  readonly timeoutMs: number;
  /** Layers of this task alone; null means those of the run. */
  readonly environment: readonly string[] | null;
  /** How it is split into shards; decided when a run is submitted. */
  readonly split?: Split | undefined;
  /** Set on a shard alone: what it is a part of. */
  readonly shard?: ShardPlace;
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
}

export type PlanNode = TaskNode | CheckpointNode;

export interface Plan {
  readonly name: string;
  readonly title: string;
  /** Layers a run uses when it names none. */
  readonly environment: readonly string[];
  /** Limit of a whole run, where the plan sets one. */
  readonly timeoutMs?: number | undefined;
  /** In the order of the file. */
  readonly nodes: readonly PlanNode[];
}

export type PlanCheck =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads a parsed plan document and reports every problem of it at once. Files and environments are checked by whoever holds them. */
export function readPlan(document: unknown): PlanCheck {
  const head = planSchemas.document.safeParse(document);
  const problems = head.success
    ? []
    : toProblems(head.error, [], document, planSchemas.document.shape);
  const nodes: PlanNode[] = [];
  for (const [id, body] of Object.entries(taskEntries(document))) {
    const read = readNode(id, body);
    if ("problems" in read) problems.push(...read.problems);
    else nodes.push(read.node);
  }
  problems.push(...problemsOfNeeds(taskEntries(document)));
  if (!head.success || problems.length > 0) return { ok: false, problems };
  const { name, title, environment, timeout: timeoutMs } = head.data;
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  const plan = { name, title: title ?? name, environment: environment ?? [], ...limit, nodes };
  return { ok: true, plan };
}

/** Every environment a plan document names, with its place; it works on the raw document, as one with faults has them, too. */
export function environmentsNamed(
  document: unknown,
): readonly { readonly path: string; readonly name: string }[] {
  const places = [
    { path: "environment", value: isJsonObject(document) ? document["environment"] : undefined },
    ...Object.entries(taskEntries(document)).map(([id, task]) => ({
      path: `tasks.${id}.environment`,
      value: isJsonObject(task) ? task["environment"] : undefined,
    })),
  ];
  return places.flatMap(({ path, value }) => {
    const layers = layersSchema.safeParse(value);
    return layers.success ? layers.data.map((name) => ({ path, name })) : [];
  });
}

function readNode(id: string, body: unknown): { node: PlanNode } | { problems: Problem[] } {
  const place = ["tasks", id];
  const badId = ID_PATTERN.test(id)
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
    const read = planSchemas.checkpoint.safeParse(body);
    if (!read.success)
      return {
        problems: [...badId, ...toProblems(read.error, place, body, planSchemas.checkpoint.shape)],
      };
    if (badId.length > 0) return { problems: badId };
    const { timeout, title, needs, require } = read.data;
    const requirement = require === undefined ? {} : { require };
    const node = { id, title: title ?? id, needs, timeoutMs: timeout, ...requirement };
    return { node: { kind: "checkpoint", ...node } };
  }
  const read = planSchemas.task.safeParse(body);
  if (!read.success)
    return { problems: [...badId, ...toProblems(read.error, place, body, planSchemas.task.shape)] };
  if (badId.length > 0) return { problems: badId };
  const { timeout, title, environment, ...rest } = read.data;
  return {
    node: {
      kind: "task",
      id,
      title: title ?? id,
      timeoutMs: timeout,
      environment: environment ?? null,
      ...rest,
    },
  };
}
