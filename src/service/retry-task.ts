/** Trying a task again: whether it may be, and the attempts that ended before. */

import { withEarlierAttempts } from "../core/attempts.js";
import { checkpointsBehind, decideStart, type Settlement } from "../core/decide.js";
import { shorten, type Outcome } from "../core/outcome.js";
import type { TaskNode } from "../core/plan.js";
import { pauseBeforeRetry } from "../core/retries.js";
import type { Run } from "../core/run.js";
import { executionOf, type ExecutionNode } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";
import { appendEvents } from "./record.js";
import type { Execution } from "./run-task.js";
import { allEvents } from "./view-run.js";

/** Milliseconds until the next attempt, or null when this one was the last: it passed, its retries are used up, or nothing may start any more. */
export async function pauseOf(
  { store }: Pick<Dependencies, "store">,
  at: { readonly run: Run; readonly node: TaskNode; readonly execution: Execution },
): Promise<number | null> {
  const { run, node, execution } = at;
  const { outcome, retryCause } = execution;
  const pauseMs = pauseBeforeRetry(node.retries, outcome.attempt, retryCause);
  if (pauseMs === null) return null;
  const [status, outcomes] = await Promise.all([
    store.getRun(run.id),
    store.outcomes(run.id, aroundOf(run, node)),
  ]);
  const cancelled = status === null || status.cancellation !== null;
  const decision = decideStart(executionOf(run.plan), node, { outcomes, cancelled });
  return decision.kind === "start" ? pauseMs : null;
}

/** Writes down an attempt that is not the last. */
export async function recordAttempt(
  deps: Pick<Dependencies, "store" | "bell" | "clock" | "meter">,
  run: Run,
  { execution, pauseMs }: { readonly execution: Execution; readonly pauseMs: number },
): Promise<void> {
  const { outcome, retryCause } = execution;
  if (retryCause === null) return;
  deps.meter.countOutcome(outcome);
  const retryAt = deps.clock.now() + pauseMs;
  await appendEvents(deps, run.id, [
    { type: "attempt.ended", at: outcome.endedAt, outcome, because: retryCause, retryAt },
  ]);
}

/** The last attempt's outcome, telling those before it. */
export async function tellEarlier(
  deps: Pick<Dependencies, "store">,
  run: Run,
  { node, outcome }: { readonly node: TaskNode; readonly outcome: Outcome },
): Promise<Outcome> {
  if (node.retries.max === 0 || outcome.attempt < 2) return outcome;
  return withEarlierAttempts(outcome, await endedAttempts(deps, run, node));
}

/** Where a task that was red waited to be tried again when its end came, that attempt is its outcome; null where there was none. */
export async function lastAttempt(
  deps: Pick<Dependencies, "store">,
  run: Run,
  { node, settlement }: { readonly node: ExecutionNode; readonly settlement: Settlement },
): Promise<Outcome | null> {
  if (node.kind !== "task" || node.retries.max === 0) return null;
  const earlier = await endedAttempts(deps, run, node);
  const last = earlier.at(-1);
  if (last === undefined) return null;
  const why = `${last.reason ?? ""}; not tried again: ${settlement.reason ?? "it may not start"}`;
  return withEarlierAttempts({ ...last, reason: shorten(why) }, earlier.slice(0, -1));
}

/** Every node whose outcome decides whether this one may start. */
export function aroundOf(run: Run, node: ExecutionNode): readonly string[] {
  return [node.id, ...node.needs, ...checkpointsBehind(executionOf(run.plan), node.id)];
}

/** In their order; an event that was written twice counts once. */
async function endedAttempts(
  deps: Pick<Dependencies, "store">,
  run: Run,
  { id }: TaskNode,
): Promise<readonly Outcome[]> {
  const events = await allEvents(deps, run.id);
  const ended = new Map<number, Outcome>();
  for (const event of events)
    if (event.type === "attempt.ended" && event.outcome.node === id)
      ended.set(event.outcome.attempt, event.outcome);
  return [...ended.values()].toSorted((left, right) => left.attempt - right.attempt);
}
