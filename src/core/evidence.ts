/** What was seen while a collection ran: one record for each executed request, and the totals Newman counted. */

import { z } from "zod";
import { ledgerEntrySchema } from "./ledger-entry.js";

/** Bodies and headers kept for a failed request only; already cut to size and masked when they reach a store. */
const exchangeSchema = z.strictObject({
  requestHeaders: z.array(z.tuple([z.string(), z.string()])),
  requestBody: z.string().nullable(),
  responseHeaders: z.array(z.tuple([z.string(), z.string()])),
  responseBody: z.string().nullable(),
});

const assertionSchema = z.strictObject({
  name: z.string(),
  outcome: z.enum(["passed", "failed", "skipped"]),
  message: z.string().nullable(),
});

/** One executed item of one iteration. */
export const requestRecordSchema = z.strictObject({
  /** 0-based, in the order of execution within the attempt. */
  index: z.int().min(0),
  /** 0-based, as Newman's cursor counts. */
  iteration: z.int().min(0),
  /** Id of the item in its collection. */
  itemId: z.string(),
  name: z.string(),
  /** Names of the folders around it, outermost first. */
  folders: z.array(z.string()),
  method: z.string(),
  url: z.string(),
  /** HTTP status; null when no response came. */
  status: z.int().nullable(),
  /** Text of a failed transport (`connect ECONNREFUSED …`), or what was wrong with a request that was answered; null for nothing. */
  requestError: z.string().nullable(),
  startedAt: z.int(),
  /** From the first byte sent to the last one received; null when no response came. */
  responseTimeMs: z.number().nullable(),
  responseSizeBytes: z.int().nullable(),
  assertions: z.array(assertionSchema),
  scriptErrors: z.array(
    z.strictObject({
      script: z.enum(["prerequest", "test"]),
      name: z.string(),
      message: z.string(),
    }),
  ),
  /** Lines the scripts wrote to the console. */
  console: z.array(z.strictObject({ level: z.string(), text: z.string() })),
  exchange: exchangeSchema.nullable(),
  /** What it created or deleted on the target; absent for most requests. */
  ledger: ledgerEntrySchema.optional(),
});
export type RequestRecord = z.infer<typeof requestRecordSchema>;

/** Totals as Newman's own summary counts them. */
export const countsSchema = z.strictObject({
  iterations: z.int().min(0),
  requests: z.int().min(0),
  requestsFailed: z.int().min(0),
  assertions: z.int().min(0),
  assertionsFailed: z.int().min(0),
  /** Scripts that ran to an error, prerequest and test together. */
  scriptsFailed: z.int().min(0),
  /** Length of Newman's list of failures: assertions, requests and scripts together. */
  failures: z.int().min(0),
});
export type Counts = z.infer<typeof countsSchema>;

export const NO_COUNTS: Counts = {
  iterations: 0,
  requests: 0,
  requestsFailed: 0,
  assertions: 0,
  assertionsFailed: 0,
  scriptsFailed: 0,
  failures: 0,
};

/** The sum of several totals, as a run shows them. */
export function addCounts(all: readonly Counts[]): Counts {
  return all.reduce(
    (sum, counts) => ({
      iterations: sum.iterations + counts.iterations,
      requests: sum.requests + counts.requests,
      requestsFailed: sum.requestsFailed + counts.requestsFailed,
      assertions: sum.assertions + counts.assertions,
      assertionsFailed: sum.assertionsFailed + counts.assertionsFailed,
      scriptsFailed: sum.scriptsFailed + counts.scriptsFailed,
      failures: sum.failures + counts.failures,
    }),
    NO_COUNTS,
  );
}

/** True for a record that holds anything that went wrong. */
export function recordFailed(record: RequestRecord): boolean {
  return (
    record.requestError !== null ||
    record.scriptErrors.length > 0 ||
    record.assertions.some((assertion) => assertion.outcome === "failed")
  );
}
