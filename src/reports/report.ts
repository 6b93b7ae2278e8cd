/** The report of a run: the model every format is written from, and the JSON report itself. Its names are stable. */

import type { RunEvent } from "../core/event.js";
import { addCounts, type Counts } from "../core/evidence.js";
import { statusSchema, type Outcome } from "../core/outcome.js";
import { environmentsOf, type RunStatus, type Verdict } from "../core/run.js";
import { timingOf, type RunTiming } from "../core/timing.js";
import { foldNode, isoDate, latestAttempts } from "./fold-node.js";
import { failuresOf, type FailureReport } from "./failures.js";
import type { NodeReport, NodeStatus } from "./node-report.js";

const SLOWEST_COUNT = 10;

export interface SlowRequest {
  readonly task: string;
  /** 0-based. */
  readonly iteration: number;
  readonly folders: readonly string[];
  readonly request: string;
  readonly method: string;
  readonly url: string;
  readonly status: number | null;
  readonly responseTimeMs: number;
  readonly responseSizeBytes: number | null;
}

export interface RunReport {
  readonly schemaVersion: 1;
  readonly runId: string;
  readonly plan: { readonly name: string; readonly title: string };
  /** Null while the run goes on. */
  readonly verdict: Verdict | null;
  /** Names of the environment layers; empty is the choice of no environment. */
  readonly environment: readonly string[];
  readonly trigger: string;
  /** What was tested, as the caller said it. */
  readonly branch: string | null;
  readonly commit: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** The run this one repeats. */
  readonly rerunOf: string | null;
  readonly createdAt: string;
  /** First start of a node. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** From the first start to the end; null as long as one of them is missing. */
  readonly durationMs: number | null;
  readonly cancellation: { readonly by: string; readonly at: string } | null;
  readonly totals: {
    readonly counts: Counts;
    readonly tasks: Readonly<Record<NodeStatus | "total", number>>;
    readonly checkpoints: Readonly<Record<NodeStatus | "total", number>>;
  };
  /** Tasks and checkpoints in the order of the plan. */
  readonly tasks: readonly NodeReport[];
  readonly failures: readonly FailureReport[];
  /** Slowest first. */
  readonly slowest: readonly SlowRequest[];
  readonly timing: RunTiming;
}

/** Folds a run, ended or not, into its report. Attempts before the final one are shown, and do not count. */
export function buildReport(
  from: RunStatus & {
    readonly outcomes: ReadonlyMap<string, Outcome>;
    readonly events: readonly RunEvent[];
  },
): RunReport {
  const { run, end, cancellation, outcomes, events } = from;
  const attempts = latestAttempts(events);
  const seen = { outcomes, attempts, events };
  const tasks = run.plan.nodes.map((node) => foldNode(node, seen));
  const starts = tasks.flatMap(({ startedAt }) =>
    startedAt === null ? [] : Date.parse(startedAt),
  );
  const startedAt = starts.reduce(
    (first, start) => Math.min(first, start),
    Number.POSITIVE_INFINITY,
  );
  return {
    schemaVersion: 1,
    runId: run.id,
    plan: { name: run.plan.name, title: run.plan.title },
    verdict: end?.verdict ?? null,
    environment: environmentsOf(run),
    trigger: run.trigger,
    branch: run.branch,
    commit: run.commit,
    labels: run.labels,
    rerunOf: run.rerunOf,
    createdAt: isoDate(run.createdAt),
    startedAt: starts.length === 0 ? null : isoDate(startedAt),
    endedAt: end === null ? null : isoDate(end.endedAt),
    durationMs: end === null || starts.length === 0 ? null : Math.max(0, end.endedAt - startedAt),
    cancellation:
      cancellation === null ? null : { by: cancellation.by, at: isoDate(cancellation.at) },
    totals: {
      counts: addCounts(tasks.map(({ counts }) => counts)),
      tasks: countStatuses(tasks.filter(({ kind }) => kind === "task")),
      checkpoints: countStatuses(tasks.filter(({ kind }) => kind === "checkpoint")),
    },
    tasks,
    failures: tasks.flatMap(failuresOf),
    slowest: slowestOf(tasks),
    timing: timingOf(run.plan, outcomes),
  };
}

function countStatuses(
  nodes: readonly NodeReport[],
): Readonly<Record<NodeStatus | "total", number>> {
  const count = (wanted: NodeStatus): number =>
    nodes.filter(({ status }) => status === wanted).length;
  const { passed, failed, errored, timed_out, cancelled, skipped } = statusSchema.enum;
  return {
    total: nodes.length,
    passed: count(passed),
    failed: count(failed),
    errored: count(errored),
    timed_out: count(timed_out),
    cancelled: count(cancelled),
    skipped: count(skipped),
    running: count("running"),
    waiting: count("waiting"),
  };
}

function slowestOf(tasks: readonly NodeReport[]): SlowRequest[] {
  return tasks
    .flatMap(({ id: task, requests }) =>
      requests.flatMap(
        ({ iteration, folders, name, method, url, status, responseTimeMs, responseSizeBytes }) =>
          responseTimeMs === null
            ? []
            : [
                {
                  task,
                  iteration,
                  folders,
                  request: name,
                  method,
                  url,
                  status,
                  responseTimeMs,
                  responseSizeBytes,
                },
              ],
      ),
    )
    .sort((left, right) => right.responseTimeMs - left.responseTimeMs)
    .slice(0, SLOWEST_COUNT);
}
