/** The lease of an execution: until when it is certain that nobody else may begin the same, although nothing more is heard of the queue. */

/** What may pass between the last moment of a lease and the arrival at the target of what was sent in it. */
const MARGIN_MS = 1000;

export interface Lease {
  /** On the clock that all processes of the machine share; infinite where nobody else could take the node over. */
  endsAtMs(): number;
  /** Ends the execution. For whoever ran it and has stopped by itself when the lease was over. */
  giveUp(): void;
}

export const ENDLESS_LEASE: Lease = {
  endsAtMs: () => Number.POSITIVE_INFINITY,
  giveUp: () => undefined,
};

/** The lease of whoever needs both. */
export function earlierOf(one: Lease, other: Lease): Lease {
  return {
    endsAtMs: () => Math.min(one.endsAtMs(), other.endsAtMs()),
    // It cannot be told from here which of them is over; what needs both ends with either.
    giveUp() {
      one.giveUp();
      other.giveUp();
    },
  };
}

/** The end of what is granted for `durationMs`, counted from the moment it was asked for, which lies before that in which it was granted. */
export function leaseEnd(askedAtMs: number, durationMs: number): number {
  return askedAtMs + durationMs - Math.min(MARGIN_MS, durationMs / 4);
}
