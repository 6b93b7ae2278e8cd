/** The nodes of an execution that clean up after tasks. */

import type { PlanNode, TaskNode } from "./plan.js";

/** Deletes what a task has left on its target, whatever became of the task. Its outcome decides nothing. */
export interface CleanupNode {
  readonly kind: "cleanup";
  readonly id: string;
  readonly title: string;
  /** The task it cleans up after. */
  readonly of: string;
  readonly after: "task" | "run";
  readonly needs: readonly string[];
  readonly runsOn: readonly string[];
}

/** No id of a plan ends like this. */
const MARK = "~cleanup";

export function cleanupIdOf(task: string): string {
  return `${task}${MARK}`;
}

export function isCleanup(nodeId: string): boolean {
  return nodeId.endsWith(MARK);
}

export function cleansUp({ cleanup }: Pick<TaskNode, "cleanup">): boolean {
  return cleanup !== undefined && cleanup !== false;
}

/** One for each task that asks for it. After the run means after the nodes nothing else needs; whoever runs it asks for the others. */
export function cleanupNodes(nodes: readonly PlanNode[]): readonly CleanupNode[] {
  const needed = new Set(nodes.flatMap(({ needs }) => needs));
  const last = nodes.flatMap(({ id }) => (needed.has(id) ? [] : [id]));
  return nodes.flatMap((node): CleanupNode[] => {
    if (node.kind !== "task" || node.cleanup === undefined || node.cleanup === false) return [];
    const { after } = node.cleanup;
    const needs = after === "task" ? [node.id] : [...new Set([node.id, ...last])];
    const title = `clean up after ${node.title}`;
    const { id: of, runsOn } = node;
    return [{ kind: "cleanup", id: cleanupIdOf(of), title, of, after, needs, runsOn }];
  });
}

/** The tasks among these nodes that are cleaned up after right away: who proves that nothing is left waits for that. */
export function cleanupsBefore(
  nodes: readonly PlanNode[],
  before: ReadonlySet<string>,
): readonly string[] {
  return cleanupNodes(nodes).flatMap(({ id, of, after }) =>
    after === "task" && before.has(of) ? [id] : [],
  );
}
