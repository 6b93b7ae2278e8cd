/** Trying a task again: for which causes, how often and after what pause. */

import { z } from "zod";
import { durationSchema } from "./duration.js";

/**
 * refused: a connection that could not be made or was lost; timeout: a request or the task took too long; crash: the process
 * that ran it died; failed: anything else that was red.
 */
export const retryCauseSchema = z.enum(["refused", "timeout", "crash", "failed"]);
export type RetryCause = z.infer<typeof retryCauseSchema>;

/** A failed assertion is an answer, so it is asked again only where the plan says so. */
const DEFAULT_CAUSES: readonly RetryCause[] = ["refused", "crash"];
const DEFAULT_BACKOFF = "1s";
const MAX_RETRIES = 20;
/** A pause doubles with each attempt, up to this. */
const MAX_PAUSE_MS = 5 * 60_000;

/** How it stands in the stored plan. */
export const retriesNodeSchema = z.strictObject({
  max: z.int().min(0),
  on: z.array(retryCauseSchema),
  backoffMs: z.number(),
});
export type Retries = Readonly<z.infer<typeof retriesNodeSchema>>;

const retriesObjectSchema = z.strictObject({
  max: z.int().min(1).max(MAX_RETRIES),
  on: z
    .array(retryCauseSchema)
    .min(1, "name at least one cause")
    .default([...DEFAULT_CAUSES]),
  backoff: durationSchema.prefault(DEFAULT_BACKOFF),
});

/** `retries: 2`, or `retries: { max: 2, on: [refused, timeout], backoff: 5s }`. */
export const retriesSchema = z
  .union([
    z
      .int()
      .min(0)
      .max(MAX_RETRIES)
      .transform((max) => ({ max })),
    retriesObjectSchema,
  ])
  .transform((given): Retries => {
    const { max, on, backoff } = { on: [...DEFAULT_CAUSES], backoff: 1000, ...given };
    return { max, on, backoffMs: backoff };
  });

/** The pause before the next attempt, or null when there is none. Attempts that a worker did not survive count as well. */
export function pauseBeforeRetry(
  { max, on, backoffMs }: Retries,
  attempt: number,
  cause: RetryCause | null,
): number | null {
  if (cause === null || !on.includes(cause) || attempt > max) return null;
  return Math.min(MAX_PAUSE_MS, backoffMs * 2 ** (attempt - 1));
}
