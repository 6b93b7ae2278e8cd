/** What Firestore's errors mean here, and trying again after those that pass. */

import { setTimeout as pause } from "node:timers/promises";

/** Status codes of gRPC, as errors of the client carry them in `code`. */
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const ABORTED = 10;
const INTERNAL = 13;
const UNAVAILABLE = 14;

/** INTERNAL is among them because a connection that breaks in the middle of an answer is reported so. */
const PASSING = new Set([DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE]);

/** Enough for an outage of some ten seconds. */
const MAX_ATTEMPTS = 14;
/** No attempt begins after this long, however few there were. */
const RETRY_LIMIT_MS = 20_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** The limit of one attempt, after which it is tried again; what it sends may still arrive. */
export class AttemptTimeout extends Error {
  override readonly name = "AttemptTimeout";
  readonly code = DEADLINE_EXCEEDED;
}

/** Overload, a lost connection, a conflict: worth another try. */
export function passes(error: unknown): boolean {
  return PASSING.has(codeOf(error) ?? -1);
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === NOT_FOUND;
}

/** A precondition did not hold: somebody else, or an earlier attempt of our own, was first. */
export function isTaken(error: unknown): boolean {
  const code = codeOf(error);
  return code === ALREADY_EXISTS || code === FAILED_PRECONDITION;
}

/**
 * Tries again after errors that pass, with growing pauses of random length, so that many who failed together do not come
 * back together. An attempt whose answer was lost may have had its effect: callers only write what may be repeated.
 */
export async function retry<Result>(
  attempt: () => Promise<Result>,
  maxAttempts = MAX_ATTEMPTS,
): Promise<Result> {
  const until = Date.now() + RETRY_LIMIT_MS;
  for (let failures = 0; ;) {
    try {
      return await attempt();
    } catch (error) {
      failures += 1;
      if (failures === maxAttempts || Date.now() > until || !passes(error)) throw error;
      await pauseAfter(failures);
    }
  }
}

/** A random pause, longer the more often it went wrong. */
export async function pauseAfter(failures: number): Promise<void> {
  await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures));
}

function codeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "number" ? error.code : null;
}
