/** How long a task waited for what between being ready and its start: a sum for each reason, however often it came and was sent away. */

import { z } from "zod";

/** A task has few permits; whatever plan it is, an account stays small. */
const MAX_REASONS = 10;
const OTHER = "other things";
/** What it waits for where nothing sent it away: a worker with a free lane and its labels, in a queue that is not paused. */
const LANE = "a lane";
/** Shorter than this nobody waits. */
const MIN_MS = 10;

export const waitedSchema = z.record(z.string(), z.int().min(0));
/** Milliseconds by reason. */
export type Waited = z.infer<typeof waitedSchema>;

export const waitsSchema = z.strictObject({
  /** The attempt whose start is waited for. */
  attempt: z.int().min(1),
  /** What is waited for since when. */
  reason: z.string(),
  sinceAt: z.int(),
  /** The stretches before that. */
  waited: waitedSchema,
});
export type Waits = z.infer<typeof waitsSchema>;

/** The account of a task that has become ready. */
export function beginWaits(readyAt: number, attempt = 1): Waits {
  return { attempt, reason: LANE, sinceAt: readyAt, waited: {} };
}

/** The task has come, and is sent away for a reason. */
export function waitFor(reason: string, before: Waits, now: number): Waits {
  return { ...before, reason, sinceAt: now, waited: waitedUntil(now, before) };
}

/** What all of its waiting comes to, when it starts now. */
export function waitedUntil(now: number, { reason, sinceAt, waited }: Waits): Waited {
  const lastMs = Math.max(0, now - sinceAt);
  if (lastMs < MIN_MS) return waited;
  const isKnown = reason in waited || Object.keys(waited).length < MAX_REASONS;
  const name = isKnown ? reason : OTHER;
  return { ...waited, [name]: (waited[name] ?? 0) + lastMs };
}
