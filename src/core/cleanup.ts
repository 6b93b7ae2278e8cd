/** The nodes of an execution that clean up after tasks, or look whether anything is left of them. */

import type { PlanNode, TaskNode } from "./plan.js";
import { proofsOf } from "./proofs.js";

/** Deletes what a task has left on its target, whatever became of the task. Its outcome decides nothing but a checkpoint's proof. */
export interface CleanupNode {
  readonly kind: "cleanup";
  readonly id: string;
  readonly title: string;
  /** The task it cleans up after. */
  readonly of: string;
  /** `look` deletes nothing: no clean-up is asked for, and a checkpoint wants proof from the lists of the environment. */
  readonly does: "delete" | "look";
  readonly after: "task" | "checkpoint" | "run";
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

/**
 * One for each task that asks for it, and for each whose proof has to look at lists. After the run means after the nodes nothing
 * else needs; whoever runs it asks for the others.
 */
export function cleanupNodes(nodes: readonly PlanNode[]): readonly CleanupNode[] {
  const proofs = proofsOf(nodes);
  const needed = new Set(nodes.flatMap(({ needs }) => needs));
  const last = nodes.flatMap(({ id }) => (needed.has(id) ? [] : [id]));
  return nodes.flatMap((node): CleanupNode[] => {
    if (node.kind !== "task") return [];
    const proof = proofs.get(node.id);
    const looks = proof !== undefined && (node.sweep ?? []).length > 0;
    if (!cleansUp(node) && !looks) return [];
    const asked = node.cleanup ? node.cleanup.after : undefined;
    const after = asked ?? (proof === undefined ? "run" : "checkpoint");
    const needs = { task: [], checkpoint: proof?.needs ?? [], run: last }[after];
    const { id: of, runsOn } = node;
    const does = cleansUp(node) ? "delete" : "look";
    const title =
      does === "delete" ? `clean up after ${node.title}` : `look what is left of ${node.title}`;
    return [
      {
        kind: "cleanup",
        id: cleanupIdOf(of),
        title,
        of,
        does,
        after,
        needs: [...new Set([of, ...needs])],
        runsOn,
      },
    ];
  });
}

/** Those among them that a checkpoint waits for which proves that nothing is left of the tasks before it. */
export function cleanupsBefore(
  cleanups: readonly CleanupNode[],
  before: ReadonlySet<string>,
): readonly string[] {
  return cleanups.flatMap(({ id, of, after }) => (after !== "run" && before.has(of) ? [id] : []));
}
