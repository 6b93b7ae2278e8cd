/** The event log of a run: everything that happened, in order. Followers stream it, the report is folded from it. */

import { z } from "zod";
import { requestRecordSchema } from "./evidence.js";
import { outcomeSchema } from "./outcome.js";
import { retryCauseSchema } from "./retries.js";
import { verdictSchema } from "./run.js";
import { waitedSchema } from "./waits.js";

const at = z.int();
const node = z.string();
const attempt = z.int().min(1);

export const runEventSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("run.accepted"),
    at,
    plan: z.string(),
    title: z.string(),
    nodes: z.array(z.string()),
  }),
  z.strictObject({
    type: z.literal("node.started"),
    at,
    node,
    attempt,
    prefix: z.string().nullable(),
    /** Where it is known for what it waited after it had become ready. */
    waited: waitedSchema.optional(),
  }),
  /** A piece of evidence: records in the order of execution. */
  z.strictObject({
    type: z.literal("task.requests"),
    at,
    node,
    attempt,
    records: z.array(requestRecordSchema),
  }),
  /** An attempt that is not the last one: the task is tried again. */
  z.strictObject({
    type: z.literal("attempt.ended"),
    at,
    outcome: outcomeSchema,
    because: retryCauseSchema,
    retryAt: z.int(),
  }),
  z.strictObject({ type: z.literal("node.ended"), at, outcome: outcomeSchema }),
  z.strictObject({ type: z.literal("run.cancelling"), at, by: z.string() }),
  z.strictObject({ type: z.literal("run.ended"), at, verdict: verdictSchema }),
]);
export type RunEvent = z.infer<typeof runEventSchema>;

/** A stored event with its place in the log; `id` is opaque and grows within a run. */
export interface StoredEvent {
  readonly id: string;
  readonly event: RunEvent;
}
