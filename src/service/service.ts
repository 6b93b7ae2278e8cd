/** Everything the API and the command line can ask of Turnpike. Each method is a use case of its own file in this folder. */

import type { Certificates } from "../core/certificates.js";
import type { ConfigValue } from "../core/config.js";
import type { ConfigCheck } from "../core/resolve-config.js";
import type { Layer, Rendered } from "../core/environment.js";
import type { Exports } from "../core/exports.js";
import type { PlanExplanation } from "../core/forecast.js";
import type { StoredEvent } from "../core/event.js";
import type { Outcome } from "../core/outcome.js";
import type {
  CollectionStore,
  EnvironmentStore,
  PlanFolder,
  PlanSource,
  ScheduleClock,
} from "../core/ports.js";
import type { EnvironmentManager } from "./environment-manager.js";
import type { RunStatus } from "../core/run.js";
import type { RunQuery } from "../core/run-query.js";
import type { WorkerState } from "../core/worker.js";
import type { RunReport } from "../reports/report.js";

/** What a run is asked to execute: a plan, or one collection, which becomes a plan of one task. */
export type Subject =
  | { readonly kind: "plan"; readonly id: string }
  | { readonly kind: "collection"; readonly name: string }
  /** A plan the caller has read already (from a path on the command line). */
  | { readonly kind: "folder"; readonly folder: PlanFolder };

export interface SubmitRequest {
  readonly subject: Subject;
  /** Layer names; null is the choice of no environment; undefined means the plan's own. */
  readonly environment?: readonly string[] | null;
  /** Layers given by content, such as an environment file outside the folder; they lie over the named ones. */
  readonly layers?: readonly Layer[];
  /** Instead of the environment called `globals`. */
  readonly globals?: Layer["rows"];
  /** Laid over the globals, whichever they are. */
  readonly globalVariables?: Readonly<Record<string, string>>;
  /** Lets every task send variables that nothing gives a value; each report says so. */
  readonly allowUnresolved?: boolean;
  /** Overrides; they win over every layer. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Cookies every task begins with, as the text of an exported jar. */
  readonly cookieJar?: string;
  /** What every task shows hosts that ask for a certificate, and whom it trusts. */
  readonly certificates?: Certificates;
  /** Limit of the whole run; it wins over the plan's own. */
  readonly timeoutMs?: number;
  /** Tasks of this run at once; the plan's own number without it. */
  readonly parallel?: number;
  readonly trigger: string;
  readonly branch?: string;
  readonly commit?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Cancels the open runs of the same plan and branch that were accepted before this one. */
  readonly supersede?: "older";
  readonly idempotencyKey?: string;
}

export interface RerunRequest {
  /** `failed`: tasks that passed, after nothing but tasks that passed, are not run again. */
  readonly only: "failed" | "everything";
  /** Overrides; those of the old run are gone. */
  readonly variables: Readonly<Record<string, string>>;
  readonly trigger: string;
}

export interface CleanOrphansRequest {
  /** Layer names; null means the chosen environment. */
  readonly environment: readonly string[] | null;
  /** Since the end of the run that made it. */
  readonly olderThanMs: number;
  readonly dryRun: boolean;
  readonly variables: Readonly<Record<string, string>>;
}

export interface OrphanSweep {
  readonly dryRun: boolean;
  readonly found: readonly {
    readonly name: string;
    readonly id: string;
    readonly run: string;
    readonly task: string;
    readonly fate: "deleted" | "would be deleted" | "kept" | "left";
    /** Why it is kept, or what its DELETE came to where it is left: `DELETE answered 403`. */
    readonly why: string | null;
  }[];
  /** Why not everything could be looked at or deleted; null when it could. */
  readonly trouble: string | null;
}

/** The switch of the whole queue: while it is paused no new task starts, and what runs goes on. */
interface QueueControl {
  pause(): Promise<void>;
  resume(): Promise<void>;
  isPaused(): Promise<boolean>;
}

/** A run with the outcomes it has so far. */
export interface RunView extends RunStatus {
  /** By node id. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Ids of the nodes that have started and not ended. */
  readonly active: readonly string[];
  /** What tasks wait for whose turn has come, by node id, in words. */
  readonly waitingFor?: ReadonlyMap<string, string>;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly detail: string | null;
}

export interface Service {
  readonly version: string;
  readonly startedAt: number;
  readonly config: readonly ConfigValue[];
  readonly plans: PlanSource;
  readonly environments: EnvironmentStore;
  readonly environmentManager: EnvironmentManager;
  readonly collections: CollectionStore;

  /** Judges a configuration document as turnpike.yaml would be. */
  checkConfig(document: unknown): ConfigCheck;
  /** Renders named layers with overrides, as a task would get them; NOT_FOUND for an unknown name. */
  renderEnvironment(request: {
    readonly layers: readonly string[];
    readonly variables: Readonly<Record<string, string>>;
  }): Promise<Rendered>;
  /** What a plan will take, from its history; NOT_FOUND for an unknown id. */
  explainPlan(planId: string): Promise<PlanExplanation>;
  /** Checks and stores a run and queues its flow. The same submission twice is one run. */
  submitRun(
    request: SubmitRequest,
  ): Promise<{ readonly status: RunStatus; readonly created: boolean }>;
  /** Runs an ended run again as a new one. */
  rerun(runId: string, request: RerunRequest): Promise<RunStatus>;
  /** NOT_FOUND for an unknown id. */
  viewRun(runId: string): Promise<RunView>;
  listRuns(query: RunQuery): Promise<readonly RunView[]>;
  /** Asks a run to stop; CONFLICT when it has ended. */
  cancelRun(runId: string, by: string): Promise<RunStatus>;
  /** Starts nothing new of a run until it is resumed; CONFLICT when it has ended. */
  pauseRun(runId: string, by: string): Promise<RunStatus>;
  resumeRun(runId: string): Promise<RunStatus>;
  /** Plans that are run by the clock; what a schedule names must be there. */
  readonly schedules: ScheduleClock;
  /** The same for all runs of the queue. */
  readonly queue: QueueControl;
  /** Events from after `after`, then live ones, until the run has ended or the signal is aborted. */
  followRun(
    runId: string,
    options: { readonly after?: string; readonly signal: AbortSignal },
  ): AsyncIterable<StoredEvent>;
  /** The events there are so far, after `after`, at most `limit`; NOT_FOUND for an unknown id. */
  readEvents(
    runId: string,
    query: { readonly after?: string; readonly limit: number },
  ): Promise<readonly StoredEvent[]>;
  /** Waits until the run has ended, at most `timeoutMs`; answers its state then. */
  waitForRun(
    runId: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<RunView>;
  reportRun(runId: string): Promise<RunReport>;
  /** Deletes test data that earlier runs have left; NOT_READY in a service without lanes. */
  cleanOrphans(request: CleanOrphansRequest): Promise<OrphanSweep>;
  /** The processes with lanes that take its tasks. */
  workers(): Promise<readonly WorkerState[]>;
  /** What the tasks of an ended run that have `exports` left behind, by task; they are deleted, so that only the first call gets them. */
  takeExports(runId: string): Promise<ReadonlyMap<string, Exports>>;
  /** What must work for the service to take runs. */
  checkReadiness(): Promise<readonly Check[]>;
  /** Numbers for monitoring. */
  measure(): Promise<ServiceMetrics>;
}

export interface ServiceMetrics {
  /** All that take its tasks, this process included if it has lanes; null while they cannot be counted. */
  readonly workers: {
    readonly processes: number;
    readonly lanes: number;
    readonly busyLanes: number;
  } | null;
  readonly openRuns: number;
  /** Since this process started. */
  readonly runsEnded: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly assertions: number;
  readonly residentBytes: number;
}
