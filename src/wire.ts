/** Puts the parts together: the only file that picks adapters. What is started here is stopped here, in reverse order. */

import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { problemsOfCollection } from "./collections/read-collection.js";
import { environmentDocumentSchema } from "./core/environment.js";
import type { Config } from "./core/config.js";
import { TurnpikeError } from "./core/errors.js";
import { environmentsNamed } from "./core/plan.js";
import type { Clock } from "./core/ports.js";
import type { OpenOptions, PlanFiles, RunningTurnpike } from "./cli/context.js";
import type { LoadedConfig } from "./config.js";
import { createLog, type Logger } from "./log.js";
import { createBell } from "./service/bell.js";
import { createService } from "./service/create-service.js";
import type { Dependencies } from "./service/dependencies.js";
import { expireCheckpoint } from "./service/expire-checkpoint.js";
import { unknownEnvironments } from "./service/find-environments.js";
import { createMeter } from "./service/meter.js";
import { settleNode } from "./service/settle-node.js";
import { openRuns, sweepRuns } from "./service/sweep-runs.js";
import type { Backend } from "./queue/backend.js";
import type { BullRunQueue } from "./queue/run-queue.js";
import type { OpenPglite } from "./store/pglite.js";

const SWEEP_INTERVAL_MS = 60_000;

/** The folders of plans, without an engine. */
export async function openPlans(
  config: Config,
  environments: "checked" | "unchecked",
): Promise<PlanFiles> {
  const { createPlanDirectory, loadPlanFile } = await import("./store/plan-directory.js");
  const known = await openEnvironments(config);
  const checks = {
    collection: problemsOfCollection,
    ...(environments === "checked" && {
      document: (document: unknown) => unknownEnvironments(known, environmentsNamed(document)),
    }),
  };
  return {
    ...createPlanDirectory(config.collectionsDirectory, checks),
    loadPath: (path) => loadPlanFile(path, checks),
  };
}

/** Starts everything: data directory, stores, queue, lanes, workers, API. Stops what it has started when a later part fails. */
export async function openTurnpike(
  loaded: LoadedConfig,
  options: OpenOptions & { readonly version: string; readonly template?: Uint8Array<ArrayBuffer> },
): Promise<RunningTurnpike> {
  const { config } = loaded;
  refuseOpenAddress(config);
  const log = createLog(config.logLevel);
  const stops: (() => Promise<void>)[] = [];
  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) {
      // Everything is stopped, whatever one part has to say about it.
      await stop().catch((error: unknown) => {
        log.error({ err: error }, "a part could not be stopped cleanly");
      });
    }
  };
  try {
    return await start({ loaded, options, log, stops, stopAll });
  } catch (error) {
    await stopAll();
    throw error;
  }
}

interface Start {
  readonly loaded: LoadedConfig;
  readonly options: Parameters<typeof openTurnpike>[1];
  readonly log: Logger;
  readonly stops: (() => Promise<void>)[];
  readonly stopAll: () => Promise<void>;
}

async function start({ loaded, options, log, stops, stopAll }: Start): Promise<RunningTurnpike> {
  const { config } = loaded;
  const laneCount = config.lanes ?? Math.max(2, availableParallelism());
  const { createLanes } = await import("./newman/lanes.js");
  // The children load Newman while the database opens.
  const lanes = createLanes({
    size: laneCount,
    memoryLimitMb: config.laneMemoryMb,
    recycleAfterRuns: config.laneRuns,
    maxResponseMb: config.maxResponseMb,
    log: log.child({ part: "lanes" }),
  });
  stops.push(() => lanes.close());
  const lanesStarted = lanes.start();
  // Awaited further down; until then a failure must not count as one that nobody handles.
  lanesStarted.catch(() => undefined);

  const { lockDataDirectory } = await import("./store/data-directory.js");
  const data = await lockDataDirectory(config.dataDirectory);
  stops.push(() => data.release());
  const { openPglite } = await import("./store/pglite.js");
  const database = await openPglite({
    directory: join(data.path, "database"),
    onFirstStart: () => {
      options.onNotice(
        `first start: creating the embedded database in ${config.dataDirectory}, which takes a few seconds`,
      );
    },
    template: options.template ?? null,
  });
  stops.push(() => database.close());
  const { createBlobDirectory } = await import("./store/blob-directory.js");
  const { createPlanDirectory } = await import("./store/plan-directory.js");
  const { openRunStore } = await import("./store/open-run-store.js");
  const { store, close: closeStore } = await openRunStore(config, database.pool);
  stops.push(closeStore);

  const backend = await openBackend(config, { pool: database.pool, home: data.id, log });
  stops.push(() => backend.close());
  const { createRunQueue } = await import("./queue/run-queue.js");
  const queue = createRunQueue(backend);
  stops.push(() => queue.close());

  let url: string | null = null;
  let draining = false;
  const deps: Dependencies = {
    store,
    blobs: createBlobDirectory(join(data.path, "blobs")),
    queue,
    runner: lanes,
    plans: createPlanDirectory(config.collectionsDirectory, {
      collection: problemsOfCollection,
    }),
    environments: await openEnvironments(config),
    collections: await openCollections(config),
    collectionsDirectory: resolve(config.collectionsDirectory),
    bell: createBell(),
    meter: createMeter(),
    clock,
    home: data.id,
    log,
    serviceUrl: () => config.publicUrl ?? url,
    maxStarts: config.maxStarts,
  };
  const service = createService(deps, {
    version: options.version,
    config: loaded.values,
    probes: [
      { name: "store", try: async () => `${String((await store.openRuns()).length)} open runs` },
      { name: "queue", try: async () => (await backend.ping(), backend.name) },
      {
        name: "lanes",
        try: async () =>
          lanesReady(lanes.status().filter(({ pid }) => pid !== null).length, laneCount),
      },
    ],
    lanes: () => ({ total: laneCount, busy: lanes.status().filter(({ busy }) => busy).length }),
    isDraining: () => draining,
  });

  url = await listen({
    config,
    log,
    stops,
    service,
    queues: queue.queues,
    isDraining: () => draining,
  });
  await data.announce(url);

  await lanesStarted;
  const { startWorkers } = await import("./queue/workers.js");
  const resumed = await openRuns(deps);
  const handler = {
    settle: (wake: Parameters<typeof settleNode>[1]) => settleNode(deps, wake),
    expire: (runId: string, node: string) => expireCheckpoint(deps, runId, node),
  };
  const workers = await startWorkers(backend, handler, {
    lanes: laneCount,
    log: log.child({ part: "workers" }),
  });
  let drainMs = 0;
  stops.push(() => workers.close(drainMs));
  await sweepRuns(deps);
  const sweeping = setInterval(() => void sweepRuns(deps), SWEEP_INTERVAL_MS);
  stops.push(() => Promise.resolve(clearInterval(sweeping)));

  return {
    service,
    url,
    lanes: laneCount,
    resumed,
    async close(waitMs) {
      draining = true;
      drainMs = waitMs;
      await stopAll();
    },
  };
}

const clock: Clock = {
  now: () => Date.now(),
  random: (length) => Array.from({ length }, () => randomInt(36).toString(36)).join(""),
};

async function openEnvironments(config: Config): Promise<Dependencies["environments"]> {
  const { createDocumentDirectory } = await import("./store/document-directory.js");
  return createDocumentDirectory({
    directory: config.environmentsDirectory,
    suffix: ".postman_environment.json",
    schema: environmentDocumentSchema,
    invalid: "INVALID_ENVIRONMENT",
  });
}

async function openCollections(config: Config): Promise<Dependencies["collections"]> {
  const { createDocumentDirectory } = await import("./store/document-directory.js");
  return createDocumentDirectory({
    directory: config.collectionsDirectory,
    suffix: ".postman_collection.json",
    schema: z.looseObject({}),
    invalid: "INVALID_COLLECTION",
  });
}

async function openBackend(
  config: Config,
  parts: { readonly pool: OpenPglite["pool"]; readonly home: string; readonly log: Logger },
): Promise<Backend> {
  const { embeddedBackend, redisBackend } = await import("./queue/backend.js");
  if (config.redisUrl === undefined) return embeddedBackend(parts.pool);
  return redisBackend(config.redisUrl, {
    namespace: parts.home,
    onError: (error) => {
      parts.log.warn({ err: error }, "Redis cannot be reached; trying again");
    },
    onWarning: (message) => {
      parts.log.warn(message);
    },
  });
}

async function listen(parts: {
  readonly config: Config;
  readonly log: Logger;
  readonly stops: (() => Promise<void>)[];
  readonly service: ReturnType<typeof createService>;
  readonly queues: BullRunQueue["queues"];
  readonly isDraining: () => boolean;
}): Promise<string> {
  const { config, log, stops, service, queues, isDraining } = parts;
  const { createApp } = await import("./http/app.js");
  const { queuesDashboard } = await import("./http/queues-dashboard.js");
  const app = await createApp({
    service,
    log: log.child({ part: "http" }),
    ...(config.token === undefined ? {} : { token: config.token }),
    bodyLimitBytes: config.bodyLimitMb * 1024 * 1024,
    isDraining,
    queuesDashboard: queuesDashboard(queues),
  });
  stops.push(() => app.close());
  try {
    return await app.listen({ host: config.host, port: config.port });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE")) throw cause;
    throw new TurnpikeError(
      "ADDRESS_IN_USE",
      `${config.host}:${String(config.port)} is in use; stop what listens there, or choose another with --port`,
      { cause },
    );
  }
}

/** Whoever can reach the API can run code of its choice in the lanes, so beyond this machine it takes a token. */
function refuseOpenAddress(config: Config): void {
  const isLoopback =
    config.host === "localhost" || config.host === "::1" || config.host.startsWith("127.");
  if (isLoopback || config.token !== undefined) return;
  throw new TurnpikeError(
    "INVALID_CONFIG",
    `the API may not listen at ${config.host} without a token; set TURNPIKE_TOKEN (16 characters or more), or listen at 127.0.0.1`,
  );
}

function lanesReady(alive: number, wanted: number): string {
  if (alive === 0) throw new Error("no lane is alive");
  return `${String(alive)} of ${String(wanted)}`;
}
