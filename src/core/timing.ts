/** What running in parallel brought: durations, wall time, speed-up, the critical path, and how close the run came to it. */

import { inOrder } from "./graph.js";
import { durationOf, type Outcome } from "./outcome.js";
import type { Plan } from "./plan.js";
import { partCount, shardIds } from "./shards.js";

interface TaskTiming {
  readonly task: string;
  readonly durationMs: number;
  /** Milliseconds from the first start of the run to this task's start. */
  readonly offsetMs: number;
}

export interface RunTiming {
  /** Executed tasks in plan order; what never started is not here. */
  readonly tasks: readonly TaskTiming[];
  /** What the tasks would take one after the other. */
  readonly sequentialMs: number;
  /** From the first start to the last end. */
  readonly wallMs: number;
  /** `sequentialMs / wallMs`; null when nothing took any time. */
  readonly speedUp: number | null;
  /** The chain of needs that took longest. Its sum is a lower bound: no number of lanes makes the run shorter. */
  readonly criticalPath: { readonly nodes: readonly string[]; readonly durationMs: number };
  /** `criticalPath.durationMs / wallMs`: 1 is as short as this plan can be; null when nothing took any time. */
  readonly closeness: number | null;
  /** The largest number of tasks that ran at one moment. */
  readonly mostAtOnce: number;
  /** Those tasks, in plan order, at the first such moment. */
  readonly atOnce: readonly string[];
}

interface Span {
  readonly id: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Measures a run, ended or not; nodes without an outcome or a start count as not executed. */
export function timingOf(plan: Plan, outcomes: ReadonlyMap<string, Outcome>): RunTiming {
  const executed = plan.nodes.flatMap(({ id }) => spanOf(outcomes.get(id)));
  const taskIds = new Set(plan.nodes.filter(({ kind }) => kind === "task").map(({ id }) => id));
  const spans = executed.filter(({ id }) => taskIds.has(id));
  const firstAt = spans.reduce(
    (first, { startedAt }) => Math.min(first, startedAt),
    Number.POSITIVE_INFINITY,
  );
  const lastAt = executed.reduce((last, { endedAt }) => Math.max(last, endedAt), firstAt);
  const tasks = spans.map((span) => ({
    task: span.id,
    durationMs: span.endedAt - span.startedAt,
    offsetMs: span.startedAt - firstAt,
  }));
  // A task in shards would take as long as all of them together.
  const inShards = new Set(plan.nodes.filter((node) => partCount(node) > 0).map(({ id }) => id));
  const sequentialMs = [
    ...spans.filter(({ id }) => !inShards.has(id)),
    ...plan.nodes.flatMap((node) => shardIds(node).flatMap((id) => spanOf(outcomes.get(id)))),
  ].reduce((sum, { startedAt, endedAt }) => sum + endedAt - startedAt, 0);
  const wallMs = spans.length === 0 ? 0 : lastAt - firstAt;
  const path = criticalPath(
    plan,
    new Map(executed.map((span) => [span.id, taskIds.has(span.id) ? lengthOf(span) : 0])),
  );
  const atOnce = busiest(spans);
  return {
    tasks,
    sequentialMs,
    wallMs,
    speedUp: wallMs === 0 ? null : sequentialMs / wallMs,
    criticalPath: path,
    closeness: wallMs === 0 ? null : Math.min(1, path.durationMs / wallMs),
    mostAtOnce: atOnce.length,
    atOnce,
  };
}

/** Clocks of two machines may disagree, so a span never has a negative length. */
function spanOf(outcome: Outcome | undefined): Span[] {
  if (outcome === undefined || outcome.startedAt === null) return [];
  const durationMs = Math.max(0, durationOf(outcome));
  return [
    { id: outcome.node, startedAt: outcome.startedAt, endedAt: outcome.startedAt + durationMs },
  ];
}

function lengthOf({ startedAt, endedAt }: Span): number {
  return endedAt - startedAt;
}

/** Longest chain through the executed nodes; of equals the one with more nodes, so that a closing checkpoint is named. Checkpoints weigh nothing. */
export function criticalPath(
  plan: Plan,
  weights: ReadonlyMap<string, number>,
): RunTiming["criticalPath"] {
  const needsOf = new Map(plan.nodes.map(({ id, needs }) => [id, needs]));
  const chains = new Map<
    string,
    { readonly nodes: readonly string[]; readonly durationMs: number }
  >();
  let longest: RunTiming["criticalPath"] = { nodes: [], durationMs: 0 };
  for (const id of inOrder(needsOf)) {
    const weight = weights.get(id);
    if (weight === undefined) continue;
    let before: RunTiming["criticalPath"] = { nodes: [], durationMs: 0 };
    for (const need of needsOf.get(id) ?? []) before = longer(before, chains.get(need) ?? before);
    const chain = { nodes: [...before.nodes, id], durationMs: before.durationMs + weight };
    chains.set(id, chain);
    longest = longer(longest, chain);
  }
  return longest;
}

function longer(
  left: RunTiming["criticalPath"],
  right: RunTiming["criticalPath"],
): RunTiming["criticalPath"] {
  if (left.durationMs !== right.durationMs)
    return left.durationMs > right.durationMs ? left : right;
  return left.nodes.length >= right.nodes.length ? left : right;
}

/** Spans are half-open: a task that starts when another ends does not overlap it, and one of no length overlaps nothing. */
function busiest(spans: readonly Span[]): string[] {
  let most: string[] = spans.slice(0, 1).map(({ id }) => id);
  for (const { startedAt: moment } of spans) {
    const running = spans.filter(
      ({ startedAt, endedAt }) => startedAt <= moment && moment < endedAt,
    );
    if (running.length > most.length) most = running.map(({ id }) => id);
  }
  return most;
}
