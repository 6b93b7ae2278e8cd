/** A plan: tasks and checkpoints with their needs, as plan.yaml says it and as the rest of the program uses it. */

import { z } from "zod";
import { durationSchema } from "./duration.js";
import { egressSchema } from "./egress.js";
import type { Problem } from "./errors.js";
import { findCycles } from "./graph.js";
import { nearest } from "./nearest.js";
import { isJsonObject } from "./json-object.js";

/** Ids stand in job ids, test-data prefixes and file names, so they keep to characters that are safe in all three. */
const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const DEFAULT_TIMEOUT = "30m";
const idSchema = z
  .string()
  .regex(ID_PATTERN, "use letters, digits, - and _, at most 64, beginning with a letter or digit");
const needsSchema = z.array(z.string()).default([]);

/** `null` or an empty list is the choice of no environment; several names are layers, later ones win. */
const layersSchema = z
  .union([z.string().min(1), z.array(z.string().min(1)), z.null()])
  .transform((value): readonly string[] =>
    value === null ? [] : typeof value === "string" ? [value] : value,
  );
const textsSchema = z
  .union([z.string(), z.array(z.string())])
  .transform((value): readonly string[] => (typeof value === "string" ? [value] : value));

const taskSchema = z.strictObject({
  title: z.string().optional(),
  needs: needsSchema,
  timeout: durationSchema.prefault(DEFAULT_TIMEOUT),
  /** Path of the collection, relative to the plan's folder. */
  collection: z.string().min(1),
  /** Run only these folders or requests, by name or id. */
  folder: textsSchema.prefault([]),
  /** CSV or JSON file with one row for each iteration, relative to the plan's folder. */
  data: z.string().min(1).optional(),
  iterations: z.int().min(1).max(100_000).optional(),
  environment: layersSchema.optional(),
  variables: z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .default({}),
  allowEmpty: z.boolean().default(false),
  /** What an upload from outside the working directory means, which is never sent: a failure, or what Newman makes of it. */
  refusedFiles: z.enum(["fail", "warn"]).default("fail"),
  /** Accept requests that go out with `{{variables}}` that nothing gave a value. */
  allowUnresolved: z.boolean().default(false),
  /** Hosts and ranges the collection may reach, or may not. */
  egress: egressSchema.prefault({}),
  /** Requests one iteration may execute: a setNextRequest cycle that does not end is ended here. */
  requestLimit: z.int().min(1).default(5_000),
  bail: z.boolean().default(false),
  insecure: z.boolean().default(false),
  ignoreRedirects: z.boolean().default(false),
  timeoutRequest: durationSchema.optional(),
  timeoutScript: durationSchema.optional(),
  delayRequest: durationSchema.optional(),
});
const checkpointSchema = z.strictObject({
  checkpoint: z.literal(true),
  title: z.string().optional(),
  needs: z.array(z.string()).min(1, "a checkpoint needs at least one task to verify"),
  timeout: durationSchema.prefault(DEFAULT_TIMEOUT),
});

/** The document plan.yaml holds. Unknown keys are refused: a misspelt `needs` must not run. */
const planDocumentSchema = z.strictObject({
  name: idSchema,
  title: z.string().optional(),
  environment: layersSchema.optional(),
  tasks: z
    .record(z.string(), z.unknown())
    .refine((tasks) => Object.keys(tasks).length > 0, "a plan needs at least one task"),
});

/** One collection run of a plan. */
export interface TaskNode extends Readonly<
  Omit<z.output<typeof taskSchema>, "timeout" | "title" | "environment">
> {
  readonly kind: "task";
  readonly id: string;
  readonly title: string;
  readonly timeoutMs: number;
  /** Layers of this task alone; null means those of the run. */
  readonly environment: readonly string[] | null;
}

/** A barrier: it waits for its needs and verifies their evidence. */
export interface CheckpointNode {
  readonly kind: "checkpoint";
  readonly id: string;
  readonly title: string;
  readonly needs: readonly string[];
  readonly timeoutMs: number;
}

export type PlanNode = TaskNode | CheckpointNode;

export interface Plan {
  readonly name: string;
  readonly title: string;
  /** Layers a run uses when it names none. */
  readonly environment: readonly string[];
  /** In the order of the file. */
  readonly nodes: readonly PlanNode[];
}

export type PlanCheck =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads a parsed plan document and reports every problem of it at once. Files and environments are checked by whoever holds them. */
export function readPlan(document: unknown): PlanCheck {
  const head = planDocumentSchema.safeParse(document);
  const problems = head.success
    ? []
    : toProblems(head.error, [], document, planDocumentSchema.shape);
  const nodes: PlanNode[] = [];
  for (const [id, body] of Object.entries(taskEntries(document))) {
    const read = readNode(id, body);
    if ("problems" in read) problems.push(...read.problems);
    else nodes.push(read.node);
  }
  problems.push(...checkNeeds(taskEntries(document)));
  if (!head.success || problems.length > 0) return { ok: false, problems };
  const { name, title, environment } = head.data;
  return { ok: true, plan: { name, title: title ?? name, environment: environment ?? [], nodes } };
}

/** The JSON Schema of plan.yaml's top level and of its two kinds of node, for the API document. */
export const planSchemas = {
  document: planDocumentSchema,
  task: taskSchema,
  checkpoint: checkpointSchema,
};

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

function taskEntries(document: unknown): Readonly<Record<string, unknown>> {
  const tasks = isJsonObject(document) ? document["tasks"] : undefined;
  return isJsonObject(tasks) ? tasks : {};
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
    const read = checkpointSchema.safeParse(body);
    if (!read.success)
      return {
        problems: [...badId, ...toProblems(read.error, place, body, checkpointSchema.shape)],
      };
    if (badId.length > 0) return { problems: badId };
    const { timeout, title, needs } = read.data;
    return { node: { kind: "checkpoint", id, title: title ?? id, needs, timeoutMs: timeout } };
  }
  const read = taskSchema.safeParse(body);
  if (!read.success)
    return { problems: [...badId, ...toProblems(read.error, place, body, taskSchema.shape)] };
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

/** Unknown needs, doubled needs and cycles; it works on the raw document, so that a plan with other faults still gets them all named. */
function checkNeeds(tasks: Readonly<Record<string, unknown>>): Problem[] {
  const ids = Object.keys(tasks);
  const needsOf = new Map(ids.map((id) => [id, rawNeeds(tasks[id])]));
  const problems: Problem[] = [];
  for (const [id, needs] of needsOf) {
    for (const [position, need] of needs.entries()) {
      const path = `tasks.${id}.needs`;
      if (!needsOf.has(need)) {
        const guess = nearest(need, ids);
        problems.push({
          path,
          message: `no task is called "${need}"; the plan has ${ids.join(", ")}`,
          ...(guess === null ? {} : { suggestedAction: `did you mean "${guess}"?` }),
        });
      } else if (needs.indexOf(need) !== position) {
        problems.push({
          path,
          message: `"${need}" stands here twice`,
          suggestedAction: "remove one of them",
        });
      }
    }
  }
  for (const cycle of findCycles(needsOf)) {
    problems.push({
      path: `tasks.${cycle[0] ?? ""}.needs`,
      message: `the needs form a cycle: ${cycle.join(" -> ")}`,
      suggestedAction: "remove one of these needs",
    });
  }
  return problems;
}

function rawNeeds(body: unknown): readonly string[] {
  const needs = isJsonObject(body) ? body["needs"] : undefined;
  return Array.isArray(needs)
    ? needs.filter((need): need is string => typeof need === "string")
    : [];
}

function toProblems(
  error: z.ZodError,
  place: readonly string[],
  body: unknown,
  shape: Readonly<Record<string, unknown>>,
): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = [...place, ...issue.path.map(String)].join(".");
    if (issue.code !== "unrecognized_keys") {
      const missing = issue.path.length > 0 && valueAt(body, issue.path) === undefined;
      return [{ path, message: missing ? "this key is required" : issue.message }];
    }
    return issue.keys.map((key) => {
      const guess = nearest(key, Object.keys(shape));
      return {
        path: [path, key].filter((part) => part !== "").join("."),
        message: `unknown key "${key}"; known here: ${Object.keys(shape).join(", ")}`,
        suggestedAction: guess === null ? "remove it" : `did you mean "${guess}"?`,
      };
    });
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (isJsonObject(at) || Array.isArray(at) ? Reflect.get(at, key) : undefined),
    value,
  );
}
