/** Connections to Redis: one beside those of the queue, for what is no queue, and what becomes of a question nobody answers. */

import { Redis } from "ioredis";
import { messageOf, TurnpikeError } from "../core/errors.js";

export interface RedisConnection {
  readonly redis: Redis;
  close(): Promise<void>;
}

/** Connects in the background; commands fail after a few attempts while Redis is away. */
export function openRedis(url: string, onError: (error: Error) => void): RedisConnection {
  const redis = new Redis(url, { maxRetriesPerRequest: 3 });
  redis.on("error", onError);
  return { redis, close: () => closeConnection(redis) };
}

/** A connection that is down at this moment cannot say goodbye; it is simply dropped. */
export async function closeConnection(connection: Redis): Promise<void> {
  if (connection.status === "ready") await connection.quit().catch(() => undefined);
  connection.disconnect();
}

/** What ioredis and the system call a connection that is not there. */
const AWAY =
  /^(?:MaxRetriesPerRequestError|AbortError|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND)$/;
const CLOSED = "Connection is closed.";

/**
 * The answer of a Redis at `place` (`host:port`). REDIS_UNREACHABLE when none comes within the limit, be it refused or
 * swallowed by the network; what was asked may then still happen later.
 */
export async function answerWithin<Answer>(
  asked: Promise<Answer>,
  {
    place,
    limitMs,
    changes = false,
  }: {
    readonly place: string;
    readonly limitMs: number;
    /** Whether what is asked changes anything, so that the caller is told that it may yet. */
    readonly changes?: boolean;
  },
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const yet = changes ? ", and may still do what was asked when it answers again" : "";
      reject(unreachable(place, `does not answer within ${String(limitMs)} ms${yet}`));
    }, limitMs);
  });
  try {
    return await Promise.race([asked, limit]);
  } catch (error) {
    throw isAway(error)
      ? unreachable(place, `cannot be reached: ${messageOf(error)}`, error)
      : error;
  } finally {
    clearTimeout(timer);
  }
}

export function unreachable(place: string, how: string, cause?: unknown): TurnpikeError {
  return new TurnpikeError(
    "REDIS_UNREACHABLE",
    `Redis at ${place} ${how}; start it, or look at the network between`,
    { cause },
  );
}

/** Whether an error is that of a connection that is not there. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return AWAY.test(error.name) || AWAY.test(code) || error.message === CLOSED;
}
