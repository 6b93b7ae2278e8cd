/** The lock of a job that is worked on: renewed all the time, and given up before it can be anybody else's. */

import type { Job } from "bullmq";
import { leaseEnd, type Lease } from "../core/lease.js";
import { monotonicMs } from "../monotonic-clock.js";

const RENEWALS_PER_LOCK = 5;

export interface KeptLock extends Lease {
  /** Aborted when the lock is lost, or cannot be renewed before it may be lost. */
  readonly signal: AbortSignal;
  /** Renews the lock now; true when it was ours, and the lease had not ended meanwhile. */
  renew(): Promise<boolean>;
  close(): void;
}

/**
 * Where a network swallows packets, renewals neither succeed nor fail; and whoever was stopped for a while hears of nothing.
 * So the lease ends by our own clock, `durationMs` after the last successful renewal was sent, and a little earlier.
 */
export function keepLock(
  job: Pick<Job, "extendLock">,
  token: string,
  {
    durationMs,
    canBeTaken,
    onLapse,
  }: {
    readonly durationMs: number;
    /** Whether there may be other processes that take over what is not renewed. */
    readonly canBeTaken: boolean;
    /** The lease has ended unheard of. */
    readonly onLapse: () => void;
  },
): KeptLock {
  const lost = new AbortController();
  let endsAtMs = Number.POSITIVE_INFINITY;
  let end: NodeJS.Timeout | undefined;
  let asking = 0;
  const lapse = (): void => {
    if (lost.signal.aborted || monotonicMs() < endsAtMs) return;
    onLapse();
    lost.abort();
  };
  const extend = (askedAtMs: number): void => {
    if (!canBeTaken) return;
    endsAtMs = leaseEnd(askedAtMs, durationMs);
    clearTimeout(end);
    end = setTimeout(lapse, Math.max(0, endsAtMs - monotonicMs()) + 1);
  };
  const renew = async (): Promise<boolean> => {
    const askedAtMs = monotonicMs();
    asking += 1;
    // Null is no answer; what comes of that is for the end of the lease to say.
    const renewed = await job.extendLock(token, durationMs).catch(() => null);
    asking -= 1;
    // A process that was stopped may read the answer before its timers have run.
    lapse();
    if (lost.signal.aborted) return false;
    if (renewed === 1) extend(askedAtMs);
    else if (renewed !== null) lost.abort();
    return renewed === 1;
  };
  extend(monotonicMs());
  const timer = setInterval(() => {
    if (asking === 0 && !lost.signal.aborted) void renew();
  }, durationMs / RENEWALS_PER_LOCK);
  return {
    signal: lost.signal,
    endsAtMs: () => endsAtMs,
    giveUp() {
      lost.abort();
    },
    renew,
    close() {
      clearInterval(timer);
      clearTimeout(end);
    },
  };
}
