/** A node of the plan as a report shows it, ended or not. */

import type { Counts, RequestRecord } from "../core/evidence.js";
import type { Cause, Status } from "../core/outcome.js";

/** Status of a node in a report; the first two only while the run goes on. */
export type NodeStatus = "waiting" | "running" | Status;

/** A node of the plan with what came of it. Times are ISO 8601 in UTC, durations milliseconds. */
export interface NodeReport {
  readonly id: string;
  readonly title: string;
  readonly kind: "task" | "checkpoint";
  readonly needs: readonly string[];
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
  /** Those of the final attempt, in the order of execution. */
  readonly requests: readonly RequestRecord[];
}
