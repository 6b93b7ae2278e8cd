/** Every message between a lane and its child process, both ways. */

import { resolve } from "node:path";
import { z } from "zod";
import { countsSchema, requestRecordSchema } from "../core/evidence.js";
import { bailSchema } from "../core/bail.js";
import { certificatesSchema } from "../core/certificates.js";
import { creationRulesSchema } from "../core/creation-rules.js";
import { exportNamesSchema, exportsSchema } from "../core/exports.js";
import { ofType, valueTypeSchema } from "../core/environment.js";
import { narrowedEgressSchema } from "../core/egress.js";
import type { CollectionJob } from "../core/collection-job.js";

const failureSchema = z.strictObject({
  kind: z.enum(["assertion", "request", "script"]),
  iteration: z.int().min(0),
  item: z.string(),
  message: z.string(),
});

const variableSchema = z.strictObject({
  key: z.string(),
  value: z.unknown(),
  type: valueTypeSchema.optional(),
});

const jobSchema = z.strictObject({
  collection: z.unknown(),
  environment: z.strictObject({ name: z.string(), rows: z.array(variableSchema) }),
  globals: z.array(variableSchema),
  data: z
    .strictObject({
      format: z.enum(["csv", "json"]),
      text: z.string(),
      csvTypes: z.boolean().optional(),
    })
    .nullable(),
  iterations: z.int().min(1).nullable(),
  iterationRange: z.strictObject({ from: z.int().min(0), to: z.int().min(1) }).nullable(),
  folder: z.array(z.string()),
  workingDirectory: z.string(),
  refusedFiles: z.enum(["fail", "warn"]),
  allowUnresolved: z.boolean(),
  egress: narrowedEgressSchema,
  pacedHosts: z.array(z.string()),
  guardedSecrets: z.array(
    z.strictObject({ name: z.string(), value: z.string(), domains: z.array(z.string()) }),
  ),
  runHeader: z.string().optional(),
  creations: z.strictObject({ prefix: z.string(), rules: creationRulesSchema }),
  requestLimit: z.int().min(1),
  outputs: z.array(z.string()),
  exports: exportNamesSchema,
  cookieJar: z.string().nullable(),
  certificates: certificatesSchema.nullable(),
  /** Larger responses are cut off, and their requests fail. */
  maxResponseBytes: z.int().min(1),
  bail: bailSchema,
  insecure: z.boolean(),
  ignoreRedirects: z.boolean(),
  timeoutRequestMs: z.number().min(0).nullable(),
  timeoutScriptMs: z.number().min(0).nullable(),
  delayRequestMs: z.number().min(0).nullable(),
});
export type JobMessage = z.infer<typeof jobSchema>;

/** On the clock that both read; null for a run without such an end. */
const leaseEndSchema = z.number().nullable();

/** Lane to child. A child runs one collection at a time. */
export const toChildSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("run"), job: jobSchema, leaseEndsAtMs: leaseEndSchema }),
  /** The lease of the run that is underway has been renewed. */
  z.strictObject({ type: z.literal("lease"), leaseEndsAtMs: leaseEndSchema }),
  /** The answer to `turn` of this number. */
  z.strictObject({ type: z.literal("go"), turn: z.int(), waitMs: z.number().min(0) }),
]);
export type ToChild = z.infer<typeof toChildSchema>;

/** Child to lane. A run is `taken`, any number of `records` and then exactly one `finished`; a `crash` is the last word of a child. */
export const fromChildSchema = z.discriminatedUnion("type", [
  /** `warning` says what is not as it should be, although the child can take jobs. */
  z.strictObject({ type: z.literal("ready"), warning: z.string().optional() }),
  /** The job has arrived: from here on requests may have been sent. */
  z.strictObject({ type: z.literal("taken") }),
  /** Records in the order of execution, with the totals so far. */
  z.strictObject({
    type: z.literal("records"),
    records: z.array(requestRecordSchema),
    counts: countsSchema,
  }),
  /** A request to a paced host asks when it may go. */
  z.strictObject({ type: z.literal("turn"), turn: z.int(), host: z.string() }),
  z.strictObject({
    type: z.literal("finished"),
    counts: countsSchema,
    assertionsSkipped: z.int().min(0),
    failures: z.array(failureSchema),
    runError: z.string().nullable(),
    outputs: z.record(z.string(), z.unknown()),
    exports: exportsSchema,
    /** Memory the child holds after the run. */
    residentBytes: z.int().min(0),
  }),
  z.strictObject({ type: z.literal("crash"), cause: z.string() }),
]);
export type FromChild = z.infer<typeof fromChildSchema>;

/** A job as it travels: only what Newman needs of it, so that no layer names or secret marks leave the service. */
export function toJobMessage(
  job: CollectionJob,
  limits: Pick<JobMessage, "maxResponseBytes">,
): JobMessage {
  return {
    ...job,
    ...limits,
    // Newman compares whole paths to tell what is inside.
    workingDirectory: resolve(job.workingDirectory),
    environment: {
      name: job.environment.name,
      rows: job.environment.rows.map(({ key, value, type }) => ({ key, value, ...ofType(type) })),
    },
    guardedSecrets: job.guardedSecrets.map((secret) => ({
      ...secret,
      domains: [...secret.domains],
    })),
    globals: job.globals.map(({ key, value, type }) => ({ key, value, ...ofType(type) })),
    folder: [...job.folder],
    bail: bailSchema.parse(job.bail),
    pacedHosts: [...job.pacedHosts],
    outputs: [...job.outputs],
    exports: [...job.exports],
  };
}
