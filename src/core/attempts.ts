/** Attempts of a task: why one ended red, and how those before the last one are told. */

import { phrase } from "./decide.js";
import { shorten, type Outcome } from "./outcome.js";
import type { CollectionResult } from "./collection-job.js";
import type { RetryCause } from "./retries.js";

const REFUSED =
  /\b(?:ECONNREFUSED|ECONNRESET|EPIPE|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)\b|socket hang up/;
const TIMED_OUT = /\b(?:ETIMEDOUT|ESOCKETTIMEDOUT)\b|timed out/;

/**
 * Why a red execution ended as it did; null for one that no other attempt could make green (a collection that proves nothing),
 * and for one that was stopped. The first failure decides, because those after it are often its consequences.
 */
export function retryCauseOf(
  result: CollectionResult,
  { status }: Pick<Outcome, "status">,
): RetryCause | null {
  if (status === "timed_out") return "timeout";
  if (result.ended === "crashed") return "crash";
  if (result.ended === "stopped" || status !== "failed") return null;
  const [first] = result.failures;
  if (first?.kind !== "request") return "failed";
  if (REFUSED.test(first.message)) return "refused";
  return TIMED_OUT.test(first.message) ? "timeout" : "failed";
}

/** The outcome with what the attempts before it came to: `passed on attempt 2; attempt 1 failed: connect ECONNREFUSED`. */
export function withEarlierAttempts(outcome: Outcome, earlier: readonly Outcome[]): Outcome {
  if (earlier.length === 0) return outcome;
  const head = outcome.reason ?? `${phrase(outcome.status)} on attempt ${String(outcome.attempt)}`;
  const before = earlier.map(
    ({ attempt, status, reason }) =>
      `attempt ${String(attempt)} ${phrase(status)}${reason === null ? "" : `: ${reason}`}`,
  );
  return { ...outcome, reason: shorten([head, ...before].join("; ")) };
}
