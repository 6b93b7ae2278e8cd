/** What the use cases work with; each takes the part of it that it needs. */

import type { EgressByEnvironment } from "../core/egress.js";
import type { CollectionRunner } from "../core/collection-job.js";
import type {
  BlobStore,
  CertificateSource,
  ChosenEnvironment,
  Clock,
  CollectionStore,
  EnvironmentStore,
  PlanSource,
  RunQueue,
  RunStore,
  SecretSource,
  UploadFinder,
  WorkerList,
  WorkingDirectories,
} from "../core/ports.js";
import type { HealthByEnvironment } from "../core/health.js";
import type { WorkLimits } from "../core/limits.js";
import type { RateLimits, Turns } from "../core/shared-limits.js";
import type { SweepByEnvironment } from "../core/sweep.js";
import type { TestDocuments } from "../core/test-documents.js";
import type { Logger } from "../log.js";
import type { Bell } from "./bell.js";
import type { HealthGate } from "./health-gate.js";
import type { PermitKeeper } from "./keep-permits.js";
import type { Meter } from "./meter.js";

export interface Dependencies {
  readonly store: RunStore;
  readonly blobs: BlobStore;
  readonly queue: RunQueue;
  readonly permits: PermitKeeper;
  readonly turns: Turns;
  readonly rates: RateLimits;
  readonly limits: WorkLimits;
  readonly runner: CollectionRunner;
  readonly plans: PlanSource;
  readonly environments: EnvironmentStore;
  readonly chosenEnvironment: ChosenEnvironment;
  readonly secrets: SecretSource;
  readonly certificates: CertificateSource;
  readonly collections: CollectionStore;
  /** Absolute folder of the collections: what one of them uploads must lie in it. */
  readonly collectionsDirectory: string;
  readonly uploads: UploadFinder;
  readonly workingDirectories: WorkingDirectories;
  readonly bell: Bell;
  readonly meter: Meter;
  readonly clock: Clock;
  /** Runs of another namespace may stand in a shared store, and are not ours to work on. */
  readonly namespace: string;
  readonly log: Logger;
  /** URL of this service as tasks reach it; null when no API is listening. */
  readonly serviceUrl: () => string | null;
  readonly maxStarts: number;
  readonly workers: WorkerList;
  /** What tasks may reach at most, by the environment they run against. */
  readonly egress: EgressByEnvironment;
  /** What must answer before a run sends anything, by its environment. */
  readonly health: HealthByEnvironment;
  /** Where environments list test data, so that it can be found by its prefix. */
  readonly sweep: SweepByEnvironment;
  readonly testDocuments: TestDocuments;
  readonly healthGate: HealthGate;
}

/** What it takes to work on runs that were accepted elsewhere. */
export type WorkDependencies = Omit<
  Dependencies,
  | "plans"
  | "environments"
  | "chosenEnvironment"
  | "secrets"
  | "certificates"
  | "workers"
  | "egress"
  | "health"
  | "sweep"
  | "collections"
  | "collectionsDirectory"
  | "uploads"
>;
