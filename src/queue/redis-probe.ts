/** A first look at the Redis server: is it there, is it new enough, would it throw jobs away. */

import { Redis } from "ioredis";
import { messageOf, TurnpikeError } from "../core/errors.js";

const CONNECT_LIMIT_MS = 3000;
export const OLDEST_VERSION = 5;

/** Connects once without trying again. Throws REDIS_UNREACHABLE, or NOT_READY for a server too old for BullMQ. */
export async function probeRedis(url: string, onWarning: (message: string) => void): Promise<void> {
  judgeServer(await askRedis(url), redisPlace(url), onWarning);
}

/** What the server says of itself (`INFO`), by name. Throws REDIS_UNREACHABLE. */
export async function askRedis(url: string): Promise<ReadonlyMap<string, string>> {
  const place = redisPlace(url);
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_LIMIT_MS,
    commandTimeout: CONNECT_LIMIT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 1,
  });
  // The reason of a refused connection comes as an event; what `connect` rejects with only says that it is closed.
  let reason: unknown = null;
  redis.on("error", (error: Error) => {
    reason ??= error;
  });
  try {
    await redis.connect();
    return factsOf(await redis.info());
  } catch (error) {
    const cause = reason ?? error;
    throw new TurnpikeError("REDIS_UNREACHABLE", `Redis at ${place} ${describeFault(cause)}`, {
      cause,
    });
  } finally {
    redis.disconnect();
  }
}

function describeFault(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  // Its reason is in an answer that is lost with the connection.
  if (code === "ECONNRESET" || code === "EPIPE")
    return `hangs up at once (${messageOf(cause)}); one without a password does so to other machines: give it one (requirepass), which REDIS_URL names as redis://:password@host:port, or set protected-mode no where nobody else reaches it`;
  return `cannot be reached: ${messageOf(cause)}; start it, correct REDIS_URL, or leave REDIS_URL out to use the embedded queue`;
}

/** `host:port` of a Redis URL, without the user and the password. */
export function redisPlace(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname === "" ? "localhost" : hostname}:${port === "" ? "6379" : port}`;
}

function factsOf(info: string): ReadonlyMap<string, string> {
  return new Map(
    info.split(/\r?\n/).map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
}

function judgeServer(
  facts: ReadonlyMap<string, string>,
  place: string,
  onWarning: (message: string) => void,
): void {
  const version = facts.get("redis_version");
  if (version !== undefined && Number.parseInt(version, 10) < OLDEST_VERSION) {
    throw new TurnpikeError(
      "NOT_READY",
      `Redis at ${place} is version ${version}; BullMQ needs 5.0 or newer, better 6.2 or newer`,
    );
  }
  const policy = facts.get("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    onWarning(
      `Redis at ${place} has maxmemory-policy ${policy} and may throw away jobs of a run when memory is short; set it to noeviction`,
    );
  }
}
