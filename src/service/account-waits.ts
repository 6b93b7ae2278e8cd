/** Keeps the account of what a task waits for, from the moment its needs have ended to its start; it travels with the task's job. */

import type { Outcome } from "../core/outcome.js";
import type { NodeWake, SettleAnswer } from "../core/ports.js";
import type { Run } from "../core/run.js";
import type { ExecutionNode } from "../core/shards.js";
import { beginWaits, waitedUntil, waitFor, type Waited, type Waits } from "../core/waits.js";

type Later = Extract<SettleAnswer, { readonly state: "later" }>;

/** The wake-up with the account as it stands. */
export function withAccount(
  wake: NodeWake,
  at: {
    readonly run: Run;
    readonly node: ExecutionNode;
    readonly outcomes: ReadonlyMap<string, Outcome>;
  },
): NodeWake & { readonly waits: Waits } {
  const { run, node, outcomes } = at;
  const ends = node.needs.flatMap((need) => outcomes.get(need)?.endedAt ?? []);
  return { ...wake, waits: wake.waits ?? beginWaits(Math.max(run.createdAt, ...ends)) };
}

/** The answer with what it adds to the account. */
export function noteWait(answer: Later, waits: Waits, now: number): Later {
  return answer.reason === undefined
    ? answer
    : { ...answer, waits: waitFor(answer.reason, waits, now) };
}

/** The account of the attempt after one that ended; its pause is not waiting. */
export function nextAccount(
  {
    execution,
    pauseMs,
  }: { readonly execution: { readonly outcome: Outcome }; readonly pauseMs: number },
  now: number,
): Waits {
  return beginWaits(now + pauseMs, execution.outcome.attempt + 1);
}

/** What the start of an attempt says of its waiting: nothing after one that its worker did not survive, of which nobody knows when it ended. */
export function waitedFor(
  { waits }: Pick<NodeWake, "waits">,
  { attempt, startedAt }: { readonly attempt: number; readonly startedAt: number },
): { readonly waited?: Waited } {
  if (waits?.attempt !== attempt) return {};
  const waited = waitedUntil(startedAt, waits);
  return Object.keys(waited).length === 0 ? {} : { waited };
}
