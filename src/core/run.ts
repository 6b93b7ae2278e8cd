/** One execution of a plan, as it is stored: what was asked, frozen at submission, and how it ended. */

import { z } from "zod";
import type { Plan } from "./plan.js";

export const verdictSchema = z.enum(["passed", "failed", "errored", "timed_out", "cancelled"]);
export type Verdict = z.infer<typeof verdictSchema>;

/** Write-once end of a run. */
export interface RunEnd {
  readonly verdict: Verdict;
  readonly endedAt: number;
}

/** Write-once wish to stop a run. */
export interface Cancellation {
  readonly by: string;
  readonly at: number;
}

export interface Run {
  readonly id: string;
  readonly plan: Plan;
  /** Folder the plan's files were read from, on the machine that accepted the run. */
  readonly workingDirectory: string;
  /** Content hash of each file its collections upload, by its path in that folder. */
  readonly uploads: Readonly<Record<string, string>>;
  /** Content hash of each file the plan names (collections, data), by its path in the plan. */
  readonly files: Readonly<Record<string, string>>;
  /** Names of the environment layers chosen for the run. */
  readonly environment: readonly string[];
  /** Hash of the private inputs (environment rows, overrides), which are deleted when the run ends. */
  readonly inputs: string;
  readonly createdAt: number;
  /** Limit of the whole run from `createdAt`, where the submission or the plan set one. */
  readonly timeoutMs?: number | undefined;
  /** Whose queue carries the run: only the services and workers of this namespace work on it. */
  readonly namespace: string;
  /** Who asked: `cli`, `api`, or a name given in the request. */
  readonly trigger: string;
  /** Branch and commit of what is tested, for people and for queries; null where nobody said. */
  readonly branch: string | null;
  readonly commit: string | null;
  /** Whatever else the caller wants to find it by. */
  readonly labels: Readonly<Record<string, string>>;
  /** Places of what it was given by value (`variables.token`): the values are among the inputs, and gone with them. */
  readonly overrides: readonly string[];
  /** The run this one repeats; null for a run of its own. */
  readonly rerunOf: string | null;
  /** Tasks that are not run again, with the run in which each of them passed. */
  readonly reused: Readonly<Record<string, string>>;
  /** Hash of the submission, to recognise the same one sent twice. */
  readonly fingerprint: string;
  /** Tasks at once, where the submission asked for another number than the plan. */
  readonly parallel?: number | undefined;
  /** Turn of each task among all that wait for a lane; the lowest goes first. */
  readonly turns?: Readonly<Record<string, number>> | undefined;
}

/** A wish that a run starts nothing new until it is resumed. */
export interface Pause {
  readonly by: string;
  readonly at: number;
}

/** A run with what is known of its progress. */
export interface RunStatus {
  readonly run: Run;
  readonly end: RunEnd | null;
  readonly cancellation: Cancellation | null;
  /** Stands while the run is paused. */
  readonly pause?: Pause;
}

/** Time-ordered and unique: 9 characters of milliseconds in base 36, then `random` (lower-case letters and digits). */
export function runId(at: number, random: string): string {
  return `${at.toString(36).padStart(9, "0")}${random}`;
}

/** When the whole run must be over, in milliseconds since the epoch; infinite where nothing limits it. */
export function deadlineOf(run: Pick<Run, "createdAt" | "timeoutMs">): number {
  return run.timeoutMs === undefined ? Number.POSITIVE_INFINITY : run.createdAt + run.timeoutMs;
}

const LAYER_PLACE = "environment ";

/** How `overrides` names an environment that was given by content. */
export function placeOfLayer(name: string): string {
  return `${LAYER_PLACE}${name}`;
}

/** Every environment layer of a run, weakest first: those it names, and over them those it was given by content. */
export function environmentsOf({
  environment,
  overrides,
}: Pick<Run, "environment" | "overrides">): string[] {
  const given = overrides.filter((place) => place.startsWith(LAYER_PLACE));
  return [...environment, ...given.map((place) => place.slice(LAYER_PLACE.length))];
}

/** Test-data namespace of one attempt: unique in time and across pipelines, because the run's id is. */
export function prefixOf(run: string, task: string, attempt: number): string {
  return `Test_${task}_${run}_${String(attempt)}_`;
}
