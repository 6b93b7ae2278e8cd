/** A Redis server of the test's own on a free port, where the machine has the program. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface RedisSettings {
  /** 0 takes a free one. */
  readonly port?: number;
  /** Further arguments of redis-server. */
  readonly args?: readonly string[];
}

const START_LIMIT_MS = 60_000;

/** Why there is no Redis here; null when there is one. */
export function redisAbsence(): string | null {
  return spawnSync("redis-server", ["--version"]).error === undefined
    ? null
    : "there is no redis-server on this machine";
}

/** Starts a server that keeps nothing on disk and refuses no job. */
export async function startRedis(settings: RedisSettings = {}): Promise<RedisServer> {
  const port = settings.port ?? (await freePort());
  const directory = await mkdtemp(join(tmpdir(), "turnpike-redis-"));
  const server = spawn(
    "redis-server",
    [
      `--port ${String(port)} --bind 127.0.0.1 --appendonly no --maxmemory-policy noeviction`.split(
        " ",
      ),
      ["--save", "", "--dir", directory, ...(settings.args ?? [])],
    ].flat(),
    { stdio: "ignore" },
  );
  const url = `redis://127.0.0.1:${String(port)}`;
  try {
    await answers(url, server);
  } catch (error) {
    server.kill("SIGKILL");
    throw error;
  }
  return {
    url,
    port,
    async close() {
      await stop(server);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Waits until the server answers, with a limit. */
async function answers(url: string, server: ChildProcess): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => 25,
    maxRetriesPerRequest: null,
  });
  client.on("error", () => undefined);
  const limit = new AbortController();
  try {
    await Promise.race([
      client.ping(),
      pause(START_LIMIT_MS, undefined, { signal: limit.signal }).then(() => {
        const end = server.exitCode ?? server.signalCode;
        throw new Error(
          `redis-server does not answer at ${url}; it ${end === null ? "still runs" : `ended with ${String(end)}`}`,
        );
      }),
    ]);
  } finally {
    limit.abort();
    client.disconnect();
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGKILL");
  await gone;
}

/** A port nobody listens at in this moment; redis-server cannot choose one itself. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
