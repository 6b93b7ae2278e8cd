/** Puts a whole Turnpike together; the files beside it open its parts. What is started here is stopped here, in reverse order. */

import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import type { RunningTurnpike, ServiceOptions } from "./cli/context.js";
import { configuredCertificates } from "./certificates.js";
import type { LoadedConfig } from "./config.js";
import { createLog, type Logger } from "./log.js";
import { createBell } from "./service/bell.js";
import { createRingingStore } from "./service/ringing-store.js";
import { createService } from "./service/create-service.js";
import type { Dependencies } from "./service/dependencies.js";
import { checkCertificates } from "./service/gather-inputs.js";
import { createMeter } from "./service/meter.js";
import { runTick } from "./service/schedule-plans.js";
import { openRuns } from "./service/sweep-runs.js";
import { createUnderway } from "./service/underway.js";
import { createStops, type Stops } from "./stops.js";
import { listen, refuseLanelessEngine, refuseOpenAddress } from "./wire-api.js";
import { clock } from "./wire-clock.js";
import {
  describeWorker,
  keepShowing,
  openCluster,
  refuseForeignNamespace,
  storeKind,
  urlForOthers,
} from "./wire-cluster.js";
import {
  openChosenEnvironment,
  openCollections,
  openEnvironments,
  openPlanSource,
  openSecrets,
} from "./wire-documents.js";
import {
  openBackend,
  openHealthGate,
  openLimits,
  startLanes,
  startRetention,
  startSweep,
  startWork,
} from "./wire-engine.js";
import { openFiles, openStores } from "./wire-stores.js";
import { openTestDocuments } from "./wire-test-documents.js";

/** Starts everything: data directory, stores, queue, lanes, workers, API. Stops what it has started when a later part fails. */
export async function openTurnpike(
  loaded: LoadedConfig,
  options: ServiceOptions & {
    readonly version: string;
    readonly template?: () => Promise<Uint8Array<ArrayBuffer>>;
  },
): Promise<RunningTurnpike> {
  refuseOpenAddress(loaded.config);
  refuseLanelessEngine(loaded.config);
  const log = createLog(loaded.config.logLevel);
  const stops = createStops(log);
  try {
    return await start({ loaded, options, log, stops });
  } catch (error) {
    await stops.all();
    throw error;
  }
}

interface Start {
  readonly loaded: LoadedConfig;
  readonly options: Parameters<typeof openTurnpike>[1];
  readonly log: Logger;
  readonly stops: Stops;
}

async function start({ loaded, options, log, stops }: Start): Promise<RunningTurnpike> {
  const { config } = loaded;
  const secrets = await openSecrets(config);
  const certificates = configuredCertificates(config);
  await checkCertificates({ secrets, certificates });
  const { lanes, size, started } = await startLanes(config, {
    log,
    stops,
    expectedRuns: options.expectedRuns,
  });
  const { store, blobs, pool, namespace, path, id, announce } = await openStores(config, {
    stops,
    log,
    onNotice: options.onNotice,
    template: options.template ?? null,
  });
  const own = { namespace, owner: id, store: storeKind(config), version: options.version };
  const cluster =
    config.redisUrl === undefined ? null : await openCluster(config.redisUrl, { log, stops });
  if (cluster !== null) await refuseForeignNamespace(cluster.services, own);
  const files = await openFiles(join(path, "files"), { blobs, stops, log });
  const backend = await openBackend(config, { pool, namespace, log, stops });
  const { probeDisk } = await import("./store/disk-space.js");
  const { createRunQueue } = await import("./queue/run-queue.js");
  const queue = createRunQueue(backend);
  stops.push(() => queue.close());
  const { createScheduleClock } = await import("./queue/schedule-clock.js");
  const schedules = createScheduleClock(backend, log.child({ part: "schedules" }));
  stops.push(() => schedules.close());

  const { labels } = config;
  const underway = createUnderway();
  const worker = describeWorker(underway, { size, labels, version: options.version });
  const workers: Dependencies["workers"] = cluster?.workerList(namespace) ?? {
    list: () => Promise.resolve([worker.state()]),
    canJoin: false,
  };
  let url: string | null = null;
  let draining = false;
  const isDraining = (): boolean => draining;
  const deps: Dependencies = {
    store,
    blobs,
    ...files,
    queue,
    ...openLimits(config, { backend, queue, log, stops }),
    runner: lanes,
    plans: await openPlanSource(config),
    environments: await openEnvironments(config),
    chosenEnvironment: await openChosenEnvironment(config),
    secrets,
    certificates,
    collections: await openCollections(config),
    collectionsDirectory: resolve(config.collectionsDirectory),
    bell: createBell(),
    meter: createMeter(),
    clock,
    namespace,
    log,
    serviceUrl: () => config.publicUrl ?? url,
    maxStarts: config.maxStarts,
    workers,
    egress: config.egress,
    health: config.health,
    sweep: config.cleanup,
    testDocuments: openTestDocuments(config, { stops }),
    healthGate: await openHealthGate(),
  };
  const service = createService(deps, {
    version: options.version,
    config: loaded.values,
    probes: [
      { name: "store", try: async () => `${String((await store.openRuns()).length)} open runs` },
      { name: "queue", try: () => queueReady(backend, queue) },
      { name: "disk", try: () => probeDisk(path) },
      {
        name: "lanes",
        try: async () =>
          size === 0 && cluster !== null
            ? `none of its own; ${String((await workers.list()).length)} workers`
            : lanesReady(lanes.status().filter(({ pid }) => pid !== null).length, size),
      },
    ],
    isDraining,
    schedules,
  });

  const token = randomBytes(32).toString("hex");
  const remoteStore = createRingingStore(deps);
  url = await listen(config, {
    log,
    stops,
    service,
    eachQueue: queue.eachQueue,
    isDraining,
    ...(cluster !== null && { workers: { token, store: remoteStore, blobs } }),
  });
  await announce(url);
  if (cluster !== null) {
    const beacon = { ...own, url: urlForOthers(config, url), token };
    const name = `${namespace}.${id}`;
    await keepShowing(cluster.services, { name, document: () => beacon }, { log, stops });
    if (size > 0) {
      const { id: name, state: document } = worker;
      const shown = { name, document, onChange: underway.onChange };
      await keepShowing(cluster.workersOf(namespace), shown, { log, stops });
    }
  }

  await started;
  const resumed = await openRuns(deps);
  let drainMs = 0;
  let closing: Promise<void> | null = null;
  const work = await startWork(deps, {
    backend,
    lanes: size,
    labels,
    underway,
    control: true,
    drainMs: () => drainMs,
    stops,
  });
  await startSweep(deps, stops);
  startRetention(deps, config, stops);
  if (options.keepsSchedules) await schedules.start((tick) => runTick(deps, tick));

  return {
    service,
    url,
    lanes: size,
    resumed,
    close(waitMs) {
      draining = true;
      if (closing !== null) {
        work.handOver();
        return closing;
      }
      drainMs = waitMs;
      closing = stops.all();
      return closing;
    },
  };
}

async function queueReady(
  backend: { readonly name: string; ping(): Promise<void> },
  queue: { isPaused(): Promise<boolean> },
): Promise<string> {
  await backend.ping();
  return (await queue.isPaused()) ? `${backend.name}, paused: no new task starts` : backend.name;
}

function lanesReady(alive: number, wanted: number): string {
  if (alive === 0) throw new Error("no lane is alive");
  return `${String(alive)} of ${String(wanted)}`;
}
