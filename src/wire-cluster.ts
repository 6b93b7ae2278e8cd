/** How services and workers that share a Redis find each other: opens the connection, shows who is here, looks for others. */

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { z } from "zod";
import type { Config } from "./core/config.js";
import { TurnpikeError } from "./core/errors.js";
import {
  chooseService,
  serviceBeaconSchema,
  type ServiceBeacon,
  type WorkerState,
} from "./core/worker.js";
import type { WorkerList } from "./core/ports.js";
import type { Logger } from "./log.js";
import type { Beacons } from "./queue/beacons.js";
import type { Underway } from "./service/underway.js";
import type { Stops } from "./stops.js";
import { clock } from "./wire-clock.js";

export interface Cluster {
  readonly services: Beacons;
  workersOf(namespace: string): Beacons;
  workerList(namespace: string): WorkerList;
}

interface Parts {
  readonly log: Logger;
  readonly stops: Stops;
}

/** Throws REDIS_UNREACHABLE when the first look fails. */
export async function openCluster(redisUrl: string, { log, stops }: Parts): Promise<Cluster> {
  const { probeRedis, redisPlace } = await import("./queue/redis-probe.js");
  const { openRedis } = await import("./queue/redis-connection.js");
  const { createBeacons } = await import("./queue/beacons.js");
  const { createWorkerList } = await import("./queue/worker-list.js");
  await probeRedis(redisUrl, () => undefined);
  const { redis, close } = openRedis(redisUrl, (error) => {
    log.debug({ err: error }, "Redis cannot be reached");
  });
  stops.push(close);
  const workersOf = (namespace: string): Beacons =>
    createBeacons(redis, `turnpike-workers:${namespace}`);
  return {
    services: createBeacons(redis, "turnpike-services"),
    workersOf,
    workerList: (namespace) => createWorkerList(workersOf(namespace), redisPlace(redisUrl)),
  };
}

/** How long changes are gathered before they are shown. */
const GATHER_MS = 100;

/** Shows a document until `stops` hides it; what it says is asked for anew each time, at once where it says that it changed. */
export async function keepShowing(
  beacons: Beacons,
  shown: {
    readonly name: string;
    readonly document: () => unknown;
    readonly onChange?: (listener: () => void) => void;
  },
  { log, stops }: Parts,
): Promise<void> {
  const { name, document, onChange } = shown;
  const { BEACON_RENEWAL_MS } = await import("./queue/beacons.js");
  const show = async (): Promise<void> => {
    await beacons.show(name, document()).catch((error: unknown) => {
      // Shown again with the next renewal.
      log.debug({ err: error }, "Redis did not take a sign of life");
    });
  };
  await show();
  const timer = setInterval(() => void show(), BEACON_RENEWAL_MS);
  let gathering: NodeJS.Timeout | null = null;
  let hidden = false;
  onChange?.(() => {
    if (hidden) return;
    gathering ??= setTimeout(() => {
      gathering = null;
      void show();
    }, GATHER_MS);
  });
  stops.push(async () => {
    hidden = true;
    clearInterval(timer);
    if (gathering !== null) clearTimeout(gathering);
    await beacons.hide(name);
  });
}

/** The services there are now; one that another version shows in a way this one does not know is left out. */
async function servicesIn(beacons: Beacons): Promise<readonly ServiceBeacon[]> {
  return readAll(serviceBeaconSchema, await beacons.read());
}

/** What a process with lanes says of itself, each time it is asked. */
export function describeWorker(
  underway: Underway,
  { size, labels, version }: { size: number; labels: readonly string[]; version: string },
): { readonly id: string; readonly state: () => WorkerState } {
  const id = `${hostname()}-${String(process.pid)}-${randomBytes(2).toString("hex")}`;
  const startedAt = clock.now();
  return {
    id,
    state: () => ({
      id,
      host: hostname(),
      pid: process.pid,
      version,
      lanes: size,
      busy: underway.list().length,
      labels: [...labels],
      tasks: [...underway.list()],
      startedAt,
      lastSeen: clock.now(),
    }),
  };
}

/** Null while there is none; INVALID_CONFIG while there are several to choose from. */
export async function findService(
  beacons: Beacons,
  namespace: string | undefined,
): Promise<ServiceBeacon | null> {
  const choice = chooseService(await servicesIn(beacons), namespace);
  if (choice.found !== null || choice.namespaces.length === 0) return choice.found;
  throw new TurnpikeError(
    "INVALID_CONFIG",
    `services of several namespaces share this Redis: ${choice.namespaces.join(", ")}; choose one with --namespace`,
  );
}

/** Where runs are kept by this configuration. */
export function storeKind(config: Config): ServiceBeacon["store"] {
  if (config.postgresUrl !== undefined) return "postgres";
  return config.firestoreProject === undefined ? "embedded" : "firestore";
}

/**
 * INVALID_CONFIG when another service has the same namespace and the two do not share their runs: each would get jobs of
 * runs it does not know.
 */
export async function refuseForeignNamespace(
  beacons: Beacons,
  own: Pick<ServiceBeacon, "namespace" | "owner" | "store">,
): Promise<void> {
  const other = (await servicesIn(beacons)).find(
    (service) =>
      service.namespace === own.namespace &&
      service.owner !== own.owner &&
      (service.store !== own.store || own.store === "embedded"),
  );
  if (other === undefined) return;
  throw new TurnpikeError(
    "INVALID_CONFIG",
    `the namespace "${own.namespace}" belongs to the service at ${other.url}, whose runs are kept elsewhere; choose another with --namespace, or give both services the same --postgres or --firestore-project`,
  );
}

/** The URL others reach a service at: the configured one; for one that listens everywhere, by the name of this machine. */
export function urlForOthers(config: Config, listening: string): string {
  if (config.publicUrl !== undefined) return config.publicUrl;
  if (!["0.0.0.0", "::", "[::]"].includes(config.host)) return listening;
  const url = new URL(listening);
  url.hostname = hostname();
  return url.href.replace(/\/$/, "");
}

function readAll<Schema extends z.ZodType>(
  schema: Schema,
  documents: ReadonlyMap<string, unknown>,
): z.output<Schema>[] {
  return [...documents.values()].flatMap((document) => {
    const read = schema.safeParse(document);
    return read.success ? [read.data] : [];
  });
}
