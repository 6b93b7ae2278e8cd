/** What a plan will take: its phases, its critical path, what each checkpoint costs, and when it ends with so many lanes. */

import { z } from "zod";
import { generatedDataForecastSchema } from "./generated-data.js";
import { depths } from "./graph.js";
import type { Plan, PlanNode } from "./plan.js";
import { startOrder } from "./schedule.js";
import { criticalPath } from "./timing.js";

/** How long a task is thought to take. */
export interface Expectation {
  readonly durationMs: number;
  readonly samples: number;
}

export const forecastSchema = z
  .strictObject({
    plan: z.strictObject({ name: z.string(), title: z.string() }),
    phases: z
      .array(z.array(z.string()))
      .describe("Nodes that could run side by side, one list after the other."),
    tasks: z.array(
      z.strictObject({
        id: z.string(),
        durationMs: z.number(),
        samples: z
          .int()
          .describe("How many ended runs say so; 0 for a guess from the number of requests."),
      }),
    ),
    criticalPath: z.strictObject({ nodes: z.array(z.string()), durationMs: z.number() }),
    checkpoints: z.array(
      z.strictObject({
        checkpoint: z.string(),
        costMs: z
          .number()
          .describe(
            "Wall time saved, with lanes enough, if what stands behind the checkpoint waited only for what its needs wait for.",
          ),
      }),
    ),
    lanes: z
      .array(z.strictObject({ lanes: z.int(), durationMs: z.number() }))
      .describe(
        "Predicted wall time by number of lanes, up to the number that makes it no shorter.",
      ),
  })
  .meta({ id: "PlanForecast" });
/** What the plan and its expected durations say alone. */
export type Forecast = z.infer<typeof forecastSchema>;

export const planExplanationSchema = forecastSchema
  .extend({
    generatedData: z
      .array(generatedDataForecastSchema)
      .describe("Of tasks whose iteration data is made when a run is accepted."),
  })
  .meta({ id: "PlanExplanation" });
export type PlanExplanation = z.infer<typeof planExplanationSchema>;

type Weights = ReadonlyMap<string, number>;

/** `expectations` by task id; a task without one counts as taking no time. Expects a checked plan, so without cycles. */
export function forecast(plan: Plan, expectations: ReadonlyMap<string, Expectation>): Forecast {
  const weights = new Map(plan.nodes.map(({ id }) => [id, expectations.get(id)?.durationMs ?? 0]));
  const taskCount = plan.nodes.filter(({ kind }) => kind === "task").length;
  const most = Math.min(taskCount, plan.parallel ?? taskCount);
  const { nodes, durationMs } = criticalPath(plan, weights);
  const unlimitedMs = finishOf(plan.nodes, weights, most);
  return {
    plan: { name: plan.name, title: plan.title },
    phases: phasesOf(plan.nodes),
    tasks: plan.nodes.flatMap(({ id, kind }) =>
      kind === "task" ? [{ id, ...(expectations.get(id) ?? { durationMs: 0, samples: 0 }) }] : [],
    ),
    criticalPath: { nodes: [...nodes], durationMs },
    checkpoints: plan.nodes.flatMap((node) =>
      node.kind === "checkpoint"
        ? [
            {
              checkpoint: node.id,
              costMs: Math.max(
                0,
                unlimitedMs - finishOf(withoutGate(plan.nodes, node), weights, most),
              ),
            },
          ]
        : [],
    ),
    lanes: byLanes(plan.nodes, weights, { most, shortestMs: unlimitedMs }),
  };
}

function phasesOf(nodes: readonly PlanNode[]): string[][] {
  const depthOf = depths(needsOf(nodes));
  const phases: string[][] = [];
  for (const { id } of nodes) {
    const depth = depthOf.get(id) ?? 0;
    phases[depth] = [...(phases[depth] ?? []), id];
  }
  return phases;
}

/** Whoever needs the gate needs what stands before the gate's own needs instead. */
function withoutGate(nodes: readonly PlanNode[], gate: PlanNode): readonly PlanNode[] {
  const before = nodes.filter(({ id }) => gate.needs.includes(id)).flatMap(({ needs }) => needs);
  return nodes.map((node) =>
    node.needs.includes(gate.id)
      ? { ...node, needs: [...new Set([...node.needs.filter((id) => id !== gate.id), ...before])] }
      : node,
  );
}

function byLanes(
  nodes: readonly PlanNode[],
  weights: Weights,
  limit: { readonly most: number; readonly shortestMs: number },
): Forecast["lanes"] {
  const rows: { lanes: number; durationMs: number }[] = [];
  for (let lanes = 1; lanes <= limit.most; lanes++) {
    const durationMs = finishOf(nodes, weights, lanes);
    rows.push({ lanes, durationMs });
    if (durationMs <= limit.shortestMs) break;
  }
  return rows;
}

/** Plays the plan through: whenever a lane is free it takes the first of the tasks that are ready, in the order in which a run starts them. */
function finishOf(nodes: readonly PlanNode[], weights: Weights, lanes: number): number {
  const turns = new Map(startOrder(nodes, weights).map((id, turn) => [id, turn]));
  const inTurn = nodes.toSorted(
    (left, right) => (turns.get(left.id) ?? -1) - (turns.get(right.id) ?? -1),
  );
  const ended = new Set<string>();
  const waiting = new Set(inTurn);
  let running: { readonly node: PlanNode; readonly endsAt: number }[] = [];
  let nowMs = 0;
  while (waiting.size > 0 || running.length > 0) {
    for (const node of waiting) {
      if (!node.needs.every((need) => ended.has(need))) continue;
      if (node.kind === "task" && (isFull(running, lanes) || isLocked(running, node.lock)))
        continue;
      waiting.delete(node);
      running.push({
        node,
        endsAt: nowMs + (node.kind === "task" ? (weights.get(node.id) ?? 0) : 0),
      });
    }
    nowMs = Math.min(...running.map(({ endsAt }) => endsAt));
    for (const { node, endsAt } of running) if (endsAt === nowMs) ended.add(node.id);
    running = running.filter(({ endsAt }) => endsAt > nowMs);
  }
  return nowMs;
}

type Running = readonly { readonly node: PlanNode }[];

function isFull(running: Running, lanes: number): boolean {
  return running.filter(({ node }) => node.kind === "task").length >= lanes;
}

function isLocked(running: Running, locks: readonly string[]): boolean {
  return running.some(
    ({ node }) => node.kind === "task" && node.lock.some((lock) => locks.includes(lock)),
  );
}

function needsOf(nodes: readonly PlanNode[]): ReadonlyMap<string, readonly string[]> {
  return new Map(nodes.map(({ id, needs }) => [id, needs]));
}
