/** The turns of a new run's tasks among all that wait: in the order of the schedule, behind what its caller has queued already. */

import { countRequests } from "../collections/count-requests.js";
import { readCollection } from "../collections/read-collection.js";
import { durationOf } from "../core/outcome.js";
import { tasksOf, type Plan, type TaskNode } from "../core/plan.js";
import type { PlanFolder } from "../core/ports.js";
import type { Run } from "../core/run.js";
import { expectedMs, startOrder, type TaskSize } from "../core/schedule.js";
import type { Dependencies } from "./dependencies.js";

/** How many of the plan's newest runs are learned from, among how many of them that may not have ended. */
const LOOK_AT_RUNS = 10;
const LEARN_FROM_RUNS = 3;

/**
 * A caller is whoever triggered the run together with its plan, so that a large plan that runs every night and a small one
 * of a pull request take turns although both come from the same CI.
 */
export async function takeTurns(
  deps: Pick<Dependencies, "store" | "turns">,
  folder: PlanFolder,
  trigger: string,
): Promise<Readonly<Record<string, number>>> {
  const { plan } = folder;
  const tasks = tasksOf(plan);
  const learned = await learnDurations(deps, plan.name, tasks);
  const sizes = tasks.map((task): [string, TaskSize] => {
    const durationsMs = learned.get(task.id) ?? [];
    return [task.id, { durationsMs, requests: requestsOf(folder, task) }];
  });
  const order = startOrder(plan.nodes, expectedMs(new Map(sizes)));
  const first = await deps.turns.take(callerOf(plan, trigger), order.length);
  return Object.fromEntries(order.map((id, place) => [id, first + place]));
}

/** The turns of a run that repeats another: in the same order, behind what the caller has queued meanwhile. */
export async function takeTurnsAgain(
  { turns }: Pick<Dependencies, "turns">,
  old: Run,
  trigger: string,
): Promise<Readonly<Record<string, number>>> {
  const order = Object.entries(old.turns ?? {}).toSorted(([, left], [, right]) => left - right);
  const first = await turns.take(callerOf(old.plan, trigger), order.length);
  return Object.fromEntries(order.map(([id], place) => [id, first + place]));
}

function callerOf(plan: Plan, trigger: string): string {
  return `${trigger}/${plan.name}`;
}

async function learnDurations(
  { store }: Pick<Dependencies, "store">,
  plan: string,
  tasks: readonly TaskNode[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const learned = new Map<string, number[]>();
  // The order of one task needs no learning.
  if (tasks.length < 2) return learned;
  const runs = (await store.listRuns({ limit: LOOK_AT_RUNS, plan }))
    .filter(({ end }) => end !== null)
    .slice(0, LEARN_FROM_RUNS);
  for (const outcomes of await Promise.all(runs.map(({ run }) => store.outcomes(run.id)))) {
    for (const outcome of outcomes.values()) {
      if (outcome.status !== "passed" || outcome.startedAt === null) continue;
      const durations = learned.get(outcome.node) ?? [];
      durations.push(durationOf(outcome));
      learned.set(outcome.node, durations);
    }
  }
  return learned;
}

function requestsOf({ files }: PlanFolder, task: TaskNode): number {
  const bytes = files.get(task.collection);
  const read = bytes === undefined ? null : readCollection(new TextDecoder().decode(bytes));
  if (read === null || !read.ok) return 1;
  return countRequests(read.collection) * (task.iterations ?? 1);
}
