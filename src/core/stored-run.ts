/** A run as a store keeps it: the schema that reads a stored document back. */

import { z } from "zod";
import { narrowedEgressSchema } from "./egress.js";
import { exportNamesSchema } from "./exports.js";
import { isJsonObject } from "./json-object.js";
import { generatedDataSchema } from "./generated-data.js";
import { storedHealthSchema } from "./health.js";
import { planSchemas } from "./plan-document.js";
import type { Plan } from "./plan.js";
import { retriesNodeSchema } from "./retries.js";
import type { Cancellation, Pause, Run, RunEnd } from "./run.js";
import { verdictSchema } from "./run.js";
import { placedRulesSchema } from "./sweep.js";
import { splitSchema } from "./split.js";

const resolved = {
  id: z.string(),
  title: z.string(),
  timeoutMs: z.int(),
};

/** Made from the schema of plan.yaml, so that a new option of a task is stored as well; only what reading changes is said again. */
const taskNodeSchema = planSchemas.task.omit({ timeout: true, matrix: true }).extend({
  kind: z.literal("task"),
  ...resolved,
  folder: z.array(z.string()),
  exclude: z.array(z.string()),
  runsOn: z.array(z.string()),
  retries: retriesNodeSchema,
  // One name where an older version wrote it.
  lock: z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]),
  environment: z.array(z.string()).nullable(),
  data: z.string().optional(),
  generated: generatedDataSchema.optional(),
  split: splitSchema.optional(),
  exports: exportNamesSchema.optional(),
  ownVariables: z.array(z.string()).optional(),
  sweep: placedRulesSchema.optional(),
  egress: narrowedEgressSchema,
  health: storedHealthSchema.default([]),
  timeoutRequest: z.int().optional(),
  timeoutScript: z.int().optional(),
  delayRequest: z.int().optional(),
});

const checkpointNodeSchema = planSchemas.checkpoint
  .omit({ checkpoint: true, timeout: true })
  .extend({
    kind: z.literal("checkpoint"),
    ...resolved,
  });

const planSchema: z.ZodType<Plan> = z.strictObject({
  name: z.string(),
  title: z.string(),
  environment: z.array(z.string()),
  timeoutMs: z.int().optional(),
  health: storedHealthSchema.optional(),
  parallel: z.int().optional(),
  staggerMs: z.int().optional(),
  nodes: z.array(z.discriminatedUnion("kind", [taskNodeSchema, checkpointNodeSchema])),
});

const runDocumentSchema = z.strictObject({
  id: z.string(),
  plan: planSchema,
  workingDirectory: z.string(),
  files: z.record(z.string(), z.string()),
  uploads: z.record(z.string(), z.string()).default({}),
  environment: z.array(z.string()),
  inputs: z.string(),
  createdAt: z.int(),
  timeoutMs: z.int().optional(),
  namespace: z.string(),
  trigger: z.string(),
  // What runs did not have from the beginning has a default, so that older ones can still be read.
  branch: z.string().nullable().default(null),
  commit: z.string().nullable().default(null),
  labels: z.record(z.string(), z.string()).default({}),
  overrides: z.array(z.string()).default([]),
  rerunOf: z.string().nullable().default(null),
  reused: z.record(z.string(), z.string()).default({}),
  fingerprint: z.string(),
  parallel: z.int().optional(),
  turns: z.record(z.string(), z.number()).optional(),
});

/** The namespace was called `home` before workers on other machines could share one. */
export const runSchema: z.ZodType<Run> = z.preprocess((document) => {
  if (!isJsonObject(document) || !("home" in document)) return document;
  const { home, ...rest } = document;
  return { namespace: home, ...rest };
}, runDocumentSchema);

export const runEndSchema: z.ZodType<RunEnd> = z.strictObject({
  verdict: verdictSchema,
  endedAt: z.int(),
});

export const pauseSchema: z.ZodType<Pause> = z.strictObject({ by: z.string(), at: z.int() });

export const cancellationSchema: z.ZodType<Cancellation> = z.strictObject({
  by: z.string(),
  at: z.int(),
});
