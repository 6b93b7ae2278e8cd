/** The clocks of checkpoints: each is set when the first task before it starts, and taken away when it has its outcome. */

import type { TaskNode } from "../core/plan.js";
import type { Run } from "../core/run.js";
import { taskOf } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";

/** Thrown when a task cannot be started at this moment; that is no fault of the task, so its job comes again. */
export class QueueUnreachable extends Error {
  override readonly name = "QueueUnreachable";
}

/** The checkpoints that wait for the task are open from now on; repeating is harmless, because the first deadline stands. */
export async function setDeadlines(
  { queue }: Pick<Dependencies, "queue">,
  run: Run,
  task: TaskNode,
): Promise<void> {
  try {
    for (const checkpoint of checkpointsAfter(run, task))
      await queue.setDeadline(run.id, checkpoint.id, checkpoint.timeoutMs);
  } catch (cause) {
    throw new QueueUnreachable(`the deadlines behind ${task.id} cannot be set`, { cause });
  }
}

/** For a task that lost its lock: its worker may have slept, and set the clocks of checkpoints that had been settled meanwhile. */
export async function clearSettledDeadlines(
  { queue, store }: Pick<Dependencies, "queue" | "store">,
  run: Run,
  task: TaskNode,
): Promise<void> {
  const checkpoints = checkpointsAfter(run, task).map(({ id }) => id);
  if (checkpoints.length === 0) return;
  for (const id of (await store.outcomes(run.id, checkpoints)).keys())
    await queue.clearDeadline(run.id, id);
}

function checkpointsAfter(run: Run, task: TaskNode): readonly { id: string; timeoutMs: number }[] {
  return run.plan.nodes.filter(
    (other) => other.kind === "checkpoint" && other.needs.includes(taskOf(task.id)),
  );
}
