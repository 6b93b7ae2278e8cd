/** Watches everything that may end a running task early: its deadline, a cancelled run, a closed checkpoint, a lost lock. */

import type { StopReason } from "../core/judge.js";
import type { Dependencies } from "./dependencies.js";

/** How long a cancel made on another machine may stay unnoticed. */
const POLL_MS = 500;

export interface StopWatch {
  /** Aborted when the task must end now. */
  readonly signal: AbortSignal;
  /** Why, once the signal is aborted; null before. */
  reason(): StopReason | null;
  close(): void;
}

export function watchForStop(
  { store, bell, log }: Pick<Dependencies, "store" | "bell" | "log">,
  task: {
    readonly runId: string;
    readonly checkpoints: readonly string[];
    readonly timeoutMs: number;
    /** Whether only its own deadline ends it, and no cancel and no closed checkpoint. */
    readonly always: boolean;
    /** Time the whole run has left; infinite where nothing limits it. */
    readonly runEndsInMs: number;
    readonly signal: AbortSignal;
  },
): StopWatch {
  const stop = new AbortController();
  const closed = new AbortController();
  let reason: StopReason | null = null;
  const end = (why: StopReason): void => {
    if (reason !== null) return;
    reason = why;
    stop.abort();
  };
  const lost = (): void => {
    end("lost");
  };
  const deadline =
    task.runEndsInMs < task.timeoutMs
      ? setTimeout(end, task.runEndsInMs, "run_deadline")
      : setTimeout(end, task.timeoutMs, "deadline");
  if (task.signal.aborted) lost();
  task.signal.addEventListener("abort", lost, { once: true });

  const poll = async (): Promise<void> => {
    while (!stop.signal.aborted && !closed.signal.aborted) {
      const [status, outcomes] = await Promise.all([
        store.getRun(task.runId),
        store.outcomes(task.runId, task.checkpoints),
      ]);
      if (status?.cancellation != null) end("cancelled");
      else if (outcomes.size > 0) end("closed");
      else await bell.wait(`stop of ${task.runId}`, { timeoutMs: POLL_MS, signal: closed.signal });
    }
  };
  const pollAgain = (): void => {
    poll().catch((error: unknown) => {
      // A store that cannot be reached for a moment must not end the task; the deadline still holds.
      log.warn(
        { err: error, runId: task.runId },
        "cannot see whether the run was cancelled; trying again",
      );
      if (!closed.signal.aborted) setTimeout(pollAgain, POLL_MS);
    });
  };
  if (!task.always) pollAgain();
  return {
    signal: stop.signal,
    reason: () => reason,
    close() {
      clearTimeout(deadline);
      closed.abort();
      task.signal.removeEventListener("abort", lost);
    },
  };
}
