/** Each outcome of a run held against what its plan, its needs' outcomes and what was done to it allow. */

import type { Outcome, Status } from "../../src/core/outcome.js";
import type { CheckpointSketch, NodeSketch, RunEvidence, TaskSketch } from "./evidence.js";
import { MAX_STARTS } from "./serving.js";
import { faultsWithin, lateness, type Timeline } from "./timeline.js";

/** A clock of another process may round differently. */
const ROUNDING_MS = 20;

/** A sentence for each outcome that cannot be right. */
export function checkOutcomes(evidence: RunEvidence, timeline: Timeline): string[] {
  return evidence.scenario.nodes.flatMap((node) => {
    const outcome = timeline.outcomes.get(node.id);
    if (outcome === undefined) return [`${node.id} has no outcome`];
    const allowed =
      node.kind === "task"
        ? allowedForTask({ evidence, timeline, outcome }, node)
        : allowedForCheckpoint({ evidence, timeline, outcome }, node);
    return [
      ...(allowed.includes(outcome.status)
        ? []
        : [
            `${node.id} is ${outcome.status} (${String(outcome.cause)}: ${String(outcome.reason)}), and may only be ${allowed.join(" or ")}`,
          ]),
      ...(node.kind === "task" ? checkProof({ evidence, timeline, outcome }, node) : []),
    ];
  });
}

interface Place {
  readonly evidence: RunEvidence;
  readonly timeline: Timeline;
  readonly outcome: Outcome;
}

function allowedForTask(place: Place, node: TaskSketch): Status[] {
  const { evidence, timeline, outcome } = place;
  const mayBeCancelled =
    !node.always && (evidence.run.cancelledBy !== null || closedBefore(place, node));
  // What was to be tried again when its end came keeps the attempt it had, and with it an earlier end than that of the checkpoint.
  const mayKeep = node.retries > 0 && (mayBeCancelled || closureToldBefore(place, node));
  const kept: Status[] = mayKeep ? ["failed", "errored"] : [];
  const stopped: Status[] = [...(mayBeCancelled ? (["cancelled"] as const) : []), ...kept];
  const needsPassed = node.needs.every((need) => timeline.outcomes.get(need)?.status === "passed");
  if (!needsPassed && !node.always) return ["skipped", ...stopped];
  // A process of Newman that is killed from outside costs its task; nothing else may make a task errored.
  const lost = faultsWithin(evidence.faults, {
    kinds: ["kill-lane"],
    from: outcome.startedAt ?? outcome.endedAt,
    to: outcome.endedAt,
  });
  const isGivenUp =
    outcome.cause === "starts_exhausted" && outcome.attempt > MAX_STARTS + node.retries;
  const isCrash = lost.length > 0 && outcome.cause === "crash" && outcome.attempt > node.retries;
  const crashed: Status[] = isGivenUp || isCrash ? ["errored"] : [];
  return [ownStatus(place, node), ...stopped, ...crashed];
}

function ownStatus({ evidence, outcome }: Place, node: TaskSketch): Status {
  switch (node.behaviour) {
    case "passes":
    case "lingers":
    case "flaky":
      return "passed";
    case "fails":
      return "failed";
    case "hangs": {
      const { startedAt, endedAt } = outcome;
      const limit = (startedAt ?? endedAt) + (node.timeoutMs ?? 0);
      const inTime =
        endedAt >= limit - ROUNDING_MS && lateness(evidence.faults, limit, endedAt) <= 0;
      // A timeout that came too early or too late is none; no status is right then.
      return inTime || outcome.status !== "timed_out" ? "timed_out" : "passed";
    }
  }
}

/** Whether a checkpoint behind the node had its outcome when the node got its own. */
function closedBefore({ evidence, timeline, outcome }: Place, node: NodeSketch): boolean {
  return checkpointsBehind(evidence.scenario.nodes, node.id).some((id) => {
    const closed = timeline.outcomes.get(id);
    return closed !== undefined && closed.endedAt <= outcome.endedAt;
  });
}

/** Whether the log tells the outcome of a checkpoint behind the node before the node's own. */
function closureToldBefore({ evidence }: Place, node: NodeSketch): boolean {
  const behind = checkpointsBehind(evidence.scenario.nodes, node.id);
  const told = evidence.events.flatMap(({ event }) =>
    event.type === "node.ended" ? [event.outcome.node] : [],
  );
  return told.slice(0, Math.max(0, told.indexOf(node.id))).some((id) => behind.includes(id));
}

/** Found by walking the needs backwards from each checkpoint. */
export function checkpointsBehind(nodes: readonly NodeSketch[], id: string): string[] {
  const needsOf = new Map(nodes.map((node) => [node.id, node.needs]));
  const reaches = (from: string): boolean =>
    (needsOf.get(from) ?? []).some((need) => need === id || reaches(need));
  return nodes
    .filter((node) => node.kind === "checkpoint" && reaches(node.id))
    .map((node) => node.id);
}

/** An execution that was killed right after it had set the checkpoint's clock never told of its start; none starts before its needs have ended. */
function earliestOpening({ evidence, timeline }: Place, node: CheckpointSketch): number {
  const accepted = Date.parse(evidence.run.createdAt);
  const ready = node.needs.map((id) => {
    const needs = evidence.scenario.nodes.find((other) => other.id === id)?.needs ?? [];
    return Math.max(
      accepted,
      ...needs.map((need) => timeline.outcomes.get(need)?.endedAt ?? accepted),
    );
  });
  return Math.min(...ready);
}

function allowedForCheckpoint(place: Place, node: CheckpointSketch): Status[] {
  const { timeline, outcome } = place;
  const isOver =
    node.timeoutMs !== null &&
    outcome.endedAt >= earliestOpening(place, node) + node.timeoutMs - ROUNDING_MS;
  const timedOut: Status[] = isOver ? ["timed_out"] : [];
  const counted = node.needs.filter((need) => !node.mayFail.includes(need));
  const statuses = counted.map((need) => timeline.outcomes.get(need)?.status ?? null);
  return [judged(statuses), ...timedOut];
}

function judged(statuses: readonly (Status | null)[]): Status {
  const some = (...wanted: Status[]): boolean =>
    statuses.some((status) => status !== null && wanted.includes(status));
  if (statuses.every((status) => status === "passed")) return "passed";
  if (statuses.every((status) => status === "skipped")) return "skipped";
  if (some("failed", "errored", "timed_out")) return "failed";
  return some("cancelled") ? "cancelled" : "failed";
}

/** A task that passed has sent each of its requests once in the attempt that counts, and the target saw them. */
function checkProof({ evidence, outcome }: Place, node: TaskSketch): string[] {
  if (outcome.status !== "passed") return [];
  const seen = evidence.hits
    .filter((hit) => hit.task === node.id && hit.attempt === outcome.attempt)
    .map(({ step }) => step)
    .toSorted((left, right) => left - right);
  const wanted = Array.from({ length: node.requests }, (_, index) => index + 1);
  const stored = evidence.events.reduce(
    (sum, { event }) =>
      event.type === "task.requests" && event.node === node.id && event.attempt === outcome.attempt
        ? sum + event.records.length
        : sum,
    0,
  );
  const { requests, assertions } = outcome.counts;
  return [
    ...(seen.join() === wanted.join()
      ? []
      : [
          `${node.id} passed, but the target saw its requests ${seen.join(", ")} of ${wanted.join(", ")}`,
        ]),
    ...(requests === node.requests && assertions === node.requests && stored === node.requests
      ? []
      : [
          `${node.id} passed with ${String(requests)} requests, ${String(assertions)} assertions and ${String(stored)} stored records instead of ${String(node.requests)}`,
        ]),
  ];
}
