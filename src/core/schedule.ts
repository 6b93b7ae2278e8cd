/** In which order the tasks of a run take lanes: by explicit priority, then longest remaining path first. */

import { inOrder } from "./graph.js";
import type { PlanNode } from "./plan.js";

/** What is known of a task's length before it runs. */
export interface TaskSize {
  /** Of its last passed attempts, newest first; empty the first time. */
  readonly durationsMs: readonly number[];
  /** Requests its collection sends, as far as they can be counted. */
  readonly requests: number;
}

/** What a request is taken to last where no task of the plan has ever run; only ratios matter. */
const REQUEST_MS = 50;

/** Expected milliseconds of each task: the median of what it took, else its requests at the pace of the tasks that are known. */
export function expectedMs(sizes: ReadonlyMap<string, TaskSize>): ReadonlyMap<string, number> {
  const known = [...sizes.values()].filter(({ durationsMs }) => durationsMs.length > 0);
  const requests = known.reduce((sum, size) => sum + size.requests, 0);
  const spentMs = known.reduce((sum, { durationsMs }) => sum + median(durationsMs), 0);
  const requestMs = requests === 0 || spentMs === 0 ? REQUEST_MS : spentMs / requests;
  return new Map(
    [...sizes].map(([id, size]) => [
      id,
      size.durationsMs.length > 0 ? median(size.durationsMs) : size.requests * requestMs,
    ]),
  );
}

/** Milliseconds from the start of each node to the end of the longest chain behind it, itself included. Checkpoints weigh nothing. */
export function remainingPaths(
  nodes: readonly PlanNode[],
  expected: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const behind = new Map<string, number>(nodes.map(({ id }) => [id, 0]));
  const remaining = new Map<string, number>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const id of inOrder(new Map(nodes.map(({ id: node, needs }) => [node, needs]))).reverse()) {
    const node = byId.get(id);
    const own = node?.kind === "task" ? (expected.get(id) ?? 0) : 0;
    const length = own + (behind.get(id) ?? 0);
    remaining.set(id, length);
    for (const need of node?.needs ?? []) behind.set(need, Math.max(behind.get(need) ?? 0, length));
  }
  return remaining;
}

/** Ids of all tasks in the order they should take lanes; tasks alike keep the order of the plan. */
export function startOrder(
  nodes: readonly PlanNode[],
  expected: ReadonlyMap<string, number>,
): readonly string[] {
  const remaining = remainingPaths(nodes, expected);
  return nodes
    .flatMap((node) => (node.kind === "task" ? [node] : []))
    .toSorted(
      (left, right) =>
        right.priority - left.priority ||
        (remaining.get(right.id) ?? 0) - (remaining.get(left.id) ?? 0),
    )
    .map(({ id }) => id);
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
