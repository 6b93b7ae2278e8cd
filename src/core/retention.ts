/** Which runs of the history have served their time. */

import type { RunEnd } from "./run.js";

export interface RetentionRule {
  /** Runs that ended longer ago are deleted. */
  readonly maxAgeMs: number;
  /** Of each plan at most so many ended runs are kept, the newest. */
  readonly maxRuns: number;
}

/** As much of a run as decides about it. */
export interface KeptRun {
  readonly id: string;
  readonly plan: string;
  readonly end: RunEnd | null;
}

/**
 * Ids of the runs to delete, from the whole history, newest first. An open run is never one of them, nor is the newest
 * passed run of a plan, however old: it is what the next red one is compared with.
 */
export function expiredRuns(
  history: readonly KeptRun[],
  { maxAgeMs, maxRuns }: RetentionRule,
  now: number,
): string[] {
  const endedOf = new Map<string, number>();
  const passed = new Set<string>();
  const expired: string[] = [];
  for (const { id, plan, end } of history) {
    if (end === null) continue;
    const position = (endedOf.get(plan) ?? 0) + 1;
    endedOf.set(plan, position);
    const isLastPassed = end.verdict === "passed" && !passed.has(plan);
    if (isLastPassed) passed.add(plan);
    const isOver = position > maxRuns || now - end.endedAt > maxAgeMs;
    if (isOver && !isLastPassed) expired.push(id);
  }
  return expired;
}
