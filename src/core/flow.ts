/** The shape of a plan as a tree of jobs plus gates, because a BullMQ job has one parent and a plan is any DAG. */

import type { Plan } from "./plan.js";
import { executionOf, type ExecutionNode } from "./shards.js";

/** Name of the run itself where nodes are named; no node can be called so (see ID_PATTERN). */
export const RUN_NODE = "$run";

export interface FlowNode {
  readonly id: string;
  readonly kind: ExecutionNode["kind"];
  /** Labels a worker needs to take it; only tasks ask for any. */
  readonly runsOn: readonly string[];
  /** Job it is a child of: a node, or the run. */
  readonly parent: string;
  /** Nodes a gate of this one holds back; the gate opens when this one's outcome stands. */
  readonly opens: readonly string[];
  /** Place among all tasks that wait for a lane; the lowest goes first. */
  readonly turn: number | null;
  /** Nodes whose gates hold this one back. */
  readonly gatedBy: readonly string[];
}

export interface FlowShape {
  readonly nodes: readonly FlowNode[];
}

/** Parent of a node: the first checkpoint that needs it, else its only dependant, else the run. Every other edge becomes a gate. */
export function flowShape(plan: Plan, turns?: Readonly<Record<string, number>>): FlowShape {
  if (turns !== undefined) return shapeOf(plan, turns);
  const known = shapes.get(plan) ?? shapeOf(plan, {});
  shapes.set(plan, known);
  return known;
}

/** Shapes of plans by identity: a plan never changes, and each of its nodes asks for its shape. */
const shapes = new WeakMap<Plan, FlowShape>();

function shapeOf(plan: Plan, turns: Readonly<Record<string, number>>): FlowShape {
  const { nodes } = executionOf(plan);
  const dependants = new Map<string, ExecutionNode[]>(nodes.map((node) => [node.id, []]));
  for (const node of nodes) for (const need of node.needs) dependants.get(need)?.push(node);
  const parents = new Map(nodes.map((node) => [node.id, parentOf(dependants.get(node.id) ?? [])]));
  return {
    nodes: nodes.map((node) => ({
      id: node.id,
      kind: node.kind,
      runsOn: node.kind === "task" || node.kind === "cleanup" ? node.runsOn : [],
      parent: parents.get(node.id) ?? RUN_NODE,
      turn: turnOf(node, turns),
      opens: (dependants.get(node.id) ?? [])
        .map(({ id }) => id)
        .filter((id) => id !== parents.get(node.id)),
      gatedBy: node.needs.filter((need) => parents.get(need) !== node.id),
    })),
  };
}

/** The shards of a task have its turn; what needs no lane has none. */
function turnOf(node: ExecutionNode, turns: Readonly<Record<string, number>>): number | null {
  if (node.kind !== "task") return null;
  return turns[node.id] ?? turns[node.shard?.of ?? node.id] ?? null;
}

function parentOf(dependants: readonly ExecutionNode[]): string | undefined {
  const checkpoint = dependants.find((dependant) => dependant.kind === "checkpoint");
  return checkpoint?.id ?? (dependants.length === 1 ? dependants[0]?.id : undefined);
}
