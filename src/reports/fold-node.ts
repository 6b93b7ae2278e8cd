/** Folding what happened to one node of a run into its part of the report. */

import type { RunEvent } from "../core/event.js";
import { NO_COUNTS, recordFailed, type Counts, type RequestRecord } from "../core/evidence.js";
import { durationOf, type Outcome } from "../core/outcome.js";
import type { PlanNode, TaskNode } from "../core/plan.js";
import { shardIds } from "../core/shards.js";
import type { Waited } from "../core/waits.js";
import type { Split } from "../core/split.js";
import type { AttemptReport, NodeReport, Waiver } from "./node-report.js";
import { ledgerReportOf, withoutSeal } from "./ledger-report.js";
import { mergeRecords, splitReportOf } from "./shard-report.js";

/** What is known of all nodes of a run. */
interface Seen {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly attempts: ReadonlyMap<string, Attempt>;
  readonly events: readonly RunEvent[];
}

export function foldNode(node: PlanNode, seen: Seen): NodeReport {
  const shown =
    node.kind === "task" && node.split !== undefined
      ? splitNode(node, node.split, seen)
      : plainNode(node, seen);
  return { ...shown, ledger: node.kind === "task" ? ledgerReportOf(node, seen) : null };
}

type WithoutLedger = Omit<NodeReport, "ledger">;
type Bare = Omit<WithoutLedger, "waited" | "earlier" | "split">;

function plainNode(node: PlanNode, { outcomes, attempts, events }: Seen): WithoutLedger {
  const outcome = outcomes.get(node.id);
  const attempt = outcome?.attempt ?? attempts.get(node.id)?.number ?? 0;
  const requests = recordsOf(events, node.id, attempt);
  const shown =
    outcome === undefined
      ? openNode(node, { attempt: attempts.get(node.id), requests })
      : endedNode(node, outcome, requests);
  return {
    ...shown,
    waited: waitedOf(attempts.get(node.id)),
    earlier: earlierAttempts(events, node.id, attempt),
    split: null,
  };
}

/** A task that asked for shards, whether it was split or not. */
function splitNode(node: TaskNode, split: Split, seen: Seen): WithoutLedger {
  if (split.by === "nothing")
    return { ...plainNode(node, seen), split: splitReportOf(split, [], false) };
  const ids = shardIds(node);
  const shards = ids.map((id) => plainNode({ ...node, id }, seen));
  const requests = mergeRecords(
    split,
    shards.map((shard) => shard.requests),
  );
  const started = ids.flatMap((id) => seen.attempts.get(id) ?? []);
  const attempt =
    started.length === 0
      ? undefined
      : {
          number: Math.max(...started.map(({ number }) => number)),
          startedAt: Math.min(...started.map(({ startedAt }) => startedAt)),
          prefix: null,
          waited: {},
        };
  const [first] = started.toSorted((left, right) => left.startedAt - right.startedAt);
  const outcome = seen.outcomes.get(node.id);
  const whole =
    outcome === undefined
      ? openNode(node, { attempt, requests })
      : endedNode(node, outcome, requests);
  return {
    ...whole,
    waited: waitedOf(first),
    earlier: shards.flatMap((shard) => shard.earlier),
    split: splitReportOf(split, shards, outcome?.status === "passed"),
  };
}

interface Attempt {
  readonly number: number;
  readonly startedAt: number;
  readonly prefix: string | null;
  readonly waited: Waited;
}

export function latestAttempts(events: readonly RunEvent[]): ReadonlyMap<string, Attempt> {
  const latest = new Map<string, Attempt>();
  for (const event of events) {
    if (event.type !== "node.started" || event.attempt < (latest.get(event.node)?.number ?? 0))
      continue;
    const { at: startedAt, attempt: number, prefix, waited = {} } = event;
    latest.set(event.node, { number, startedAt, prefix, waited });
  }
  return latest;
}

function waitedOf(attempt: Attempt | undefined): NodeReport["waited"] {
  return Object.entries(attempt?.waited ?? {})
    .map(([reason, durationMs]) => ({ reason, durationMs }))
    .toSorted((left, right) => right.durationMs - left.durationMs);
}

/** Evidence may be appended twice after a lost answer of the store, so a record counts once by its index. */
function recordsOf(events: readonly RunEvent[], node: string, attempt: number): RequestRecord[] {
  const records = new Map<number, RequestRecord>();
  for (const event of events) {
    if (event.type !== "task.requests" || event.node !== node || event.attempt !== attempt)
      continue;
    for (const record of event.records)
      if (!records.has(record.index)) records.set(record.index, withoutSeal(record));
  }
  return [...records.values()].sort((left, right) => left.index - right.index);
}

function endedNode(node: PlanNode, outcome: Outcome, requests: readonly RequestRecord[]): Bare {
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
): Bare {
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
): Pick<NodeReport, "id" | "title" | "kind" | "needs" | "waivers" | "generatedData"> {
  const { id, title, kind, needs } = node;
  return {
    id,
    title,
    kind,
    needs,
    waivers: node.kind === "task" ? waiversOf(node) : [],
    generatedData: (node.kind === "task" ? node.generated : null) ?? null,
  };
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

export function isoDate(at: number): string {
  return new Date(at).toISOString();
}
