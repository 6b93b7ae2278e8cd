/** Builds the API and lets it listen. */

import type { Config } from "./core/config.js";
import { TurnpikeError } from "./core/errors.js";
import type { WorkerAccess } from "./http/routes-worker.js";
import type { Service } from "./service/service.js";
import type { Logger } from "./log.js";
import type { BullRunQueue } from "./queue/run-queue.js";
import type { Stops } from "./stops.js";

/** Answers the URL it listens at. Throws ADDRESS_IN_USE. */
export async function listen(
  config: Config,
  parts: {
    readonly log: Logger;
    readonly stops: Stops;
    readonly service: Service;
    readonly eachQueue: BullRunQueue["eachQueue"];
    readonly isDraining: () => boolean;
    readonly workers?: WorkerAccess;
  },
): Promise<string> {
  const { log, stops, service, eachQueue, isDraining } = parts;
  const { createApp } = await import("./http/app.js");
  const { queuesDashboard } = await import("./http/queues-dashboard.js");
  const app = await createApp({
    service,
    log: log.child({ part: "http" }),
    ...(config.token === undefined ? {} : { token: config.token }),
    bodyLimitBytes: config.bodyLimitMb * 1024 * 1024,
    isDraining,
    ...(parts.workers !== undefined && { workers: parts.workers }),
    queuesDashboard: queuesDashboard(eachQueue),
  });
  stops.push(() => app.close());
  try {
    return await app.listen({ host: config.host, port: config.port });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE")) throw cause;
    throw new TurnpikeError(
      "ADDRESS_IN_USE",
      `${config.host}:${String(config.port)} is in use; stop what listens there, or choose another with --port`,
      { cause },
    );
  }
}

/** Whoever can reach the API can run code of its choice in the lanes, so beyond this machine it takes a token. */
export function refuseOpenAddress(config: Config): void {
  const isLoopback =
    config.host === "localhost" || config.host === "::1" || config.host.startsWith("127.");
  if (isLoopback || config.token !== undefined) return;
  throw new TurnpikeError(
    "INVALID_CONFIG",
    `the API may not listen at ${config.host} without a token; set TURNPIKE_TOKEN (16 characters or more), or listen at 127.0.0.1`,
  );
}

/** Without lanes of its own a service needs workers, and workers need a queue they can reach. */
export function refuseLanelessEngine(config: Config): void {
  if (config.lanes !== 0 || config.redisUrl !== undefined) return;
  throw new TurnpikeError(
    "INVALID_CONFIG",
    "without lanes (lanes: 0) nothing runs on the embedded queue; give --lanes 1 or more, or --redis URL and start workers",
  );
}
