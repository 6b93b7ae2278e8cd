/** Judging: what a checkpoint says about the nodes before it, and what a run as a whole came to. */

import { phrase, type Settlement } from "./decide.js";
import { MAX_REASON_LENGTH, shorten, type Outcome, type Status } from "./outcome.js";
import type { CheckpointNode, Plan } from "./plan.js";
import type { Verdict } from "./run.js";

/**
 * The verdict of a run, from its plan and outcomes alone. In this order: `passed` when every node passed, even if a cancel
 * came too late to stop anything; `cancelled` when somebody stopped it; `errored` when a node has no outcome, for then
 * nothing is known; `failed` when a test failed, since that is what CI must show first; `timed_out`; else `errored`.
 * Nodes that did not pass only because of a need are consequences and do not count, so a checkpoint behind a task that
 * timed out leaves the run timed out.
 */
export function verdictOf(
  plan: Plan,
  outcomes: ReadonlyMap<string, Outcome>,
  cancelled: boolean,
): Verdict {
  const known = plan.nodes.flatMap(({ id }) => outcomes.get(id) ?? []);
  const isComplete = known.length === plan.nodes.length;
  if (isComplete && known.every(({ status }) => status === "passed")) return "passed";
  if (cancelled) return "cancelled";
  if (!isComplete) return "errored";
  const origins = new Set(
    known.filter(({ cause }) => cause !== "need").map(({ status }) => status),
  );
  if (origins.has("failed")) return "failed";
  return origins.has("timed_out") ? "timed_out" : "errored";
}

/**
 * Judges a checkpoint against the plan: every need has an outcome, and it is passed. The reason names each need for which
 * that is not so. A need without an outcome makes it `errored`, because what was not seen is never taken for good.
 */
export function judgeCheckpoint(
  node: Pick<CheckpointNode, "needs">,
  outcomes: ReadonlyMap<string, Outcome>,
): Settlement {
  const open = node.needs.filter((need) => outcomes.get(need)?.status !== "passed");
  if (open.length === 0) return { status: "passed", cause: null, reason: null };
  const reason = describeNeeds(open, outcomes);
  if (open.some((need) => !outcomes.has(need)))
    return { status: "errored", cause: "evidence", reason };
  const status = statusBehind(node.needs.flatMap((need) => outcomes.get(need)?.status ?? []));
  return { status, cause: status === "cancelled" ? "cancelled" : "need", reason };
}

/** Status of a checkpoint whose needs have these, not all of them passed. */
function statusBehind(statuses: readonly Status[]): Status {
  if (statuses.every((status) => status === "skipped")) return "skipped";
  const ownFault = statuses.some(
    (status) => status === "failed" || status === "errored" || status === "timed_out",
  );
  return !ownFault && statuses.includes("cancelled") ? "cancelled" : "failed";
}

/** `task-3 failed: 2 assertions, task-4 was skipped`. Long reasons are cut first, so that as many names as possible stand. */
function describeNeeds(needs: readonly string[], outcomes: ReadonlyMap<string, Outcome>): string {
  const heads = needs.map((need) => `${need} ${phrase(outcomes.get(need)?.status)}`);
  const whys = needs.map((need) => whyOf(outcomes.get(need)));
  const fixedLength =
    heads.join(", ").length + whys.filter((why) => why !== "").length * ": ".length;
  const share = Math.floor(
    (MAX_REASON_LENGTH - fixedLength) / Math.max(1, whys.filter((why) => why !== "").length),
  );
  const fits = fixedLength + whys.join("").length <= MAX_REASON_LENGTH;
  const parts = heads.map((head, position) => {
    const why = whys[position] ?? "";
    const cut = fits || why.length <= share ? why : share < 2 ? "" : `${why.slice(0, share - 1)}…`;
    return cut === "" ? head : `${head}: ${cut}`;
  });
  return shorten(parts.join(", "));
}

/** A skipped or cancelled need says nothing more than that; the reason stands where it began. */
function whyOf(outcome: Outcome | undefined): string {
  if (outcome === undefined || outcome.status === "skipped" || outcome.status === "cancelled")
    return "";
  return outcome.reason ?? "";
}
