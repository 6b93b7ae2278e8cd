/** Tasks that wait in the queue for their next attempt learn at once that there will be none. */

import type { Run } from "../core/run.js";
import { executionOf } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";

/** Wakes every task whose needs have settled and that has not; one that runs, or waits for a need, is left alone. Repeating is harmless. */
export async function wakeWaiting(
  { store, queue }: Pick<Dependencies, "store" | "queue">,
  run: Run,
): Promise<void> {
  const outcomes = await store.outcomes(run.id);
  const waiting = executionOf(run.plan).nodes.flatMap((node) =>
    node.kind === "task" && !outcomes.has(node.id) && node.needs.every((need) => outcomes.has(need))
      ? [{ id: node.id, runsOn: node.runsOn }]
      : [],
  );
  await queue.wake(run.id, waiting);
}
