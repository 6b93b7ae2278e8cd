/** What is said of a run beside its subject, and the questions its history is asked. */

import { z } from "zod";
import { verdictSchema } from "../core/run.js";
import type { RunQuery } from "../core/run-query.js";

/** What stands in a stored run or a log line keeps to printable text. */
export const printable = z.string().regex(/^[\x20-\x7E]+$/, "use printable ASCII characters");

export const bySchema = printable.max(200).optional().describe("Who asks, for people.");

export const runParamsSchema = z.strictObject({
  id: z.string().regex(/^[\w-]{1,64}$/, "this is not the id of a run"),
});

export const variablesSchema = z
  .record(z.string().min(1), z.string())
  .optional()
  .describe("Overrides; they win over every layer.");

export const originSchema = z.strictObject({
  branch: printable.max(250).optional().describe("Branch of what is tested."),
  commit: printable.max(100).optional().describe("Commit of what is tested."),
  labels: z
    .record(printable.max(60), printable.max(200))
    .refine((labels) => Object.keys(labels).length <= 20, "at most 20 labels")
    .optional()
    .describe("Whatever else people should see of it."),
});

const timeSchema = z.iso
  .datetime({ offset: true, error: "write a time such as 2026-11-23T09:30:00Z" })
  .transform((text) => Date.parse(text));

export const runQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().min(1).optional().describe("`next` of the page before."),
  plan: z.string().min(1).optional().describe("Name of a plan."),
  environment: z.string().min(1).optional().describe("One of the layers chosen for the run."),
  branch: z.string().min(1).optional(),
  verdict: verdictSchema.optional(),
  since: timeSchema.optional().describe("Accepted at this time or later."),
  until: timeSchema.optional().describe("Accepted before this time."),
});

/** The query as the store is asked it: keys that were not given are absent. */
export function historyQuery(query: z.output<typeof runQuerySchema>): RunQuery {
  const { limit, cursor, plan, environment, branch, verdict, since, until } = query;
  return {
    limit,
    ...(cursor === undefined ? {} : { before: cursor }),
    ...(plan === undefined ? {} : { plan }),
    ...(environment === undefined ? {} : { environment }),
    ...(branch === undefined ? {} : { branch }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}
