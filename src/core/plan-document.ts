/** What plan.yaml may hold: the schemas of its top level and of its kinds of node. */

import { z } from "zod";
import { cleanupSchema } from "./cleanup-option.js";
import { creationRulesSchema } from "./creation-rules.js";
import { durationSchema } from "./duration.js";
import { bailSchema } from "./bail.js";
import { egressSchema } from "./egress.js";
import { taskDataSchema } from "./generated-data.js";
import { GENERATED_VARIABLES } from "./generated-variables.js";
import { healthSchema } from "./health.js";
import { isJsonObject } from "./json-object.js";
import { labelsSchema } from "./labels.js";
import { matrixSchema } from "./matrix.js";
import { requireSchema } from "./requirement.js";
import { retriesSchema } from "./retries.js";

/** Ids stand in job ids, test-data prefixes and file names, so they keep to characters that are safe in all three. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const DEFAULT_TIMEOUT = "30m";
const idSchema = z
  .string()
  .regex(ID_PATTERN, "use letters, digits, - and _, at most 64, beginning with a letter or digit");
const needsSchema = z.array(z.string()).default([]);

/** `null` or an empty list is the choice of no environment; several names are layers, later ones win. */
export const layersSchema = z
  .union([z.string().min(1), z.array(z.string().min(1)), z.null()])
  .transform((value): readonly string[] =>
    value === null ? [] : typeof value === "string" ? [value] : value,
  );
const textsSchema = z
  .union([z.string(), z.array(z.string())])
  .transform((value): readonly string[] => (typeof value === "string" ? [value] : value));

/** A generated variable that came from another task would undo the isolation of test data. */
const outputSchema = z
  .string()
  .min(1)
  .refine(
    (name) => !GENERATED_VARIABLES.includes(name),
    "is generated for every attempt; choose another name",
  );

const locksSchema = z
  .union([idSchema, z.array(idSchema)])
  .transform((value): readonly string[] =>
    typeof value === "string" ? [value] : [...new Set(value)],
  );

const taskSchema = z.strictObject({
  title: z.string().optional(),
  needs: needsSchema,
  timeout: durationSchema.prefault(DEFAULT_TIMEOUT),
  /** Path of the collection, relative to the plan's folder. */
  collection: z.string().min(1),
  /** Run only these folders or requests, by name or id. */
  folder: textsSchema.prefault([]),
  /** Leave out these folders or requests, by name or id. */
  exclude: textsSchema.prefault([]),
  /** One row for each iteration: a CSV or JSON file, relative to the plan's folder, or what to generate. */
  data: taskDataSchema.optional(),
  /** Whether what looks like a number in CSV data is one, as under Newman: `007` is 7 then. */
  csvTypes: z.boolean().default(true),
  iterations: z.int().min(1).max(100_000).optional(),
  environment: layersSchema.optional(),
  /** For which causes the task is tried again, and how often. */
  retries: retriesSchema.prefault(0),
  /** A clean-up task: it runs after its needs whatever became of them, also in a cancelled run. */
  always: z.boolean().default(false),
  /** Deletes what it created and left, whatever became of it. */
  cleanup: cleanupSchema.optional(),
  /** Whether requests create something whose answers do not prove it. */
  creates: creationRulesSchema.optional(),
  /** Says run, task and attempt in a header of every request. */
  runHeader: z.boolean().optional(),
  /** Among tasks that are ready the one with the larger number starts first. */
  priority: z.int().min(-1000).max(1000).default(0),
  /** Tasks that name the same lock never overlap, in whatever run they are. */
  lock: locksSchema.prefault([]),
  /** Labels a worker must carry, all of them. */
  runsOn: labelsSchema.prefault([]),
  /** In how many parts the collection may run at once. */
  shards: z.union([z.literal("auto"), z.int().min(1).max(100)]).optional(),
  variables: z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .default({}),
  /** Variables that its scripts set and that are handed to the tasks after it. */
  outputs: z.array(outputSchema).default([]),
  /** Makes one task of each combination. */
  matrix: matrixSchema.optional(),
  allowEmpty: z.boolean().default(false),
  /** What an upload from outside the working directory means, which is never sent: a failure, or what Newman makes of it. */
  refusedFiles: z.enum(["fail", "warn"]).default("fail"),
  /** Accept requests that go out with `{{variables}}` that nothing gave a value. */
  allowUnresolved: z.boolean().default(false),
  /** Hosts and ranges the collection may reach, or may not. */
  egress: egressSchema.prefault({}),
  /** Targets that must answer before it sends anything, beside those of the plan and of its environment. */
  health: healthSchema.prefault([]),
  /** Requests one iteration may execute: a setNextRequest cycle that does not end is ended here. */
  requestLimit: z.int().min(1).default(5_000),
  bail: bailSchema.default(false),
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
  /** What of its needs must have passed; without it all of them. */
  require: requireSchema.optional(),
  /** Whether nothing may be left of what the tasks before it created. */
  zeroOrphans: z.boolean().optional(),
});

/** The document plan.yaml holds. Unknown keys are refused: a misspelt `needs` must not run. */
const planDocumentSchema = z.strictObject({
  name: idSchema,
  title: z.string().optional(),
  environment: layersSchema.optional(),
  /** Limit of the whole run, from its acceptance. */
  timeout: durationSchema.optional(),
  /** Targets that must answer before a task sends anything. */
  health: healthSchema.optional(),
  /** For every task that says nothing else. */
  cleanup: cleanupSchema.optional(),
  /** For every task, beside what it says itself. */
  creates: creationRulesSchema.optional(),
  runHeader: z.boolean().optional(),
  /** How many tasks of a run may run at once. */
  parallel: z.int().min(1).max(100_000).optional(),
  /** How long after the start of a task the next one of the run may start. */
  stagger: durationSchema.optional(),
  tasks: z
    .record(z.string(), z.unknown())
    .refine((tasks) => Object.keys(tasks).length > 0, "a plan needs at least one task"),
});

/** The JSON Schema of plan.yaml's top level and of its two kinds of node, for the API document. */
export const planSchemas = {
  document: planDocumentSchema,
  task: taskSchema,
  checkpoint: checkpointSchema,
};

/** The nodes of a raw document by id; none where there are none to be found. */
export function taskEntries(document: unknown): Readonly<Record<string, unknown>> {
  const tasks = isJsonObject(document) ? document["tasks"] : undefined;
  return isJsonObject(tasks) ? tasks : {};
}
