/** What a worker on another machine asks the service for runs, and what it is answered: one entry for each method of the run store. */

import { z } from "zod";
import { runEventSchema } from "./event.js";
import { outcomeSchema } from "./outcome.js";
import type { RunStore } from "./ports.js";
import { verdictSchema } from "./run.js";
import type { RunQuery } from "./run-query.js";
import { cancellationSchema, pauseSchema, runEndSchema, runSchema } from "./stored-run.js";

const runId = z.string();
const node = z.string();
const limit = z.int().min(1);

const runQuerySchema = z.strictObject({
  limit,
  before: z.string().exactOptional(),
  plan: z.string().exactOptional(),
  environment: z.string().exactOptional(),
  branch: z.string().exactOptional(),
  verdict: verdictSchema.exactOptional(),
  since: z.int().exactOptional(),
  until: z.int().exactOptional(),
}) satisfies z.ZodType<RunQuery>;
const progressSchema = z.strictObject({
  end: runEndSchema.nullable(),
  cancellation: cancellationSchema.nullable(),
  pause: pauseSchema.exactOptional(),
});
const statusSchema = progressSchema.extend({ run: runSchema });
const storedEventsSchema = z.array(z.strictObject({ id: z.string(), event: runEventSchema }));

/** Arguments as they travel; whatever is added to the port must be added here, or nothing compiles. */
export const STORE_ARGUMENTS = {
  createRun: z.tuple([runSchema]),
  getRun: z.tuple([runId]),
  listRuns: z.tuple([runQuerySchema]),
  openRuns: z.tuple([]),
  recordOutcome: z.tuple([runId, outcomeSchema]),
  outcomes: z.tuple([runId, z.array(node).readonly().optional()]),
  nextAttempt: z.tuple([runId, node]),
  startedNodes: z.tuple([runId]),
  cancelRun: z.tuple([runId, cancellationSchema]),
  deleteRun: z.tuple([runId]),
  pauseRun: z.tuple([runId, pauseSchema.nullable()]),
  endRun: z.tuple([runId, runEndSchema]),
  appendEvents: z.tuple([runId, z.array(runEventSchema)]),
  readEvents: z.tuple([runId, z.strictObject({ after: z.string().exactOptional(), limit })]),
} as const satisfies { readonly [Name in keyof RunStore]: z.ZodType<Parameters<RunStore[Name]>> };
export type StoreCall = keyof typeof STORE_ARGUMENTS;

/** Answers as they travel; outcomes come as a list, because JSON knows no maps. */
export const STORE_ANSWERS = {
  createRun: z.strictObject({ run: runSchema, created: z.boolean() }),
  getRun: statusSchema.nullable(),
  listRuns: z.array(statusSchema),
  openRuns: z.array(runId),
  recordOutcome: outcomeSchema,
  outcomes: z
    .array(outcomeSchema)
    .transform((outcomes) => new Map(outcomes.map((outcome) => [outcome.node, outcome]))),
  nextAttempt: z.int().min(1),
  startedNodes: z.array(node),
  cancelRun: cancellationSchema,
  deleteRun: z.null().transform(() => undefined),
  pauseRun: z.null().transform(() => undefined),
  endRun: runEndSchema,
  appendEvents: z.null().transform(() => undefined),
  readEvents: storedEventsSchema,
} as const satisfies {
  readonly [Name in keyof RunStore]: z.ZodType<Awaited<ReturnType<RunStore[Name]>>>;
};

/** Asked instead of `getRun` by who has the run already: what a run is made of never changes, and may be large. */
export const PROGRESS_CALL = "progress";
export const progressAnswerSchema = progressSchema.nullable();

/** The header by which a call that is sent twice, because an answer was lost, is known. */
export const CALL_ID_HEADER = "x-turnpike-call";

export const WORKER_API_PATH = "/worker";

export function isStoreCall(name: string): name is StoreCall {
  return Object.hasOwn(STORE_ARGUMENTS, name);
}
