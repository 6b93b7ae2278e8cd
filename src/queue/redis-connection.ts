/** A connection to Redis beside those of the queue, for what is no queue. */

import { Redis } from "ioredis";

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
