/** The outcome of a task that ran in shards: what a run in one piece would have come to. */

import type { Settlement } from "./decide.js";
import { addLedgers } from "./ledger.js";
import { addCounts, type Counts } from "./evidence.js";
import type { Cause, Outcome, Status } from "./outcome.js";
import type { TaskNode } from "./plan.js";
import { partCount } from "./shards.js";

/** A shard that had nothing to prove says nothing about its task, as long as another one proves something. */
const NOTHING_TO_PROVE: ReadonlySet<Cause | null> = new Set<Cause>([
  "no_requests",
  "no_assertions",
  "no_iterations",
]);

export function provedNothing({ status, cause }: Pick<Outcome, "status" | "cause">): boolean {
  return status === "errored" && NOTHING_TO_PROVE.has(cause);
}

/** What an unsharded run would be worth: one that did not end cleanly is not judged by its failures. */
const WORST_FIRST: readonly Status[] = ["errored", "timed_out", "cancelled", "failed", "skipped"];

type Merged = Settlement & Pick<Outcome, "attempt" | "startedAt" | "counts" | "ledger">;

/** The outcome of a task from those of its shards, in their order: with the counts, and the verdict, of a run in one piece. */
export function mergeShards(task: TaskNode, outcomes: readonly Outcome[]): Merged {
  const starts = outcomes.flatMap(({ startedAt }) => startedAt ?? []);
  const facts = {
    attempt: Math.max(0, ...outcomes.map(({ attempt }) => attempt)),
    startedAt: starts.length === 0 ? null : Math.min(...starts),
    counts: mergeCounts(task, outcomes),
    ...addLedgers(outcomes),
  };
  const missing = partCount(task) - outcomes.length;
  if (missing > 0) {
    const reason = `${String(missing)} of its ${String(partCount(task))} shards have no outcome`;
    return { status: "errored", cause: "evidence", reason, ...facts };
  }
  const telling = outcomes.filter((outcome) => !provedNothing(outcome));
  const empty = outcomes.find(({ cause }) => cause === "no_assertions") ?? outcomes[0];
  const worst = WORST_FIRST.find((status) => telling.some((outcome) => outcome.status === status));
  if (telling.length === 0 && empty !== undefined) return { ...verdictOf(empty), ...facts };
  if (worst === undefined) return { status: "passed", cause: null, reason: null, ...facts };
  return { ...joinReasons(telling.filter(({ status }) => status === worst)), ...facts };
}

/** Shards by folders run the same iterations; everything else adds up. */
function mergeCounts({ split }: TaskNode, outcomes: readonly Outcome[]): Counts {
  const counts = outcomes.map((outcome) => outcome.counts);
  const sum = addCounts(counts);
  if (split?.by !== "folders") return sum;
  return { ...sum, iterations: Math.max(0, ...counts.map(({ iterations }) => iterations)) };
}

function joinReasons(outcomes: readonly Outcome[]): Settlement {
  const [first, ...others] = outcomes;
  if (first === undefined) return { status: "passed", cause: null, reason: null };
  const isSame = others.every(({ reason }) => reason === first.reason);
  if (isSame) return verdictOf(first);
  const also = others.map(({ node }) => `shard ${node}`).join(", ");
  const reason = `shard ${first.node}: ${first.reason ?? "no reason given"}; also ${also}`;
  return { ...verdictOf(first), reason };
}

function verdictOf({ status, cause, reason }: Outcome): Settlement {
  return { status, cause, reason };
}
