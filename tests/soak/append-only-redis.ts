/** A Redis of the soak's own, with the append-only file of the production set-up, that can be killed and started again. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort, startRedis, type RedisServer } from "../support/redis.js";

export interface AppendOnlyRedis {
  readonly url: string;
  /** SIGKILL, and the same port and file again after a while. */
  restart(downMs: number): Promise<void>;
  /** Deletes the lock of some task underway, as its expiry would; answers whether there was one. */
  stealLock(choose: (keys: readonly string[]) => string): Promise<boolean>;
  close(): Promise<void>;
}

export async function startAppendOnlyRedis(): Promise<AppendOnlyRedis> {
  const directory = await mkdtemp(join(tmpdir(), "turnpike-soak-redis-"));
  const port = await freePort();
  const start = (): Promise<RedisServer> =>
    startRedis({
      port,
      args: ["--appendonly", "yes", "--appendfsync", "everysec", "--dir", directory],
    });
  let server = await start();
  return {
    url: server.url,
    async restart(downMs) {
      await server.close();
      await new Promise((resolve) => setTimeout(resolve, downMs));
      server = await start();
    },
    async stealLock(choose) {
      const client = new Redis(server.url, { retryStrategy: () => null });
      client.on("error", () => undefined);
      try {
        const keys = await client.keys("*:tasks:*:lock");
        return keys.length > 0 && (await client.del(choose(keys))) === 1;
      } catch {
        // It is down for a fault of its own.
        return false;
      } finally {
        client.disconnect();
      }
    },
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
