/** Shards: a task that runs in several parts, each a task of its own in the queue, and the merging node that keeps the task's id. */

import { cleanupNodes, cleanupsBefore, type CleanupNode } from "./cleanup.js";
import { ancestorsOf } from "./graph.js";
import type { CheckpointNode, Plan, PlanNode, TaskNode } from "./plan.js";

/** Waits for all shards of a task and makes its outcome of theirs. */
export interface MergeNode {
  readonly kind: "merge";
  readonly id: string;
  readonly title: string;
  readonly needs: readonly string[];
}

export type ExecutionNode = PlanNode | MergeNode | CleanupNode;

/** What is queued: the nodes of the plan, with each split task replaced by its shards and their merging node, and the clean-up after tasks. */
export interface ExecutionPlan {
  readonly nodes: readonly ExecutionNode[];
}

/** No id of a plan contains it, so a shard's is never another node's; a dot stands in those of a matrix and of included plans. */
const MARK = "~";

function shardId(task: string, part: number): string {
  return `${task}${MARK}${String(part + 1)}`;
}

/** The task of the plan that a node of the execution belongs to. */
export function taskOf(nodeId: string): string {
  return nodeId.split(MARK)[0] ?? nodeId;
}

export function isShard(nodeId: string): boolean {
  return nodeId.includes(MARK);
}

/** Into how many parts a task is split; 0 for one that runs whole. */
export function partCount(node: PlanNode): number {
  if (node.kind !== "task" || node.split === undefined || node.split.by === "nothing") return 0;
  return node.split.parts.length;
}

export function shardIds(node: PlanNode): string[] {
  return Array.from({ length: partCount(node) }, (_, part) => shardId(node.id, part));
}

/** Answers by the identity of the nodes: they never change, and every event of every task asks. */
const executions = new WeakMap<Plan["nodes"], ExecutionPlan>();

export function executionOf(plan: Pick<Plan, "nodes">): ExecutionPlan {
  const known = executions.get(plan.nodes) ?? makeExecution(plan);
  executions.set(plan.nodes, known);
  return known;
}

function makeExecution(plan: Pick<Plan, "nodes">): ExecutionPlan {
  const cleanups = cleanupNodes(plan.nodes);
  return { nodes: [...plan.nodes.flatMap(executionNodes), ...cleanups] };

  function executionNodes(node: PlanNode): ExecutionNode[] {
    if (node.kind === "checkpoint") return [withCleanups(node, plan.nodes, cleanups)];
    if (partCount(node) === 0) return [node];
    const { id, title } = node;
    const needs = shardIds(node);
    const shards = needs.map((shard, part): TaskNode => ({
      ...node,
      id: shard,
      shard: { of: id, part },
    }));
    return [...shards, { kind: "merge", id, title, needs }];
  }
}

/** A checkpoint that proves that nothing is left needs the clean-up before it as well. */
function withCleanups(
  node: CheckpointNode,
  nodes: readonly PlanNode[],
  cleanups: readonly CleanupNode[],
): CheckpointNode {
  if (node.zeroOrphans !== true) return node;
  const needsOf = new Map(nodes.map(({ id, needs }) => [id, needs]));
  const before = new Set(ancestorsOf(needsOf, node.id));
  return { ...node, needs: [...node.needs, ...cleanupsBefore(cleanups, before)] };
}

/** The part of its task that a shard runs; null for a task that runs whole. */
export function partOf({ shard, split }: TaskNode): Part | null {
  if (shard === undefined || split === undefined || split.by === "nothing") return null;
  if (split.by === "iterations") {
    const range = split.parts[shard.part];
    return range === undefined ? null : { by: "iterations", range };
  }
  const units = split.parts[shard.part];
  if (units === undefined) return null;
  return { by: "folders", depth: split.depth, positions: units.map(({ position }) => position) };
}

type Part =
  | { readonly by: "iterations"; readonly range: { readonly from: number; readonly to: number } }
  | { readonly by: "folders"; readonly depth: number; readonly positions: readonly number[] };

/** The plan with these tasks in one piece: what is not executed is not split. */
export function keepWhole(plan: Plan, tasks: Readonly<Record<string, unknown>>): Plan {
  const nodes = plan.nodes.map((node) =>
    node.kind === "task" && node.id in tasks ? { ...node, split: undefined } : node,
  );
  return { ...plan, nodes };
}
