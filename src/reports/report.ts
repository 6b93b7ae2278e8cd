/** The report of a run: the model every format is written from, and the JSON report itself. Its names are stable. */

import type { RunEvent } from "../core/event.js";
import {
  addCounts,
  NO_COUNTS,
  recordFailed,
  type Counts,
  type RequestRecord,
} from "../core/evidence.js";
import { durationOf, statusSchema, type Outcome } from "../core/outcome.js";
import type { PlanNode, TaskNode } from "../core/plan.js";
import type { RunStatus, Verdict } from "../core/run.js";
import { timingOf, type RunTiming } from "../core/timing.js";
import { failuresOf, type FailureReport } from "./failures.js";
import type { AttemptReport, NodeReport, NodeStatus, Waiver } from "./node-report.js";

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
  const tasks = run.plan.nodes.map((node) => {
    const outcome = outcomes.get(node.id);
    const attempt = outcome?.attempt ?? attempts.get(node.id)?.number ?? 0;
    const requests = recordsOf(events, node.id, attempt);
    const shown =
      outcome === undefined
        ? openNode(node, { attempt: attempts.get(node.id), requests })
        : endedNode(node, outcome, requests);
    return { ...shown, earlier: earlierAttempts(events, node.id, attempt) };
  });
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
    environment: run.environment,
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

interface Attempt {
  readonly number: number;
  readonly startedAt: number;
  readonly prefix: string | null;
}

function latestAttempts(events: readonly RunEvent[]): ReadonlyMap<string, Attempt> {
  const latest = new Map<string, Attempt>();
  for (const event of events) {
    if (event.type !== "node.started" || event.attempt < (latest.get(event.node)?.number ?? 0))
      continue;
    latest.set(event.node, { number: event.attempt, startedAt: event.at, prefix: event.prefix });
  }
  return latest;
}

/** Evidence may be appended twice after a lost answer of the store, so a record counts once by its index. */
function recordsOf(events: readonly RunEvent[], node: string, attempt: number): RequestRecord[] {
  const records = new Map<number, RequestRecord>();
  for (const event of events) {
    if (event.type !== "task.requests" || event.node !== node || event.attempt !== attempt)
      continue;
    for (const record of event.records)
      if (!records.has(record.index)) records.set(record.index, record);
  }
  return [...records.values()].sort((left, right) => left.index - right.index);
}

function endedNode(
  node: PlanNode,
  outcome: Outcome,
  requests: readonly RequestRecord[],
): Omit<NodeReport, "earlier"> {
  const reusedFrom = outcome.reusedFrom ?? null;
  return { ...describeNode(node), ...endOf(outcome), reusedFrom, requests };
}

/** What an outcome says of an attempt, as a report writes it. */
function endOf(outcome: Outcome): Omit<AttemptReport, "requests"> {
  const { status, cause, reason, attempt, prefix, counts } = outcome;
  return {
    status,
    cause,
    reason,
    attempt,
    prefix,
    startedAt: outcome.startedAt === null ? null : isoDate(outcome.startedAt),
    endedAt: isoDate(outcome.endedAt),
    durationMs: outcome.startedAt === null ? null : Math.max(0, durationOf(outcome)),
    counts,
  };
}

function earlierAttempts(
  events: readonly RunEvent[],
  node: string,
  last: number,
): readonly AttemptReport[] {
  const ended = new Map<number, Outcome>();
  for (const event of events)
    if (event.type === "attempt.ended" && event.outcome.node === node)
      ended.set(event.outcome.attempt, event.outcome);
  return [...ended.values()]
    .filter(({ attempt }) => attempt < last)
    .map((outcome) => ({
      ...endOf(outcome),
      requests: recordsOf(events, node, outcome.attempt),
    }));
}

function openNode(
  node: PlanNode,
  seen: { readonly attempt: Attempt | undefined; readonly requests: readonly RequestRecord[] },
): Omit<NodeReport, "earlier"> {
  const { attempt, requests } = seen;
  return {
    ...describeNode(node),
    status: attempt === undefined ? "waiting" : "running",
    cause: null,
    reason: null,
    attempt: attempt?.number ?? 0,
    prefix: attempt?.prefix ?? null,
    startedAt: attempt === undefined ? null : isoDate(attempt.startedAt),
    endedAt: null,
    durationMs: null,
    counts: countRecords(requests),
    reusedFrom: null,
    requests,
  };
}

function describeNode(
  node: PlanNode,
): Pick<NodeReport, "id" | "title" | "kind" | "needs" | "waivers"> {
  const { id, title, kind, needs } = node;
  return { id, title, kind, needs, waivers: node.kind === "task" ? waiversOf(node) : [] };
}

function waiversOf({ allowEmpty, allowUnresolved, refusedFiles }: TaskNode): Waiver[] {
  return [
    ...(allowEmpty ? (["allowEmpty"] as const) : []),
    ...(allowUnresolved ? (["allowUnresolved"] as const) : []),
    ...(refusedFiles === "warn" ? (["refusedFiles"] as const) : []),
  ];
}

/** Totals so far of a task whose own are not there yet. */
function countRecords(records: readonly RequestRecord[]): Counts {
  const failedRecords = records.filter(recordFailed);
  const requestsFailed = failedRecords.filter(({ requestError }) => requestError !== null).length;
  const scriptsFailed = failedRecords.reduce(
    (sum, { scriptErrors }) => sum + scriptErrors.length,
    0,
  );
  const assertions = records.flatMap((record) => record.assertions);
  const assertionsFailed = assertions.filter(({ outcome }) => outcome === "failed").length;
  return {
    ...NO_COUNTS,
    iterations: new Set(records.map(({ iteration }) => iteration)).size,
    requests: records.length,
    requestsFailed,
    assertions: assertions.length,
    assertionsFailed,
    scriptsFailed,
    failures: requestsFailed + scriptsFailed + assertionsFailed,
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

function isoDate(at: number): string {
  return new Date(at).toISOString();
}
