/** How a run ends as a process: the codes CI acts on. */

import type { Cause, Outcome } from "./outcome.js";
import type { Verdict } from "./run.js";

/** 0 passed, 1 tests failed, 2 usage or invalid plan, 3 could not run, 4 timed out, 5 nothing ran, 130 cancelled. */
export const EXIT = {
  passed: 0,
  failed: 1,
  usage: 2,
  errored: 3,
  timedOut: 4,
  nothingRan: 5,
  cancelled: 130,
} as const;

/** The exit code of an ended run. "Nothing ran" means that every task that was not skipped had nothing to prove. */
export function exitCodeOf(verdict: Verdict, outcomes: readonly Outcome[]): number {
  switch (verdict) {
    case "passed":
      return EXIT.passed;
    case "failed":
      return EXIT.failed;
    case "timed_out":
      return EXIT.timedOut;
    case "cancelled":
      return EXIT.cancelled;
    case "errored":
      return provedNothing(outcomes) ? EXIT.nothingRan : EXIT.errored;
  }
}

const NOTHING_TO_PROVE: ReadonlySet<Cause> = new Set([
  "no_requests",
  "no_assertions",
  "no_iterations",
]);

function provedNothing(outcomes: readonly Outcome[]): boolean {
  const executed = outcomes.filter(({ kind, status }) => kind === "task" && status !== "skipped");
  return (
    executed.length > 0 &&
    executed.every(({ cause }) => cause !== null && NOTHING_TO_PROVE.has(cause))
  );
}
