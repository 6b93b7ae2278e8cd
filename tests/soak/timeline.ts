/** When things happened in a run, and how late something may be without anybody being at fault. */

import type { Outcome } from "../../src/core/outcome.js";
import type { Fault, FaultKind, RunEvidence } from "./evidence.js";

export interface Start {
  readonly node: string;
  readonly attempt: number;
  readonly at: number;
}

export interface Timeline {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Starts as the event log has them. */
  readonly starts: readonly Start[];
}

/** What a process that was stopped, or a machine that was busy, may take from a decision to its deed. */
const GRACE_MS = 4000;

export function timelineOf({ run, events }: RunEvidence): Timeline {
  return {
    outcomes: new Map(
      run.nodes.flatMap(({ id, outcome }) => (outcome === null ? [] : [[id, outcome]])),
    ),
    starts: events.flatMap(({ event }) =>
      event.type === "node.started"
        ? [{ node: event.node, attempt: event.attempt, at: event.at }]
        : [],
    ),
  };
}

/** Faults of these kinds that touch the time between two moments, with a margin around it. */
export function faultsWithin(
  faults: readonly Fault[],
  within: { readonly kinds: readonly FaultKind[]; readonly from: number; readonly to: number },
): readonly Fault[] {
  const { kinds, from, to } = within;
  return faults.filter(
    (fault) => kinds.includes(fault.kind) && fault.from <= to && fault.to >= from,
  );
}

/** Milliseconds something is too late: what lies after `limit`, less the time in which its process stood still, less the grace. */
export function lateness(faults: readonly Fault[], limit: number, at: number): number {
  const stops = faultsWithin(faults, {
    kinds: ["stop-service", "kill-service", "stop-worker", "kill-worker", "stop-lane"],
    from: limit - GRACE_MS,
    to: at,
  });
  const stoodStill = stops.reduce((sum, { from, to }) => sum + (to - from), 0);
  return at - limit - GRACE_MS - stoodStill;
}
