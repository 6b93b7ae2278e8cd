/** Questions to the history of runs: what to look for, and where a page of the answer ended. */

import { TurnpikeError } from "./errors.js";
import type { Run, RunStatus, Verdict } from "./run.js";

export interface RunFilter {
  /** Name of the plan. */
  readonly plan?: string;
  /** Name of a layer the run chose. */
  readonly environment?: string;
  readonly branch?: string;
  readonly verdict?: Verdict;
  /** Accepted at this time or later; milliseconds since the epoch. */
  readonly since?: number;
  /** Accepted before this time. */
  readonly until?: number;
}

/** The answer is newest first. `before` is the cursor of the last run of the page before. */
export interface RunQuery extends RunFilter {
  readonly limit: number;
  readonly before?: string;
}

/** Where runs stand in the order of the history. */
export interface RunPlace {
  readonly createdAt: number;
  readonly id: string;
}

/** Holds the place itself, so that a page goes on also when the run has been deleted meanwhile. */
export function cursorOf({ createdAt, id }: Pick<Run, "createdAt" | "id">): string {
  return `${createdAt.toString(36)}.${id}`;
}

/** Throws INVALID_REQUEST for a text that is no cursor. */
export function placeOf(cursor: string): RunPlace {
  const [, time = "", id = ""] = /^([0-9a-z]{1,10})\.([\w.-]{1,200})$/.exec(cursor) ?? [];
  if (id !== "") return { createdAt: Number.parseInt(time, 36), id };
  throw new TurnpikeError(
    "INVALID_REQUEST",
    `"${cursor}" is not a cursor; give "next" of the page before, or none`,
  );
}

/** Whether a run is one of those that were asked for; stores that can ask so themselves need not call it. */
export function matchesFilter({ run, end }: RunStatus, filter: RunFilter): boolean {
  const { plan, environment, branch, verdict, since, until } = filter;
  return (
    (plan === undefined || run.plan.name === plan) &&
    (environment === undefined || run.environment.includes(environment)) &&
    (branch === undefined || run.branch === branch) &&
    (verdict === undefined || end?.verdict === verdict) &&
    (since === undefined || run.createdAt >= since) &&
    (until === undefined || run.createdAt < until)
  );
}
