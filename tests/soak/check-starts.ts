/** Each start of a run, by its event log and by the target's own notes, held against the invariants about starting and recording. */

import type { FaultKind, Hit, RunEvidence } from "./evidence.js";
import { checkpointsBehind } from "./check-outcomes.js";
import { faultsWithin, lateness, type Start, type Timeline } from "./timeline.js";

/** Faults after which a node may be started once more. */
const RESTARTING: readonly FaultKind[] = [
  "kill-service",
  "stop-service",
  "kill-worker",
  "stop-worker",
  "restart-redis",
  "steal-lock",
];
/** How long after a fault its last consequence may come: a lock's life, and the time until a stalled job is taken. */
const AFTERMATH_MS = 40_000;

export function checkStarts(evidence: RunEvidence, timeline: Timeline): string[] {
  const starts = [...timeline.starts, ...startsAtTarget(evidence.hits)];
  return [
    ...starts.flatMap((start) => checkNeeds(evidence, timeline, start)),
    ...starts.flatMap((start) => checkClosed(evidence, timeline, start)),
    ...timeline.starts.flatMap((start) => checkPaused(evidence, start)),
    ...checkRecorders(timeline),
    ...checkRepeats(evidence, timeline),
    ...checkOverlaps(evidence),
  ];
}

/** The first request of each attempt. */
function startsAtTarget(hits: readonly Hit[]): Start[] {
  const first = new Map<string, Start>();
  for (const { task, attempt, at } of hits) {
    const key = `${task} ${String(attempt)}`;
    if (!first.has(key)) first.set(key, { node: task, attempt, at });
  }
  return [...first.values()];
}

/** No task starts before every need has passed. */
function checkNeeds(evidence: RunEvidence, timeline: Timeline, start: Start): string[] {
  const node = evidence.scenario.nodes.find(({ id }) => id === start.node);
  if (node === undefined) return [`${start.node} started, which is no node of the plan`];
  return node.needs.flatMap((need) => {
    const outcome = timeline.outcomes.get(need);
    const isEnough = outcome?.status === "passed" || (node.kind === "task" && node.always);
    if (outcome !== undefined && isEnough && outcome.endedAt <= start.at) return [];
    const what =
      outcome === undefined ? "has no outcome" : `${outcome.status} at ${String(outcome.endedAt)}`;
    return [`${named(start)} at ${String(start.at)}, but ${need} ${what}`];
  });
}

/** Nothing starts once its own outcome stands, a checkpoint behind it has closed, the run was cancelled, or has ended. */
function checkClosed(evidence: RunEvidence, timeline: Timeline, start: Start): string[] {
  const { run, scenario, faults, cancelledAt } = evidence;
  const isAlways = scenario.nodes.some(
    (node) => node.id === start.node && node.kind === "task" && node.always,
  );
  const behind = isAlways ? [] : checkpointsBehind(scenario.nodes, start.node);
  const limits = [
    ...[start.node, ...behind].map((id) => ({
      what: `${id} had its outcome`,
      at: timeline.outcomes.get(id)?.endedAt ?? null,
    })),
    {
      what: "the run was cancelled",
      at: run.cancelledBy === null || isAlways ? null : cancelledAt,
    },
    { what: "the run ended", at: run.endedAt === null ? null : Date.parse(run.endedAt) },
  ];
  return limits.flatMap(({ what, at }) => {
    const lateMs = at === null ? 0 : lateness(faults, at, start.at);
    return lateMs > 0 ? [`${named(start)} ${String(lateMs)} ms after ${what}`] : [];
  });
}

/** While a run is paused nothing of it starts; a cancel ends it all the same, clean-up included. */
function checkPaused({ run, paused, faults }: RunEvidence, start: Start): string[] {
  if (paused === null || run.cancelledBy !== null || start.at > paused.to) return [];
  const lateMs = lateness(faults, paused.from, start.at);
  return lateMs > 0 ? [`${named(start)} ${String(lateMs)} ms after the run was paused`] : [];
}

/** The attempt that recorded was the newest one: an execution that lost its lock records nothing. */
function checkRecorders({ outcomes, starts }: Timeline): string[] {
  return starts.flatMap((start) => {
    const outcome = outcomes.get(start.node);
    const isOvertaken =
      outcome !== undefined &&
      outcome.attempt > 0 &&
      outcome.attempt < start.attempt &&
      start.at < outcome.endedAt;
    return isOvertaken
      ? [
          `attempt ${String(outcome.attempt)} of ${start.node} recorded its outcome although ${named(start)} before`,
        ]
      : [];
  });
}

/** Without a fault, and without a retry, a node starts once, however often runs are swept. */
function checkRepeats({ faults, events }: RunEvidence, { starts }: Timeline): string[] {
  const retried = new Set(
    events.flatMap(({ event }) =>
      event.type === "attempt.ended"
        ? [`${event.outcome.node} ${String(event.outcome.attempt)}`]
        : [],
    ),
  );
  return starts.flatMap((start) => {
    if (start.attempt === 1 || retried.has(`${start.node} ${String(start.attempt - 1)}`)) return [];
    const before = { from: start.at - AFTERMATH_MS, to: start.at };
    return faultsWithin(faults, { kinds: RESTARTING, ...before }).length > 0
      ? []
      : [`${named(start)}, though nothing had happened to its service`];
  });
}

/** Faults that take a lock away before its time: what runs under it learns of that with its next renewal only. */
const ROBBING: readonly FaultKind[] = ["steal-lock", "restart-redis"];

/** At the target no request of an attempt follows one of a later attempt, also where a process was stopped in the middle. */
function checkOverlaps({ hits, faults }: RunEvidence): string[] {
  const latest = new Map<string, number>();
  return hits.flatMap(({ task, attempt, at }) => {
    const newest = latest.get(task) ?? 0;
    latest.set(task, Math.max(newest, attempt));
    const before = { from: at - AFTERMATH_MS, to: at };
    return attempt >= newest || faultsWithin(faults, { kinds: ROBBING, ...before }).length > 0
      ? []
      : [
          `attempt ${String(attempt)} of ${task} sent a request at ${String(at)}, after attempt ${String(newest)} had begun to`,
        ];
  });
}

function named({ node, attempt }: Start): string {
  return `attempt ${String(attempt)} of ${node} started`;
}
