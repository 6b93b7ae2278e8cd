/** Starts what does the work: lanes, the queue's backend, workers, and the sweep. */

import { availableParallelism } from "node:os";
import type { Config } from "./core/config.js";
import type { RunQueue } from "./core/ports.js";
import type { Dependencies, WorkDependencies } from "./service/dependencies.js";
import { deleteExpired } from "./service/delete-expired.js";
import { createHealthGate, type HealthGate } from "./service/health-gate.js";
import { expireNode } from "./service/expire-run.js";
import { createPermitKeeper } from "./service/keep-permits.js";
import { settleNode } from "./service/settle-node.js";
import { sweepRuns } from "./service/sweep-runs.js";
import type { Underway } from "./service/underway.js";
import type { Logger } from "./log.js";
import type { Lanes } from "./newman/lanes.js";
import type { Backend } from "./queue/backend.js";
import type { Workers } from "./queue/workers.js";
import type { OpenPglite } from "./store/pglite.js";
import type { Stops } from "./stops.js";
import { clock } from "./wire-clock.js";

const SWEEP_INTERVAL_MS = 60_000;
const RETENTION_INTERVAL_MS = 3_600_000;
const DAY_MS = 86_400_000;

interface StartingLanes {
  readonly lanes: Lanes;
  readonly size: number;
  /** Resolves when every lane's process is ready. */
  readonly started: Promise<void>;
}

/** The lanes, whose processes load Newman while other parts are opened. */
export async function startLanes(
  config: Config,
  parts: {
    readonly log: Logger;
    readonly stops: Stops;
    /** See createLanes. */
    readonly expectedRuns?: number | undefined;
  },
): Promise<StartingLanes> {
  const { log, stops, expectedRuns } = parts;
  const size = config.lanes ?? Math.max(2, availableParallelism());
  const { createLanes } = await import("./newman/lanes.js");
  const lanes = createLanes({
    size,
    memoryLimitMb: config.laneMemoryMb,
    recycleAfterRuns: config.laneRuns,
    maxResponseMb: config.maxResponseMb,
    log: log.child({ part: "lanes" }),
    ...(expectedRuns !== undefined && { expectedRuns }),
  });
  stops.push(() => lanes.close());
  const started = lanes.start();
  // Awaited later; until then a failure must not count as one that nobody handles.
  started.catch(() => undefined);
  return { lanes, size, started };
}

export async function openHealthGate(): Promise<HealthGate> {
  const { probeTarget } = await import("./newman/target-probe.js");
  return createHealthGate({ probe: probeTarget, now: clock.now });
}

export async function openBackend(
  config: Config,
  parts: {
    readonly pool: OpenPglite["pool"] | null;
    readonly namespace: string;
    readonly log: Logger;
    readonly stops: Stops;
  },
): Promise<Backend> {
  const backend = await chooseBackend(config, parts);
  parts.stops.push(() => backend.close());
  return backend;
}

async function chooseBackend(
  { redisUrl }: Config,
  parts: Parameters<typeof openBackend>[1],
): Promise<Backend> {
  const { pool, namespace, log } = parts;
  const { embeddedBackend, redisBackend } = await import("./queue/backend.js");
  if (redisUrl !== undefined) {
    return redisBackend(redisUrl, { namespace, log });
  }
  if (pool === null) throw new Error("the embedded queue needs the embedded database");
  return embeddedBackend(pool);
}

/** What limits the work of all workers on this queue. */
export function openLimits(
  config: Config,
  parts: {
    readonly backend: Backend;
    readonly queue: RunQueue;
    readonly log: Logger;
    readonly stops: Stops;
  },
): Pick<Dependencies, "permits" | "turns" | "rates" | "limits"> {
  const { permits, turns, rates } = parts.backend.limits;
  const keeper = createPermitKeeper({ permits, queue: parts.queue, log: parts.log });
  parts.stops.push(() => keeper.close());
  const { maxParallelTasks = null, limits } = config;
  return { permits: keeper, turns, rates, limits: { maxParallelTasks, ...limits } };
}

/** Takes jobs from now on. Closing gives what is underway `drainMs()` to end. */
export async function startWork(
  deps: WorkDependencies,
  parts: {
    readonly backend: Backend;
    readonly lanes: number;
    readonly control: boolean;
    readonly labels: readonly string[];
    readonly underway: Underway;
    readonly drainMs: () => number;
    readonly stops: Stops;
  },
): Promise<Pick<Workers, "handOver">> {
  const { startWorkers } = await import("./queue/workers.js");
  const workers = await startWorkers(
    parts.backend,
    {
      settle: (wake) => settleNode(deps, wake),
      expire: (runId, node) => expireNode(deps, runId, node),
    },
    {
      lanes: parts.lanes,
      control: parts.control,
      labels: parts.labels,
      begin: parts.underway.begin,
      isPaused: () => deps.queue.isPaused(),
      log: deps.log.child({ part: "workers" }),
    },
  );
  parts.stops.push(() => workers.close(parts.drainMs()));
  return workers;
}

/** Sweeps now and every minute. */
export async function startSweep(deps: Dependencies, stops: Stops): Promise<void> {
  await sweepRuns(deps);
  const sweeping = setInterval(() => void sweepRuns(deps), SWEEP_INTERVAL_MS);
  stops.push(() => Promise.resolve(clearInterval(sweeping)));
}

/** Deletes what has served its time, now and every hour; a pass that fails is tried again at the next. */
export function startRetention(deps: Dependencies, config: Config, stops: Stops): void {
  const rule = { maxAgeMs: config.retentionDays * DAY_MS, maxRuns: config.retentionRuns };
  let pass = Promise.resolve();
  const begin = (): void => {
    pass = pass
      .then(() => deleteExpired(deps, rule))
      .then(
        () => undefined,
        (error: unknown) => {
          deps.log.warn({ err: error }, "old runs could not be deleted; trying again in an hour");
        },
      );
  };
  begin();
  const passing = setInterval(begin, RETENTION_INTERVAL_MS);
  stops.push(() => (clearInterval(passing), pass));
}
