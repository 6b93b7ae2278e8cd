/** Puts a whole Turnpike together; the files beside it open its parts. What is started here is stopped here, in reverse order. */

import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import type { Clock } from "./core/ports.js";
import type { OpenOptions, RunningTurnpike } from "./cli/context.js";
import type { LoadedConfig } from "./config.js";
import { createLog, type Logger } from "./log.js";
import { createBell } from "./service/bell.js";
import { createService } from "./service/create-service.js";
import type { Dependencies } from "./service/dependencies.js";
import { createMeter } from "./service/meter.js";
import { openRuns } from "./service/sweep-runs.js";
import { createStops, type Stops } from "./stops.js";
import { listen, refuseOpenAddress } from "./wire-api.js";
import {
  openChosenEnvironment,
  openCollections,
  openEnvironments,
  openPlanSource,
  openSecrets,
} from "./wire-documents.js";
import { openBackend, startLanes, startSweep, startWork } from "./wire-engine.js";
import { openStores } from "./wire-stores.js";

/** Starts everything: data directory, stores, queue, lanes, workers, API. Stops what it has started when a later part fails. */
export async function openTurnpike(
  loaded: LoadedConfig,
  options: OpenOptions & { readonly version: string; readonly template?: Uint8Array<ArrayBuffer> },
): Promise<RunningTurnpike> {
  refuseOpenAddress(loaded.config);
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
  const { lanes, size, started } = await startLanes(config, { log, stops });
  const { store, blobs, pool, namespace, announce } = await openStores(config, {
    stops,
    log,
    onNotice: options.onNotice,
    template: options.template ?? null,
  });
  const backend = await openBackend(config, { pool, namespace, log, stops });
  const { createRunQueue } = await import("./queue/run-queue.js");
  const queue = createRunQueue(backend);
  stops.push(() => queue.close());

  let url: string | null = null;
  let draining = false;
  const isDraining = (): boolean => draining;
  const deps: Dependencies = {
    store,
    blobs,
    queue,
    runner: lanes,
    plans: await openPlanSource(config),
    environments: await openEnvironments(config),
    chosenEnvironment: await openChosenEnvironment(config),
    secrets: await openSecrets(config),
    collections: await openCollections(config),
    collectionsDirectory: resolve(config.collectionsDirectory),
    bell: createBell(),
    meter: createMeter(),
    clock,
    namespace,
    log,
    serviceUrl: () => config.publicUrl ?? url,
    maxStarts: config.maxStarts,
    lanes: () => size,
    egress: config.egress,
  };
  const service = createService(deps, {
    version: options.version,
    config: loaded.values,
    probes: [
      { name: "store", try: async () => `${String((await store.openRuns()).length)} open runs` },
      { name: "queue", try: async () => (await backend.ping(), backend.name) },
      {
        name: "lanes",
        try: async () => lanesReady(lanes.status().filter(({ pid }) => pid !== null).length, size),
      },
    ],
    lanes: () => ({ total: size, busy: lanes.status().filter(({ busy }) => busy).length }),
    isDraining,
  });

  url = await listen(config, { log, stops, service, queues: queue.queues, isDraining });
  await announce(url);

  await started;
  const resumed = await openRuns(deps);
  let drainMs = 0;
  await startWork(deps, { backend, lanes: size, drainMs: () => drainMs, stops });
  await startSweep(deps, stops);

  return {
    service,
    url,
    lanes: size,
    resumed,
    async close(waitMs) {
      draining = true;
      drainMs = waitMs;
      await stops.all();
    },
  };
}

const clock: Clock = {
  now: () => Date.now(),
  random: (length) => Array.from({ length }, () => randomInt(36).toString(36)).join(""),
};

function lanesReady(alive: number, wanted: number): string {
  if (alive === 0) throw new Error("no lane is alive");
  return `${String(alive)} of ${String(wanted)}`;
}
