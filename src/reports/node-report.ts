/** A node of the plan as a report shows it, ended or not. */

import type { CleanupNode } from "../core/cleanup.js";
import type { Counts, RequestRecord } from "../core/evidence.js";
import type { GeneratedDataNote } from "../core/generated-data.js";
import type { LedgerEntry } from "../core/ledger-entry.js";
import type { Cause, Status } from "../core/outcome.js";
import type { Split } from "../core/split.js";

/** Status of a node in a report; the first two only while the run goes on. */
export type NodeStatus = "waiting" | "running" | Status;

/** Options of a task that give up a rule of evidence. */
export type Waiver = "allowEmpty" | "allowUnresolved" | "refusedFiles";

/** An attempt that was not the last one. */
export interface AttemptReport {
  readonly attempt: number;
  readonly status: Status;
  readonly cause: Cause | null;
  readonly reason: string | null;
  readonly prefix: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string;
  readonly durationMs: number | null;
  readonly counts: Counts;
  readonly requests: readonly RequestRecord[];
}

/** A node of the plan with what came of it. Times are ISO 8601 in UTC, durations milliseconds. */
export interface NodeReport {
  readonly id: string;
  readonly title: string;
  readonly kind: "task" | "checkpoint";
  readonly needs: readonly string[];
  /** What the plan lets this task do that else keeps it from passing. */
  readonly waivers: readonly Waiver[];
  /** Where its iteration data was generated: from which seed, and how much. */
  readonly generatedData: GeneratedDataNote | null;
  readonly status: NodeStatus;
  readonly cause: Cause | null;
  readonly reason: string | null;
  /** 1-based; 0 when it never started. */
  readonly attempt: number;
  readonly prefix: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  readonly counts: Counts;
  /** For what its final attempt waited after it had become ready, the longest first; empty where that is not known. */
  readonly waited: readonly { readonly reason: string; readonly durationMs: number }[];
  /** The run in which it passed, where it was not executed in this one. */
  readonly reusedFrom: string | null;
  /** Attempts before the final one that ended and were followed by another, with their own evidence. */
  readonly earlier: readonly AttemptReport[];
  /** Those of the final attempt, in the order of execution. */
  readonly requests: readonly RequestRecord[];
  /** What all its attempts created on the target; null where that was nothing. */
  readonly ledger: LedgerReport | null;
  /** How a task that asked for shards was run; null for any other node. */
  readonly split: SplitReport | null;
}

/** What a task created on its target, and what became of it. */
export interface LedgerReport {
  readonly created: number;
  /** By the task itself. */
  readonly deleted: number;
  /** By the clean-up after it. */
  readonly cleanedUp: number;
  /** In the order of creation. */
  readonly left: readonly { readonly url: string; readonly rule: LedgerEntry["rule"] }[];
  /** Requests whose answers may tell of creations, and of anything else: `POST /login`. Nothing of them is counted or deleted. */
  readonly unclear: readonly string[];
  /** What the clean-up came to, or the look at what is left for a proof; null where the plan asks for neither, or as long as it goes on. */
  readonly cleanup: {
    readonly does: CleanupNode["does"];
    readonly status: Status;
    readonly reason: string | null;
  } | null;
}

/** One part of a task. */
export interface ShardReport extends Pick<
  NodeReport,
  | "id"
  | "status"
  | "cause"
  | "reason"
  | "attempt"
  | "prefix"
  | "startedAt"
  | "endedAt"
  | "durationMs"
  | "counts"
> {
  /** What it ran: `iterations 1 to 500`, or the names of its folders. */
  readonly part: string;
}

/** How a task that asked for shards was run. */
export interface SplitReport {
  readonly by: Split["by"];
  /** Why it ran whole; empty when it did not. */
  readonly reasons: readonly string[];
  readonly shards: readonly ShardReport[];
}
