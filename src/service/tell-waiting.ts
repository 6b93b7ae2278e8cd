/** Why a task whose turn has come does not run: told in every view of its run, so that none waits in silence. */

import { messageOf } from "../core/errors.js";
import { carries, workerWith } from "../core/labels.js";
import { describeBlock } from "../core/limits.js";
import { tasksOf, type TaskNode } from "../core/plan.js";
import { executionOf, taskOf } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";
import type { RunView } from "./service.js";

type WaitingDependencies = Pick<Dependencies, "workers" | "permits" | "queue" | "log">;

/** The view with what its tasks wait for; without that while the queue, or the workers, cannot be asked. */
export async function tellWaiting(deps: WaitingDependencies, view: RunView): Promise<RunView> {
  const ready = view.end === null && view.cancellation === null ? readyTasks(view) : [];
  if (ready.length === 0) return view;
  try {
    return { ...view, waitingFor: await findReasons(deps, view, ready) };
  } catch (error) {
    deps.log.debug({ reason: messageOf(error) }, "it cannot be said what tasks wait for");
    return view;
  }
}

async function findReasons(
  deps: WaitingDependencies,
  { run, pause }: RunView,
  ready: readonly TaskNode[],
): Promise<ReadonlyMap<string, string>> {
  const all = (reason: string): ReadonlyMap<string, string> =>
    new Map(ready.map(({ id }) => [id, reason]));
  if (pause !== undefined) return all(`the run, which ${pause.by} has paused`);
  if (await deps.queue.isPaused()) return all("the queue, which is paused");
  const living = await deps.workers.list();
  const parts = executionOf(run.plan).nodes.filter(
    (node) => node.kind === "task" && ready.some(({ id }) => id === taskOf(node.id)),
  );
  const runsOn = new Map(ready.map((task) => [task.id, task.runsOn]));
  const asked = parts.map(({ id }) => ({
    runId: run.id,
    node: id,
    runsOn: runsOn.get(taskOf(id)) ?? [],
  }));
  const blocks = await deps.permits.blocks(asked);
  const reasonOf = (task: TaskNode): string => {
    if (deps.workers.canJoin && !living.some((worker) => carries(worker, task.runsOn)))
      return workerWith(task.runsOn);
    const [first = []] = blocks.filter(
      (found, place) => found.length > 0 && taskOf(asked[place]?.node ?? "") === task.id,
    );
    if (first.length === 0) return "a lane";
    return first.map((block) => describeBlock(block, run.id)).join(" and ");
  };
  return new Map(ready.map((task) => [task.id, reasonOf(task)]));
}

/** Tasks whose turn has come and that have not started. */
function readyTasks({ run, outcomes, active }: RunView): readonly TaskNode[] {
  return tasksOf(run.plan).filter(
    ({ id, needs }) =>
      !outcomes.has(id) && !active.includes(id) && needs.every((need) => outcomes.has(need)),
  );
}
