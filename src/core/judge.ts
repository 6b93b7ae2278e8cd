/** The verdict on one collection run: what Newman reported becomes a status, and nothing counts as passed that was not proven. */

import type { Counts } from "./evidence.js";
import type { Cause, Outcome } from "./outcome.js";
import type { TaskNode } from "./plan.js";
import type { CollectionResult, Failure } from "./collection-job.js";

export type Judgement = Pick<Outcome, "status" | "cause" | "reason" | "counts">;

/** Why a run that was stopped was stopped. */
export type StopReason = "deadline" | "run_deadline" | "cancelled" | "closed" | "lost";

type Finished = Extract<CollectionResult, { readonly ended: "finished" }>;

/** `stopReason` matters only for a result that is `stopped`; null means that nobody asked for it. */
export function judge(
  result: CollectionResult,
  task: Pick<TaskNode, "allowEmpty" | "data" | "timeoutMs">,
  stopReason: StopReason | null,
): Judgement {
  const { counts } = result;
  switch (result.ended) {
    case "finished":
      return judgeFinished(result, task);
    case "crashed":
      return errored(counts, "crash", `Newman's process died: ${result.cause}`);
    case "stopped":
      return judgeStopped(counts, task, stopReason);
  }
}

/** A task that hands on less than it declares has not done its work, however green it is. */
export function judgeOutputs(
  judgement: Judgement,
  { outputs }: Pick<TaskNode, "outputs">,
  handed: readonly { readonly key: string }[],
): Judgement {
  const missing = outputs.filter((name) => !handed.some(({ key }) => key === name));
  if (judgement.status !== "passed" || missing.length === 0) return judgement;
  const advice = `set it with pm.environment.set("${missing[0] ?? ""}", …), or remove it from outputs`;
  const reason = `its outputs are not set at its end: ${missing.join(", ")}; ${advice}`;
  return errored(judgement.counts, "output", reason);
}

/** A run without a clean end is never judged by its failures, and a failure weighs more than missing evidence. */
function judgeFinished(
  result: Finished,
  { allowEmpty, data }: Pick<TaskNode, "allowEmpty" | "data">,
): Judgement {
  const { counts, assertionsSkipped, failures, runError } = result;
  const [first] = failures;
  if (first !== undefined)
    return failed(counts, first.kind, failureReason(first, counts, failures.length));
  if (runError !== null)
    return errored(counts, "collection", `Newman could not run the collection: ${runError}`);
  const unlisted = countedFailures(counts);
  if (unlisted > 0)
    return errored(
      counts,
      "evidence",
      `Newman counted ${some(unlisted, "failure")} and named none`,
    );
  if (allowEmpty) return passed(counts);
  if (counts.iterations === 0 && data !== undefined) {
    const advice = "give it at least one row, or set allowEmpty: true";
    return errored(
      counts,
      "no_iterations",
      `not one iteration ran: ${data} has no rows; ${advice}`,
    );
  }
  if (counts.requests === 0) {
    return errored(
      counts,
      "no_requests",
      "not one request was sent; check the collection and the folder, or set allowEmpty: true",
    );
  }
  if (counts.assertions - assertionsSkipped <= 0) {
    const what =
      assertionsSkipped > 0 ? "every assertion was skipped" : "not one assertion was executed";
    return errored(
      counts,
      "no_assertions",
      `${what}, so nothing is proven; add a pm.test, or set allowEmpty: true`,
    );
  }
  return passed(counts);
}

function judgeStopped(
  counts: Counts,
  { timeoutMs }: Pick<TaskNode, "timeoutMs">,
  stopReason: StopReason | null,
): Judgement {
  const after = `after ${some(counts.requests, "request")}`;
  switch (stopReason) {
    case "deadline":
      return {
        status: "timed_out",
        cause: "deadline",
        reason: `stopped ${after}: it took longer than its timeout of ${seconds(timeoutMs)}`,
        counts,
      };
    case "run_deadline":
      return {
        status: "timed_out",
        cause: "deadline",
        reason: `stopped ${after}: the time of the whole run was over`,
        counts,
      };
    case "cancelled":
      return {
        status: "cancelled",
        cause: "cancelled",
        reason: `stopped ${after}: the run was cancelled`,
        counts,
      };
    case "closed":
      return {
        status: "cancelled",
        cause: "cancelled",
        reason: `stopped ${after}: its checkpoint had closed`,
        counts,
      };
    case "lost":
    case null:
      return errored(counts, "crash", `stopped ${after}: the worker that ran it was stopping`);
  }
}

function passed(counts: Counts): Judgement {
  return { status: "passed", cause: null, reason: null, counts };
}

function failed(counts: Counts, cause: Cause, reason: string): Judgement {
  return { status: "failed", cause, reason, counts };
}

function errored(counts: Counts, cause: Cause, reason: string): Judgement {
  return { status: "errored", cause, reason, counts };
}

/** `3 failures; the first, in "Create user" (iteration 2): status is 201: expected 500 to equal 201`. */
function failureReason(first: Failure, counts: Counts, listed: number): string {
  const count = Math.max(counts.failures, listed);
  const iteration = counts.iterations > 1 ? ` (iteration ${String(first.iteration + 1)})` : "";
  // Newman names no item for a request that a script sends and that cannot even be begun.
  const place = first.item === "" ? iteration : ` in "${first.item}"${iteration}`;
  return count === 1
    ? `${first.kind} failed${place}: ${first.message}`
    : `${String(count)} failures; the first${place === "" ? "" : ","}${place}: ${first.message}`;
}

/** The larger of Newman's list and the sum of its counters, which it keeps separately. */
function countedFailures(counts: Counts): number {
  const { requestsFailed, assertionsFailed, scriptsFailed } = counts;
  return Math.max(counts.failures, requestsFailed + assertionsFailed + scriptsFailed);
}

function some(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? "" : "s"}`;
}

function seconds(durationMs: number): string {
  return `${String(durationMs / 1000)} s`;
}
