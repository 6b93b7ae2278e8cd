/** Judging: what a checkpoint says about the nodes before it, and what a run as a whole came to. */

import { phrase, type Settlement } from "./decide.js";
import { MAX_REASON_LENGTH, shorten, type Outcome, type Status } from "./outcome.js";
import type { CheckpointNode, Plan, PlanNode } from "./plan.js";
import { tallyOf } from "./requirement.js";
import type { Verdict } from "./run.js";

/**
 * The verdict of a run, from its plan and outcomes alone. In this order: `passed` when every node passed or was accepted (a
 * checkpoint needs it, and every checkpoint that does has passed all the same, because of its `require`), even if a cancel came
 * too late to stop anything; `cancelled` when somebody stopped it; `errored` when a node has no outcome, for then
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
  const open = known.filter(({ status }) => status !== "passed");
  const red = open.filter(({ node }) => !isAccepted(plan.nodes, node, outcomes));
  if (isComplete && red.length === 0) return "passed";
  if (cancelled) return "cancelled";
  if (!isComplete) return "errored";
  // A skip that follows from something accepted leaves only that to name as its origin.
  const origins = [red, open]
    .map((nodes) => nodes.filter(({ cause }) => cause !== "need").map(({ status }) => status))
    .find((statuses) => statuses.length > 0);
  if (origins?.includes("failed") === true) return "failed";
  return origins?.includes("timed_out") === true ? "timed_out" : "errored";
}

/** True for a node whose failure every checkpoint that needs it has allowed. */
function isAccepted(
  nodes: readonly PlanNode[],
  nodeId: string,
  outcomes: ReadonlyMap<string, Outcome>,
): boolean {
  const checkpoints = nodes.flatMap((node) =>
    node.kind === "checkpoint" && node.needs.includes(nodeId) ? [node] : [],
  );
  return (
    checkpoints.length > 0 &&
    checkpoints.every(
      (checkpoint) =>
        outcomes.get(checkpoint.id)?.status === "passed" &&
        judgeCheckpoint(checkpoint, outcomes).status === "passed",
    )
  );
}

/**
 * Judges a checkpoint against the plan: every need has an outcome, and as many as it requires have passed. The reason names each
 * need that has not, also where that is allowed. A need without an outcome makes it `errored`, because what was not seen is
 * never taken for good.
 */
export function judgeCheckpoint(
  node: Pick<CheckpointNode, "needs" | "require">,
  outcomes: ReadonlyMap<string, Outcome>,
): Settlement {
  const hasPassed = (need: string): boolean => outcomes.get(need)?.status === "passed";
  const open = node.needs.filter((need) => !hasPassed(need));
  if (open.length === 0) return { status: "passed", cause: null, reason: null };
  const tally = tallyOf(node.needs, node.require, hasPassed);
  if (open.some((need) => !outcomes.has(need)))
    return { status: "errored", cause: "evidence", reason: describeNeeds(open, outcomes) };
  if (tally.passed >= tally.required) {
    const reason = shorten(`allowed by require: ${describeNeeds(open, outcomes)}`);
    return { status: "passed", cause: null, reason };
  }
  const counted = open.filter((need) => tally.counted.includes(need));
  const status = statusBehind(tally.counted.flatMap((need) => outcomes.get(need)?.status ?? []));
  const rate =
    node.require?.passRate === undefined
      ? ""
      : `${String(tally.passed)} of ${String(tally.counted.length)} passed, ${String(tally.required)} are required: `;
  const reason = shorten(`${rate}${describeNeeds(counted, outcomes)}`);
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
