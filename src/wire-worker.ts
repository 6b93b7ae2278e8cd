/** Puts a worker together: lanes that take tasks from a shared queue, for a service on this or another machine. */

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { RunningWorker, WorkerOptions } from "./cli/context.js";
import type { LoadedConfig } from "./config.js";
import type { Config } from "./core/config.js";
import { TurnpikeError } from "./core/errors.js";
import type { ServiceBeacon } from "./core/worker.js";
import { createLog, type Logger } from "./log.js";
import type { WorkDependencies } from "./service/dependencies.js";
import { createBell } from "./service/bell.js";
import { createMeter } from "./service/meter.js";
import { createUnderway } from "./service/underway.js";
import { createStops, type Stops } from "./stops.js";
import { clock } from "./wire-clock.js";
import {
  describeWorker,
  findService,
  keepShowing,
  openCluster,
  storeKind,
  type Cluster,
} from "./wire-cluster.js";
import { openBackend, openHealthGate, openLimits, startLanes, startWork } from "./wire-engine.js";
import { openFiles, openShared, type Stores } from "./wire-stores.js";
import { openTestDocuments } from "./wire-test-documents.js";

const LOOK_AGAIN_MS = 1000;
/** How long a stopping worker still waits for its service, to tell it how its last tasks ended. */
const LAST_WORD_MS = 3000;

/** Starts a worker; waits until a service is found. Throws INVALID_CONFIG without Redis, or where the service is not plain. */
export async function openWorker(
  { config }: LoadedConfig,
  options: WorkerOptions & { readonly version: string },
): Promise<RunningWorker> {
  const log = createLog(config.logLevel);
  const stops = createStops(log);
  try {
    return await start(config, { ...options, log, stops });
  } catch (error) {
    await stops.all();
    throw error;
  }
}

interface Parts extends WorkerOptions {
  readonly version: string;
  readonly log: Logger;
  readonly stops: Stops;
}

async function start(config: Config, parts: Parts): Promise<RunningWorker> {
  const { log, stops, version } = parts;
  const { redisUrl } = config;
  if (redisUrl === undefined) {
    throw new TurnpikeError(
      "INVALID_CONFIG",
      "a worker takes tasks from Redis; name it with --redis redis://host:6379 or REDIS_URL",
    );
  }
  if (config.lanes === 0)
    throw new TurnpikeError(
      "INVALID_CONFIG",
      "a worker needs a lane; leave --lanes out, or give 1",
    );
  const cluster = await openCluster(redisUrl, { log, stops });
  const { lanes, size, started } = await startLanes(config, { log, stops });
  const place = await findPlace(config, cluster, parts);
  const leaving = new AbortController();
  const { store, blobs } = await openWorkerStores(config, {
    ...parts,
    cluster,
    namespace: place.namespace,
    signal: leaving.signal,
  });
  const directory = await mkdtemp(join(tmpdir(), "turnpike-worker-"));
  const { workingDirectories } = await openFiles(directory, { blobs, stops, log });
  const backend = await openBackend(config, { pool: null, namespace: place.namespace, log, stops });
  const { createRunQueue } = await import("./queue/run-queue.js");
  const queue = createRunQueue(backend);
  stops.push(() => queue.close());
  const deps: WorkDependencies = {
    store,
    blobs,
    workingDirectories,
    queue,
    ...openLimits(config, { backend, queue, log, stops }),
    runner: lanes,
    bell: createBell(),
    meter: createMeter(),
    clock,
    namespace: place.namespace,
    log,
    serviceUrl: () => config.publicUrl ?? place.url,
    maxStarts: config.maxStarts,
    testDocuments: openTestDocuments(config, { stops }),
    healthGate: await openHealthGate(),
  };
  await started;
  const underway = createUnderway();
  let drainMs = 0;
  const work = await startWork(deps, {
    backend,
    lanes: size,
    labels: config.labels,
    underway,
    // Checkpoints and ends of runs are judged where the runs are.
    control: storeKind(config) !== "embedded",
    drainMs: () => drainMs,
    stops,
  });
  const { labels } = config;
  const { id, state } = describeWorker(underway, { size, labels, version });
  const workers = cluster.workersOf(place.namespace);
  const { onChange } = underway;
  await keepShowing(workers, { name: id, document: state, onChange }, { log, stops });
  let closing: Promise<void> | null = null;
  return {
    id,
    namespace: place.namespace,
    service: place.url,
    lanes: size,
    close(waitMs) {
      if (closing !== null) {
        work.handOver();
        return closing;
      }
      drainMs = waitMs;
      const lastWord = setTimeout(() => {
        leaving.abort();
      }, waitMs + LAST_WORD_MS);
      closing = stops.all().finally(() => {
        clearTimeout(lastWord);
      });
      return closing;
    },
  };
}

/** The service to work for; one that shares its store with this worker need not be there. */
async function findPlace(
  config: Config,
  cluster: Cluster,
  parts: Parts,
): Promise<{ readonly namespace: string; readonly url: string | null }> {
  const { log, signal, version } = parts;
  let told = false;
  for (;;) {
    const found = await findService(cluster.services, config.namespace);
    if (found !== null) {
      refuseOtherStore(config, found);
      if (found.version !== version)
        log.warn({ service: found.version, worker: version }, "the service is of another version");
      return found;
    }
    if (config.namespace !== undefined && storeKind(config) !== "embedded")
      return { namespace: config.namespace, url: null };
    if (!told) {
      const whose =
        config.namespace === undefined ? "a service" : `a service of namespace ${config.namespace}`;
      parts.onNotice(
        `waiting for ${whose} to show itself in Redis: start one with turnpike serve --redis`,
      );
    }
    told = true;
    await pause(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw new TurnpikeError("DRAINING", "stopped while waiting for a service");
  }
}

function refuseOtherStore(config: Config, service: ServiceBeacon): void {
  const own = storeKind(config);
  if (own === "embedded" || own === service.store) return;
  throw new TurnpikeError(
    "INVALID_CONFIG",
    `the service at ${service.url} keeps its runs in ${service.store}, this worker looks for them in ${own}; configure both alike, or leave the store out here to reach it through the service`,
  );
}

/** The configured store, or that of the service through its worker API. */
async function openWorkerStores(
  config: Config,
  parts: Parts & {
    readonly cluster: Cluster;
    readonly namespace: string;
    readonly signal: AbortSignal;
  },
): Promise<Pick<Stores, "store" | "blobs">> {
  const shared = await openShared(config, parts);
  if (shared !== null) return shared;
  const { createServiceLink } = await import("./store/service-link.js");
  const { createRemoteRunStore } = await import("./store/remote-runs.js");
  const { createRemoteBlobStore } = await import("./store/blob-remote.js");
  const link = createServiceLink({
    find: () => findService(parts.cluster.services, parts.namespace),
    signal: parts.signal,
    log: parts.log,
  });
  return { store: createRemoteRunStore(link), blobs: createRemoteBlobStore(link) };
}
