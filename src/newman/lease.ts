/** The lease of a run, as the process holds it that sends the requests: it stops by itself, because its parent may be stopped while it goes on. */

import { monotonicMs } from "../monotonic-clock.js";

/** What a process ends with whose lease was over. */
export const LAPSED_EXIT_CODE = 75;

export interface HeldLease {
  begin(endsAtMs: number | null): void;
  /** Of the run that is underway; what comes after its end says nothing any more. */
  renew(endsAtMs: number | null): void;
  /** Asked before whatever reaches the target. */
  check(): void;
  end(): void;
}

/** `lapse` ends the process at once. */
export function openLease(lapse: () => void): HeldLease {
  let endsAtMs: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  const check = (): void => {
    if (endsAtMs !== null && monotonicMs() >= endsAtMs) lapse();
  };
  const set = (to: number | null): void => {
    endsAtMs = to;
    clearTimeout(timer);
    // After a long stretch of work a renewal may lie unread: it is read before the last look.
    const lookAgain = (): void => void setTimeout(check, 1);
    if (to !== null) timer = setTimeout(lookAgain, Math.max(0, to - monotonicMs()) + 1);
  };
  return {
    begin: set,
    renew(to) {
      if (endsAtMs !== null) set(to);
    },
    check,
    end() {
      set(null);
    },
  };
}
