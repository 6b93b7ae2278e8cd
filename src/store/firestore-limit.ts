/** Back-pressure for the operations of this process: so many at once, so many waiting, and none of them for ever. */

import { TurnpikeError } from "../core/errors.js";

export interface Limit {
  /** Does the work when its turn has come, in the order of asking. Throws FIRESTORE_BUSY without doing it. */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

export interface LimitSettings {
  /** Operations in flight at once. */
  readonly maxConcurrent: number;
  /** Operations that may wait for their turn. */
  readonly maxWaiting: number;
  readonly waitLimitMs: number;
}

const REMEDY =
  "raise firestoreMaxConcurrent (FIRESTORE_MAX_CONCURRENT), or send less at a time with fewer lanes";

export function createLimit({ maxConcurrent, maxWaiting, waitLimitMs }: LimitSettings): Limit {
  let busy = 0;
  const waiting = new Set<() => void>();

  const turn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer);
        waiting.delete(begin);
        busy += 1;
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(begin);
        reject(
          new TurnpikeError(
            "FIRESTORE_BUSY",
            `an operation waited ${String(waitLimitMs)} ms for one of ${String(maxConcurrent)} places at Firestore; ${REMEDY}`,
          ),
        );
      }, waitLimitMs);
      waiting.add(begin);
    });

  return {
    async run(work) {
      if (busy < maxConcurrent) busy += 1;
      else if (waiting.size < maxWaiting) await turn();
      else {
        throw new TurnpikeError(
          "FIRESTORE_BUSY",
          `${String(maxConcurrent)} operations are underway at Firestore and ${String(maxWaiting)} wait already; ${REMEDY}`,
        );
      }
      try {
        return await work();
      } finally {
        busy -= 1;
        // A set keeps the order of adding: the one that has waited longest is next.
        const [next] = waiting;
        next?.();
      }
    },
  };
}
