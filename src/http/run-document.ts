/** A run as the API shows it. */

import { z } from "zod";
import { addCounts, countsSchema } from "../core/evidence.js";
import { outcomeSchema } from "../core/outcome.js";
import { environmentsOf, verdictSchema, type RunStatus } from "../core/run.js";
import type { RunView } from "../service/service.js";

const runStateSchema = z.enum(["queued", "running", "ended"]);
const linksSchema = z.strictObject({
  self: z.string(),
  events: z.string(),
  report: z.string(),
  cancel: z.string(),
});

export const runReceiptSchema = z
  .strictObject({
    id: z.string(),
    state: runStateSchema,
    verdict: verdictSchema.nullable().describe("Null until the run has ended."),
    links: linksSchema,
  })
  .meta({ id: "RunReceipt" });

export const runSummarySchema = runReceiptSchema
  .extend({
    plan: z.strictObject({ name: z.string(), title: z.string() }),
    environment: z.array(z.string()).describe("Layers chosen for the run, weakest first."),
    trigger: z.string(),
    branch: z.string().nullable(),
    commit: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    rerunOf: z.string().nullable().describe("The run this one repeats."),
    cancelledBy: z.string().nullable(),
    pausedBy: z.string().nullable().describe("Null unless the run is paused."),
    createdAt: z.string(),
    endedAt: z.string().nullable(),
    counts: countsSchema,
  })
  .meta({ id: "RunSummary" });

export const runDocumentSchema = runSummarySchema
  .extend({
    nodes: z.array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(["task", "checkpoint"]),
        title: z.string(),
        needs: z.array(z.string()),
        state: z.enum(["waiting", "running", "ended"]),
        waitingFor: z
          .string()
          .nullable()
          .describe(
            "What a task whose turn has come waits for: a lock and who holds it, a limit, a pause, a worker with its labels, a lane. Null otherwise.",
          ),
        outcome: outcomeSchema.nullable(),
      }),
    ),
  })
  .meta({ id: "Run" });

type RunReceipt = z.infer<typeof runReceiptSchema>;

/** State and links of a run; `started` says whether any node has begun. */
export function runReceipt(status: RunStatus, started: boolean): RunReceipt {
  const self = `/v1/runs/${status.run.id}`;
  return {
    id: status.run.id,
    state: status.end !== null ? "ended" : started ? "running" : "queued",
    verdict: status.end?.verdict ?? null,
    links: {
      self,
      events: `${self}/events`,
      report: `${self}/report.json`,
      cancel: `${self}/cancel`,
    },
  };
}

export function runSummary(view: RunView): z.infer<typeof runSummarySchema> {
  const { run, end, cancellation } = view;
  return {
    ...runReceipt(view, view.active.length > 0 || view.outcomes.size > 0),
    plan: { name: run.plan.name, title: run.plan.title },
    environment: environmentsOf(run),
    trigger: run.trigger,
    branch: run.branch,
    commit: run.commit,
    labels: { ...run.labels },
    rerunOf: run.rerunOf,
    cancelledBy: cancellation?.by ?? null,
    pausedBy: view.pause?.by ?? null,
    createdAt: new Date(run.createdAt).toISOString(),
    endedAt: end === null ? null : new Date(end.endedAt).toISOString(),
    counts: addCounts(
      [...view.outcomes.values()].filter(({ kind }) => kind === "task").map(({ counts }) => counts),
    ),
  };
}

export function runDocument(view: RunView): z.infer<typeof runDocumentSchema> {
  const active = new Set(view.active);
  return {
    ...runSummary(view),
    nodes: view.run.plan.nodes.map(({ id, kind, title, needs }) => {
      const outcome = view.outcomes.get(id) ?? null;
      const state = outcome !== null ? "ended" : active.has(id) ? "running" : "waiting";
      const waitingFor = view.waitingFor?.get(id) ?? null;
      return { id, kind, title, needs: [...needs], state, waitingFor, outcome };
    }),
  };
}
