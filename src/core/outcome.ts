/** The write-once result of one node in one run. */

import { z } from "zod";
import { countsSchema } from "./evidence.js";
import { ledgerCountsSchema } from "./ledger-entry.js";

/**
 * passed; failed (an assertion, a request or a script of the user's); errored (it could not be run or proven);
 * timed_out; cancelled; skipped (a need did not pass).
 */
export const statusSchema = z.enum([
  "passed",
  "failed",
  "errored",
  "timed_out",
  "cancelled",
  "skipped",
]);
export type Status = z.infer<typeof statusSchema>;

/** Why a node did not pass, as a stable word next to the sentence for people. */
const causeSchema = z.enum([
  "assertion",
  "request",
  "script",
  "no_requests",
  "no_assertions",
  "no_iterations",
  "collection",
  "crash",
  "starts_exhausted",
  "health",
  "deadline",
  "cancelled",
  "need",
  "evidence",
  "output",
  "cleanup",
  "orphans",
]);
export type Cause = z.infer<typeof causeSchema>;

export const MAX_REASON_LENGTH = 400;

export const outcomeSchema = z.strictObject({
  node: z.string(),
  kind: z.enum(["task", "checkpoint"]),
  status: statusSchema,
  /** Null exactly when the status is `passed`. */
  cause: causeSchema.nullable(),
  reason: z.string().max(MAX_REASON_LENGTH).nullable(),
  /** 1-based; 0 when the node never started. */
  attempt: z.int().min(0),
  startedAt: z.int().nullable(),
  endedAt: z.int(),
  /** Test-data namespace of this attempt; null when it never started. */
  prefix: z.string().nullable(),
  counts: countsSchema,
  /** What this attempt created on its target and deleted there. */
  ledger: ledgerCountsSchema.optional(),
  /** The run in which the task passed, where it was not executed again; then there is no attempt and nothing is counted. */
  reusedFrom: z.string().optional(),
  /** Where the variables it hands on are kept until the run ends; absent where there are none. */
  outputs: z.string().optional(),
  /** Mark of whoever recorded it, by which each of several writers of the same outcome knows whether its own stands. */
  writer: z.string().optional(),
});
export type Outcome = z.infer<typeof outcomeSchema>;

/** Milliseconds from start to end; 0 for a node that never started. */
export function durationOf(outcome: Outcome): number {
  return outcome.startedAt === null ? 0 : outcome.endedAt - outcome.startedAt;
}

/** A reason that fits an outcome. */
export function shorten(reason: string): string {
  return reason.length <= MAX_REASON_LENGTH ? reason : `${reason.slice(0, MAX_REASON_LENGTH - 1)}…`;
}
