/** What BullMQ runs on: the embedded database or Redis, behind one seam, with the settings each of them needs. */

import type { EventEmitter } from "node:events";
import {
  createPostgresBackend,
  createRedisBackend,
  FlowProducer,
  Queue,
  Worker,
  type BackendFactory,
  type ConnectionOptions,
  type PgPool,
  type Processor,
  type RedisQueueBackend,
} from "bullmq";
import { Redis } from "ioredis";
import type { SharedLimits } from "../core/shared-limits.js";
import { createLocalLimits } from "./local-limits.js";
import { answerWithin, closeConnection } from "./redis-connection.js";
import { tellOutages } from "./tell-outages.js";
import type { Logger } from "../log.js";
import { createRedisLimits } from "./redis-limits.js";
import { probeRedis, redisPlace } from "./redis-probe.js";

export interface Backend {
  readonly name: "embedded" | "redis";
  /** How long a worker owns a job without renewing its lock. */
  readonly lockDurationMs: number;
  /** Permits, rates and turns of all workers on this queue. */
  readonly limits: SharedLimits;
  createQueue(name: string): Queue;
  createWorker(
    name: string,
    processor: Processor,
    options: { readonly concurrency: number },
  ): Worker;
  createFlowProducer(): FlowProducer;
  /** For what somebody waits for: REDIS_UNREACHABLE instead of an answer that does not come. Repeating the work must be harmless. */
  reach<Answer>(work: () => Promise<Answer>): Promise<Answer>;
  /** Rejects when the queue cannot be reached; answers within a few seconds. */
  ping(): Promise<void>;
  /** Closes what the backend opened itself; queues and workers are closed by whoever created them, before this. */
  close(): Promise<void>;
}

export interface RedisBackendOptions {
  /** Told of outages, and of a setting of the server that endangers runs. */
  readonly log: Pick<Logger, "warn" | "info">;
  /** Keeps services apart that share a server: each sees only the jobs of its own namespace. */
  readonly namespace: string;
}

const LOCK_DURATION_MS = 10_000;
const PING_LIMIT_MS = 3000;
/** Longer than the largest plan takes to be added. */
const ANSWER_LIMIT_MS = 10_000;

const WORKER_OPTIONS = {
  // A dead worker's job is taken over within 10 s (30/30, BullMQ's default, takes a minute).
  lockDuration: LOCK_DURATION_MS,
  // The workers renew locks themselves, because they must know when each was renewed last.
  skipLockRenewal: true,
  stalledInterval: 5000,
  // BullMQ never resets this counter, and gives a job up when it is reached: starts are counted by our own store.
  maxStalledCount: 1_000_000,
  // How soon a worker asks again after the queue could not be reached.
  runRetryDelay: 1000,
} as const;

/** BullMQ on PGlite or another PostgreSQL, through a pool the caller opened, migrated and closes. */
export function embeddedBackend(pool: PgPool): Backend {
  return createBackend({
    name: "embedded",
    limits: createLocalLimits(),
    prefix: "turnpike",
    factory: (name, options, parts) =>
      createPostgresBackend(name, { ...options, connection: pool }, parts),
    connection: {},
    blockSeconds: 2,
    reach: (work) => work(),
    async ping() {
      await pool.query("SELECT 1");
    },
    close: () => Promise.resolve(),
  });
}

/**
 * BullMQ on Redis. A server that cannot be reached at the start is REDIS_UNREACHABLE at once; later losses are waited out:
 * workers for as long as it takes, submissions only for a few attempts, so that an API call does not hang.
 */
export async function redisBackend(url: string, options: RedisBackendOptions): Promise<Backend> {
  const { log } = options;
  await probeRedis(url, (message) => {
    log.warn(message);
  });
  const forQueues = new Redis(url, { maxRetriesPerRequest: 3 });
  const forWorkers = new Redis(url, { maxRetriesPerRequest: null });
  const connections = [forQueues, forWorkers];
  const place = redisPlace(url);
  tellOutages(connections, { place, log });
  return createBackend({
    name: "redis",
    limits: createRedisLimits(forQueues, { prefix: `turnpike:${options.namespace}:limits` }),
    prefix: `turnpike:${options.namespace}`,
    factory: createRedisBackend,
    connection: forQueues,
    workerConnection: forWorkers,
    blockSeconds: 5,
    reach: (work) => answerWithin(work(), { place, limitMs: ANSWER_LIMIT_MS, changes: true }),
    async ping() {
      await answerWithin(forQueues.ping(), { place, limitMs: PING_LIMIT_MS });
    },
    async close() {
      await Promise.all(connections.map(closeConnection));
    },
  });
}

interface BackendParts extends Pick<Backend, "name" | "limits" | "reach" | "ping" | "close"> {
  readonly factory: BackendFactory;
  readonly prefix: string;
  readonly connection: ConnectionOptions;
  readonly workerConnection?: ConnectionOptions;
  /** Longest sleep of a worker that was told of nothing: the cost of a lost wake-up. */
  readonly blockSeconds: number;
}

function createBackend(parts: BackendParts): Backend {
  // BullMQ's plain types name Redis, and bull-board asks for those; its classes use nothing beyond IQueueBackend, which
  // is checked above. This is the only place that says one thing for the other.
  const factory = parts.factory as BackendFactory<RedisQueueBackend>;
  // BullMQ's own look at the server prints to the console; probeRedis has had that look.
  const shared = { prefix: parts.prefix, skipVersionCheck: true };
  return {
    name: parts.name,
    limits: parts.limits,
    lockDurationMs: LOCK_DURATION_MS,
    createQueue: (name) =>
      toldOtherwise(new Queue(name, { ...shared, connection: parts.connection }, factory)),
    createWorker: (name, processor, { concurrency }) =>
      new Worker(
        name,
        // BullMQ hands out the signal only to a function that declares three parameters; one with defaults does not.
        (job, token, signal) => processor(job, token, signal),
        {
          ...shared,
          ...WORKER_OPTIONS,
          connection: parts.workerConnection ?? parts.connection,
          drainDelay: parts.blockSeconds,
          concurrency,
        },
        factory,
      ),
    createFlowProducer: () =>
      toldOtherwise(new FlowProducer({ ...shared, connection: parts.connection }, factory)),
    reach: parts.reach,
    ping: parts.ping,
    close: parts.close,
  };
}

/** Calls reject to whoever makes them, and connections report their own loss; without a listener BullMQ would print each error to the console as well. */
function toldOtherwise<T extends EventEmitter>(source: T): T {
  source.on("error", () => undefined);
  return source;
}
