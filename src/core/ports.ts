/** What the core and the use cases ask of the outside. Adapters implement these; only the wire files know which. */

import type { Certificates } from "./certificates.js";
import type { EgressRules } from "./egress.js";
import type { EnvironmentDocument } from "./environment.js";
import type { RunEvent, StoredEvent } from "./event.js";
import type { FlowShape } from "./flow.js";
import type { Lease } from "./lease.js";
import type { Outcome } from "./outcome.js";
import type { Plan } from "./plan.js";
import type { Secret, SecretReference } from "./secret-reference.js";
import type { Cancellation, Pause, Run, RunEnd, RunStatus } from "./run.js";
import type { RunQuery } from "./run-query.js";
import type { Waits } from "./waits.js";
import type { WorkerState } from "./worker.js";
import type { Schedule, Timetable } from "./timetable.js";

/** Milliseconds since the epoch, and random lower-case letters and digits: the two things the core must not make itself. */
export interface Clock {
  now(): number;
  random(length: number): string;
}

/**
 * Runs, outcomes and events. Everything that several workers may write is write-once: the first writer wins and every
 * writer gets the winner back, so repeating any call is harmless.
 */
export interface RunStore {
  /** Stores a run under its id, or returns the one that is already there. */
  createRun(run: Run): Promise<{ readonly run: Run; readonly created: boolean }>;
  getRun(runId: string): Promise<RunStatus | null>;
  /** Newest first. */
  listRuns(query: RunQuery): Promise<readonly RunStatus[]>;
  /** Ids of runs without an end, oldest first. */
  openRuns(): Promise<readonly string[]>;
  /** Write-once by run and node; answers the outcome that stands. */
  recordOutcome(runId: string, outcome: Outcome): Promise<Outcome>;
  /** All outcomes of a run so far, or only those of `nodes`. */
  outcomes(runId: string, nodes?: readonly string[]): Promise<ReadonlyMap<string, Outcome>>;
  /** Counts one more start of a node and answers its number, from 1. */
  nextAttempt(runId: string, node: string): Promise<number>;
  /** Nodes that have been started at least once. */
  startedNodes(runId: string): Promise<readonly string[]>;
  cancelRun(runId: string, cancellation: Cancellation): Promise<Cancellation>;
  /** Pauses a run, or with null lets it go on; the last call counts. */
  pauseRun(runId: string, pause: Pause | null): Promise<void>;
  endRun(runId: string, end: RunEnd): Promise<RunEnd>;
  /** Deletes a run with its outcomes, attempts and events; harmless when it is gone. */
  deleteRun(runId: string): Promise<void>;
  /** Appends in the given order. */
  appendEvents(runId: string, events: readonly RunEvent[]): Promise<void>;
  /** Events after the one with id `after` (from the beginning without it), in order, at most `limit`. */
  readEvents(
    runId: string,
    query: { readonly after?: string; readonly limit: number },
  ): Promise<readonly StoredEvent[]>;
}

/** Bytes by content hash (sha256, hex). */
export interface BlobStore {
  put(bytes: Uint8Array): Promise<string>;
  /** Throws NOT_FOUND for an unknown hash. */
  get(hash: string): Promise<Uint8Array>;
  /** Deleting what is not there is no error. */
  delete(hash: string): Promise<void>;
}

/** Secrets that environments refer to instead of holding them. */
export interface SecretSource {
  /** Throws NOT_FOUND for one that is not there or not released, INVALID_CONFIG for a vault that cannot be opened. */
  read(reference: SecretReference): Promise<Secret>;
}

/** What runs show their targets and trust them by, where the configuration says so. */
export interface CertificateSource {
  /**
   * `reveal` puts secrets into a text, and answers null for one that is not there; then there are none. Throws INVALID_CONFIG
   * for files that cannot be read or used.
   */
  read(
    reveal: (text: string, path: string) => Promise<string | null>,
  ): Promise<Certificates | undefined>;
}

/** Secrets encrypted at rest; an empty list of domains is every host. */
export interface Vault {
  list(): Promise<readonly { readonly name: string; readonly domains: readonly string[] }[]>;
  get(name: string): Promise<Secret>;
  set(name: string, value: string, domains: readonly string[]): Promise<void>;
  /** False when there was none. */
  delete(name: string): Promise<boolean>;
}

/** Files that collections upload. */
export interface UploadFinder {
  /** The files below `directory` that the paths of uploads mean, by their relative path; what is not there is left out. */
  find(directory: string, paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** Folders on this machine that hold the files of a run. */
export interface WorkingDirectories {
  /** Does the work while a folder holds exactly these files (hashes by relative path). */
  use<Result>(
    files: Readonly<Record<string, string>>,
    work: (path: string) => Promise<Result>,
  ): Promise<Result>;
}

/** Asks a target once; a failure is a value here, never a throw. */
export type TargetProbe = (
  url: string,
  rules: {
    readonly egress: EgressRules;
    readonly insecure: boolean;
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly status: number } | { readonly error: string }>;

/** A plan as it was found, with the files it names. */
export interface PlanFolder {
  readonly id: string;
  readonly plan: Plan;
  /** Absolute folder of the plan. */
  readonly directory: string;
  /** Content of each file the plan names, by the path the plan uses. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface PlanSource {
  /** Ids of the plans there are, in alphabetical order, whether valid or not. */
  list(): Promise<readonly string[]>;
  /** Throws NOT_FOUND for an unknown id, and INVALID_PLAN with every problem: those of the document, missing files, collections that are none. */
  load(id: string): Promise<PlanFolder>;
}

/** Postman documents kept as files by name; `etag` changes with the content. */
export interface DocumentStore<Document> {
  list(): Promise<readonly { readonly name: string; readonly etag: string }[]>;
  get(name: string): Promise<{ readonly document: Document; readonly etag: string } | null>;
  /** Writes the whole document. With `ifMatch` only over that etag, with `ifMatch: null` only where nothing stands: PRECONDITION_FAILED otherwise. */
  put(
    name: string,
    document: Document,
    ifMatch?: string | null,
  ): Promise<{ readonly etag: string; readonly created: boolean }>;
  /** False when there was none. */
  delete(name: string): Promise<boolean>;
}
export type EnvironmentStore = DocumentStore<EnvironmentDocument>;

/** The environment runs use when nobody chooses one: Postman's drop-down, for a folder of environments. */
export interface ChosenEnvironment {
  /** Layers; an empty list is the choice of no environment, null is no choice, so that each plan's own counts. */
  read(): Promise<readonly string[] | null>;
  write(layers: readonly string[] | null): Promise<void>;
}
export type CollectionStore = DocumentStore<Readonly<Record<string, unknown>>>;

/** The queue that wakes nodes. It carries ids only; nothing depends on it for correctness but progress. */
export interface RunQueue {
  /** Adds the whole flow in one atomic step; a run that is already there is left as it is. */
  submit(runId: string, shape: FlowShape): Promise<void>;
  /** Repairs what a crash can leave: gates of settled nodes are opened. A no-op on a healthy run. */
  sweep(runId: string, shape: FlowShape, settled: ReadonlySet<string>): Promise<SweepReport>;
  /** Lets a checkpoint, or the run as a whole, expire at a time; repeated calls keep the first. */
  setDeadline(runId: string, node: string, delayMs: number): Promise<void>;
  clearDeadline(runId: string, node: string): Promise<void>;
  /** Opens the gates behind a node whose outcome stands. */
  openGates(runId: string, node: string, opens: readonly string[]): Promise<void>;
  /** Those of the tasks that a worker has taken up. */
  underway(runId: string, tasks: readonly WaitingTask[]): Promise<ReadonlySet<string>>;
  /** Takes the jobs of an ended run away that still wait, unless one of them is underway: that one then lets the others go. */
  discard(runId: string): Promise<void>;
  /** Lets the jobs of these tasks come now instead of after their pause; those that wait for nothing are left alone. */
  wake(runId: string, tasks: readonly WaitingTask[]): Promise<void>;
  /** Starts no new task of any run, for every worker, until it is resumed; it survives restarts. What runs goes on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  isPaused(): Promise<boolean>;
  /** Throws when the queue cannot be reached. */
  ping(): Promise<void>;
}

/** A task as the queue finds it again. */
interface WaitingTask {
  readonly id: string;
  readonly runsOn: readonly string[];
}

/** The processes that have lanes for the tasks of this namespace. */
export interface WorkerList {
  /** Those that live now, in alphabetical order of their ids. */
  list(): Promise<readonly WorkerState[]>;
  /** False where this process is the only one there will ever be. */
  readonly canJoin: boolean;
}

/** The clock of the queue: each tick of a schedule is one job, however many services there are and were away. */
export interface ScheduleClock {
  /** Adds or replaces a schedule; a paused one stays so. INVALID_REQUEST for a cron expression that cannot be read. */
  put(name: string, timetable: Timetable): Promise<Schedule>;
  /** In alphabetical order. */
  list(): Promise<readonly Schedule[]>;
  /** Starts nothing by it until it is resumed, over restarts, too; who paused it first stands. Null when there is none. */
  pause(name: string, by: string): Promise<Schedule | null>;
  /** Goes on with its next time: what passed meanwhile is not made up for. Null when there is none. */
  resume(name: string): Promise<Schedule | null>;
  /** False when there was none. */
  remove(name: string): Promise<boolean>;
}

/** A schedule's time has come; `tick` names this one time. */
export interface Tick {
  readonly name: string;
  readonly tick: string;
  readonly timetable: Timetable;
}

interface SweepReport {
  /** Nodes whose job has ended or is gone although no outcome stands. */
  readonly lost: readonly string[];
}

/** What the queue calls when a node's turn has come. */
export interface NodeHandler {
  settle(wake: NodeWake): Promise<SettleAnswer>;
  /** The deadline of a checkpoint has come. */
  expire(runId: string, node: string): Promise<void>;
}

/** `later` means not now: call again after `afterMs`, or a while, with `waits`. The job waits in the queue and holds no lane. */
export type SettleAnswer =
  | Settled
  | {
      readonly state: "later";
      readonly afterMs?: number;
      readonly reason?: string;
      readonly waits?: Waits;
    };

export interface Settled {
  readonly state: "settled";
  /** Why the node did not pass; null when it did. */
  readonly failure: string | null;
}

export interface NodeWake {
  readonly runId: string;
  /** A node of the plan, or the run itself. */
  readonly node: string;
  /** What an earlier answer said of its waiting; a job that was made again has forgotten it. */
  readonly waits?: Waits | undefined;
  /** Aborted when this execution has lost its lock, or is asked to hand over. */
  readonly signal: AbortSignal;
  /** What it starts ends with this, also while this process itself is stopped. */
  readonly lease: Lease;
  /** True while this execution still owns the node; asked just before anything is recorded. */
  stillOwner(): Promise<boolean>;
}
