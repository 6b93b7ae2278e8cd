/** The engine without lanes and API: real store, real queue, real workers, and collections that say how they behave. */

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Queue } from "bullmq";
import { pino } from "pino";
import type { WorkLimits } from "../../src/core/limits.js";
import { NO_LIMITS } from "../../src/core/limits.js";
import { NO_COUNTS } from "../../src/core/evidence.js";
import { readPlan } from "../../src/core/plan.js";
import type { CollectionResult, CollectionRunner } from "../../src/core/collection-job.js";
import type { PlanFolder } from "../../src/core/ports.js";
import type { Backend } from "../../src/queue/backend.js";
import { createRunQueue } from "../../src/queue/run-queue.js";
import { startWorkers } from "../../src/queue/workers.js";
import { createBell } from "../../src/service/bell.js";
import type { Dependencies } from "../../src/service/dependencies.js";
import { expireNode } from "../../src/service/expire-run.js";
import { waitForRun } from "../../src/service/follow-run.js";
import { createPermitKeeper } from "../../src/service/keep-permits.js";
import { createMeter } from "../../src/service/meter.js";
import type { RunView } from "../../src/service/service.js";
import { settleNode } from "../../src/service/settle-node.js";
import { submitRun } from "../../src/service/submit-run.js";
import { sweepRuns } from "../../src/service/sweep-runs.js";
import type { WorkerState } from "../../src/core/worker.js";
import { createBlobDirectory } from "../../src/store/blob-directory.js";
import { createSqlRunStore } from "../../src/store/sql-runs.js";
import { migrateSql } from "../../src/store/sql-schema.js";
import { createUploadFinder } from "../../src/store/upload-files.js";
import { createWorkingDirectories } from "../../src/store/working-directories.js";
import type { SqlPool } from "../../src/store/sql.js";

/** How a task behaves, written where its collection would stand. */
export interface Behaviour {
  readonly ms?: number;
  readonly red?: boolean;
  /** Attempts before this one end because the target refuses the connection. */
  readonly refusedBefore?: number;
}

export interface Engine {
  readonly deps: Dependencies;
  /** Names in the order the tasks were started. */
  readonly started: readonly string[];
  submit(plan: PlanFolder, idempotencyKey?: string): Promise<string>;
  ended(runId: string): Promise<RunView>;
  sweep(): Promise<void>;
  readonly queues: () => readonly Queue[];
  /** Jobs that would still do something, by queue. */
  pendingJobs(): Promise<number>;
  startWorkers(labels?: readonly string[]): Promise<void>;
  stopWorkers(): Promise<void>;
  close(): Promise<void>;
}

/** Tasks as `id: [needs, behaviour]`; ids that begin with `checkpoint` are checkpoints. */
export type PlanSketch = Readonly<
  Record<
    string,
    readonly [
      needs: readonly string[],
      behaviour?: Behaviour & { readonly timeout?: string },
      /** Further keys as plan.yaml has them. */
      options?: Readonly<Record<string, unknown>>,
    ]
  >
>;

export function sketchPlan(
  sketch: PlanSketch,
  head: {
    readonly name?: string;
    readonly parallel?: number;
    readonly stagger?: string;
    readonly timeout?: string;
  } = {},
): PlanFolder {
  const files = new Map<string, Uint8Array>();
  const tasks = Object.fromEntries(
    Object.entries(sketch).map(([id, [needs, behaviour = {}, options = {}]]) => {
      const { timeout, ...rest } = behaviour;
      const limit = timeout === undefined ? {} : { timeout };
      if (id.startsWith("checkpoint"))
        return [id, { checkpoint: true, needs, ...limit, ...options }];
      const collection = `${id}.json`;
      files.set(
        collection,
        new TextEncoder().encode(
          JSON.stringify({ info: { name: id }, item: [], behaviour: { id, ...rest } }),
        ),
      );
      return [id, { collection, needs, ...limit, ...options }];
    }),
  );
  const check = readPlan({ name: "sketch", ...head, tasks });
  if (!check.ok) throw new Error(JSON.stringify(check.problems));
  return { id: "sketch", plan: check.plan, directory: tmpdir(), files };
}

/** The plan this project grew from. */
export function tenTaskPlan(behaviours: Readonly<Record<string, Behaviour>> = {}): PlanFolder {
  const task = (id: string, needs: readonly string[]) =>
    [needs, { ms: 20, ...behaviours[id] }] as const;
  return sketchPlan({
    "task-1": task("task-1", []),
    "task-2": task("task-2", ["task-1"]),
    "task-3": task("task-3", ["task-1"]),
    "task-4": task("task-4", ["task-1"]),
    "checkpoint-5": [["task-2", "task-3", "task-4"]],
    "task-6": task("task-6", ["checkpoint-5"]),
    "task-7": task("task-7", ["checkpoint-5"]),
    "task-8": task("task-8", ["checkpoint-5"]),
    "task-9": task("task-9", ["checkpoint-5"]),
    "checkpoint-10": [["task-6", "task-7", "task-8", "task-9"]],
  });
}

export async function openEngine(parts: {
  readonly pool: SqlPool;
  readonly backend: Backend;
  readonly limits?: WorkLimits;
  readonly lanes?: number;
  /** Where an engine on the same queue and store keeps its files. */
  readonly blobs?: Dependencies["blobs"];
}): Promise<Engine> {
  const directory = await mkdtemp(join(tmpdir(), "turnpike-engine-"));
  const started: string[] = [];
  await migrateSql(parts.pool);
  const queue = createRunQueue(parts.backend);
  let count = 0;
  // Two engines on one store draw different names.
  const name = randomBytes(3).toString("hex");
  const log = pino({ level: "silent" });
  const permits = createPermitKeeper({ permits: parts.backend.limits.permits, queue, log });
  const blobs = parts.blobs ?? createBlobDirectory(directory);
  const deps: Dependencies = {
    store: createSqlRunStore(parts.pool),
    blobs,
    queue,
    permits,
    turns: parts.backend.limits.turns,
    rates: parts.backend.limits.rates,
    limits: parts.limits ?? NO_LIMITS,
    runner: behavingRunner(started),
    plans: {
      list: () => Promise.resolve([]),
      load: () => Promise.reject(new Error("no plans here")),
    },
    environments: noDocuments,
    secrets: { read: () => Promise.reject(new Error("no secrets here")) },
    certificates: { read: () => Promise.resolve(undefined) },
    chosenEnvironment: { read: () => Promise.resolve(null), write: () => Promise.resolve() },
    collections: noDocuments,
    collectionsDirectory: directory,
    uploads: createUploadFinder(pino({ level: "silent" })),
    workingDirectories: createWorkingDirectories(join(directory, "files"), blobs),
    bell: createBell(),
    meter: createMeter(),
    clock: {
      now: () => Date.now(),
      random: () => `${String((count += 1)).padStart(4, "0")}${name}`,
    },
    namespace: "test",
    log,
    serviceUrl: () => null,
    maxStarts: 5,
    workers: { list: () => Promise.resolve([WORKER]), canJoin: true },
    egress: {},
    health: {},
    sweep: {},
    testDocuments: { find: () => Promise.resolve([]), delete: () => Promise.resolve() },
    healthGate: { wait: () => Promise.resolve(null) },
  };
  let workers: Awaited<ReturnType<typeof startWorkers>> | undefined;
  const stopWorkers = async (): Promise<void> => {
    await workers?.close(0);
    workers = undefined;
  };
  return {
    deps,
    started,
    async submit(folder, idempotencyKey) {
      const key = idempotencyKey === undefined ? {} : { idempotencyKey };
      const { status } = await submitRun(deps, {
        subject: { kind: "folder", folder },
        trigger: "test",
        ...key,
      });
      return status.run.id;
    },
    ended: async (runId) => {
      const view = await waitForRun(deps, runId, {
        timeoutMs: 20_000,
        signal: new AbortController().signal,
      });
      if (view.end === null)
        throw new Error(
          `run ${runId} has not ended; open: ${JSON.stringify([...view.outcomes.keys()])}`,
        );
      return view;
    },
    sweep: () => sweepRuns(deps),
    queues: () => queue.queues,
    async pendingJobs() {
      const counts = await Promise.all(
        queue.queues.map((each) =>
          each.getJobCountByTypes(
            "waiting",
            "active",
            "delayed",
            "prioritized",
            "waiting-children",
          ),
        ),
      );
      return counts.reduce((sum, each) => sum + each, 0);
    },
    async startWorkers(labels = []) {
      workers = await startWorkers(
        parts.backend,
        {
          settle: (wake) => settleNode(deps, wake),
          expire: (runId, node) => expireNode(deps, runId, node),
        },
        {
          lanes: parts.lanes ?? 4,
          control: true,
          labels,
          begin: () => () => undefined,
          isPaused: () => queue.isPaused(),
          log: deps.log,
        },
      );
    },
    stopWorkers,
    async close() {
      await stopWorkers();
      await permits.close();
      await queue.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What the engine's own workers would say of themselves. */
const WORKER: WorkerState = {
  id: "engine",
  host: "here",
  pid: 1,
  version: "0",
  lanes: 4,
  busy: 0,
  labels: [],
  tasks: [],
  startedAt: 0,
  lastSeen: 0,
};

const noDocuments = {
  list: () => Promise.resolve([]),
  get: () => Promise.resolve(null),
  put: () => Promise.reject(new Error("nothing is written here")),
  delete: () => Promise.resolve(false),
};

/** An adapter of the runner's port whose collections are behaviours; it obeys the signal as the lanes do. */
function behavingRunner(started: string[]): CollectionRunner {
  return {
    async run(job, { signal }): Promise<CollectionResult> {
      const { behaviour } = job.collection as {
        readonly behaviour: Behaviour & { readonly id: string };
      };
      const { id, ms = 0, red = false, refusedBefore = 0 } = behaviour;
      const attempt = Number(job.environment.rows.find(({ key }) => key === "attempt")?.value);
      const refused = attempt < refusedBefore;
      started.push(id);
      const counts = { ...NO_COUNTS, iterations: 1, requests: 1, assertions: 1 };
      const finished = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => {
          resolve(true);
        }, ms);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve(false);
        });
        if (signal.aborted) resolve(false);
      });
      if (!finished) return { ended: "stopped", counts: NO_COUNTS };
      return red || refused
        ? {
            ended: "finished",
            assertionsSkipped: 0,
            counts: { ...counts, assertionsFailed: 1, failures: 1 },
            failures: [
              refused
                ? {
                    kind: "request",
                    iteration: 0,
                    item: id,
                    message: "connect ECONNREFUSED 127.0.0.1:9",
                  }
                : { kind: "assertion", iteration: 0, item: id, message: "it is red" },
            ],
            runError: null,
          }
        : { ended: "finished", assertionsSkipped: 0, counts, failures: [], runError: null };
    },
  };
}
