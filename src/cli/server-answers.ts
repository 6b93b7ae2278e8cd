/** What commands read of a service's answers. Keys they do not know are passed over: the service may be a newer one. */

import { z } from "zod";
import { countsSchema } from "../core/evidence.js";
import { outcomeSchema } from "../core/outcome.js";
import { verdictSchema } from "../core/run.js";

const stateSchema = z.enum(["queued", "running", "ended"]);

export const receiptAnswerSchema = z.object({
  id: z.string(),
  state: stateSchema,
  verdict: verdictSchema.nullable(),
});

const summaryAnswerSchema = receiptAnswerSchema.extend({
  plan: z.object({ name: z.string(), title: z.string() }),
  environment: z.array(z.string()),
  trigger: z.string(),
  branch: z.string().nullable(),
  commit: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  rerunOf: z.string().nullable(),
  cancelledBy: z.string().nullable(),
  pausedBy: z.string().nullable(),
  createdAt: z.string(),
  endedAt: z.string().nullable(),
  counts: z.object(countsSchema.shape),
});
export type SummaryAnswer = z.infer<typeof summaryAnswerSchema>;

export const runAnswerSchema = summaryAnswerSchema.extend({
  nodes: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      state: z.enum(["waiting", "running", "ended"]),
      waitingFor: z.string().nullable().default(null),
      outcome: z.object(outcomeSchema.shape).nullable(),
    }),
  ),
});
export type RunAnswer = z.infer<typeof runAnswerSchema>;

export const runPageAnswerSchema = z.object({
  runs: z.array(summaryAnswerSchema),
  next: z.string().nullable(),
});

export const queueAnswerSchema = z.object({ paused: z.boolean() });

export const scheduleAnswerSchema = z.object({
  name: z.string(),
  plan: z.string(),
  cron: z.string(),
  timezone: z.string(),
  environment: z.union([z.string(), z.array(z.string()), z.null()]).optional(),
  pausedBy: z.string().nullable(),
  nextAt: z.string().nullable(),
  last: z
    .object({ at: z.string(), runId: z.string().nullable(), problem: z.string().nullable() })
    .nullable(),
});
export type ScheduleAnswer = z.infer<typeof scheduleAnswerSchema>;

export const scheduleListAnswerSchema = z.object({ schedules: z.array(scheduleAnswerSchema) });

export const workerListAnswerSchema = z.object({
  workers: z.array(
    z.object({
      id: z.string(),
      host: z.string(),
      pid: z.int(),
      version: z.string(),
      lanes: z.int(),
      busy: z.int(),
      labels: z.array(z.string()),
      tasks: z.array(z.object({ runId: z.string(), node: z.string() })),
      lastSeen: z.string(),
    }),
  ),
});

export const planListAnswerSchema = z.object({ plans: z.array(z.object({ id: z.string() })) });

export const collectionListAnswerSchema = z.object({
  collections: z.array(z.object({ name: z.string() })),
});

export const orphanSweepAnswerSchema = z.object({
  dryRun: z.boolean(),
  found: z.array(
    z.object({
      name: z.string(),
      id: z.string(),
      run: z.string(),
      task: z.string(),
      fate: z.enum(["deleted", "would be deleted", "kept", "left"]),
      why: z.string().nullable(),
    }),
  ),
  trouble: z.string().nullable(),
});

export const problemAnswerSchema = z.object({
  code: z.string(),
  detail: z.string(),
  problems: z.array(
    z.object({ path: z.string(), message: z.string(), suggestedAction: z.string().optional() }),
  ),
});
