/** Whether a node that was woken may start, must wait, or is settled already by what stands before it. */

import type { Cause, Outcome, Status } from "./outcome.js";
import type { ExecutionNode, ExecutionPlan } from "./shards.js";

/** Status and reason of a node that ends without being executed. */
export interface Settlement {
  readonly status: Status;
  readonly cause: Cause | null;
  readonly reason: string | null;
}

export type Decision =
  /** Woken too early: a need has no outcome yet. A wake-up is never trusted. */
  | { readonly kind: "wait"; readonly missing: readonly string[] }
  | { readonly kind: "start" }
  | { readonly kind: "settle"; readonly settlement: Settlement };

/**
 * `outcomes` holds those of the needs and of every checkpoint behind the node. A task that is `always` run waits for its needs
 * like any other, and then starts whatever became of them, of its checkpoint or of the run.
 */
export function decideStart(
  plan: ExecutionPlan,
  node: ExecutionNode,
  known: {
    readonly outcomes: ReadonlyMap<string, Outcome>;
    readonly cancelled: boolean;
    /** Whether the time of the whole run is over. */
    readonly outOfTime?: boolean;
  },
): Decision {
  const missing = node.needs.filter((need) => !known.outcomes.has(need));
  if (missing.length > 0) return { kind: "wait", missing };
  if (node.kind !== "task" || node.always) return { kind: "start" };
  if (known.cancelled) return settle("cancelled", "cancelled", "the run was cancelled");
  if (known.outOfTime === true)
    return settle("timed_out", "deadline", "not started: the time of the whole run was over");
  const closed = checkpointsBehind(plan, node.id).find((id) => known.outcomes.has(id));
  if (closed !== undefined) return settle("cancelled", "cancelled", `${closed} had closed already`);
  const blocking = node.needs.filter((need) => known.outcomes.get(need)?.status !== "passed");
  if (blocking.length === 0) return { kind: "start" };
  const named = blocking.map((need) => `${need} ${phrase(known.outcomes.get(need)?.status)}`);
  return settle("skipped", "need", `not started: ${named.join(", ")}`);
}

/** Every checkpoint that needs the node, directly or through others. */
export function checkpointsBehind(plan: ExecutionPlan, nodeId: string): readonly string[] {
  const ofPlan = behindOf.get(plan) ?? new Map<string, readonly string[]>();
  const known = ofPlan.get(nodeId) ?? findCheckpointsBehind(plan, nodeId);
  behindOf.set(plan, ofPlan.set(nodeId, known));
  return known;
}

/** Answers by the identity of the plan: it never changes, and every task asks several times. */
const behindOf = new WeakMap<ExecutionPlan, Map<string, readonly string[]>>();

function findCheckpointsBehind(plan: ExecutionPlan, nodeId: string): string[] {
  const behind = new Set<string>();
  const reached = [nodeId];
  for (let at = reached.pop(); at !== undefined; at = reached.pop()) {
    for (const node of plan.nodes) {
      if (behind.has(node.id) || !node.needs.includes(at)) continue;
      behind.add(node.id);
      reached.push(node.id);
    }
  }
  return plan.nodes
    .filter(({ id, kind }) => kind === "checkpoint" && behind.has(id))
    .map(({ id }) => id);
}

/** A status as it stands behind a name in a sentence: `task-3 failed`. */
export function phrase(status: Status | undefined): string {
  switch (status) {
    case undefined:
      return "has no outcome";
    case "timed_out":
      return "timed out";
    case "errored":
      return "could not be run or proven";
    case "cancelled":
    case "skipped":
      return `was ${status}`;
    case "passed":
    case "failed":
      return status;
  }
}

function settle(status: Status, cause: Cause, reason: string): Decision {
  return { kind: "settle", settlement: { status, cause, reason } };
}
