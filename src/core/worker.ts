/** What services and workers say of themselves in a shared Redis, so that they find each other. */

import { z } from "zod";

/** A service shows this; workers reach its run store and blobs by it, unless they share a store with it. */
export const serviceBeaconSchema = z.strictObject({
  namespace: z.string(),
  url: z.string(),
  /** Opens the worker API of this service, and nothing else. */
  token: z.string(),
  /** Id of its data directory. */
  owner: z.string(),
  version: z.string(),
  /** Where its runs are: in its own embedded database, or in a store that machines share. */
  store: z.enum(["embedded", "postgres", "firestore"]),
});
export type ServiceBeacon = z.infer<typeof serviceBeaconSchema>;

const workerTaskSchema = z.strictObject({ runId: z.string(), node: z.string() });
export type WorkerTask = z.infer<typeof workerTaskSchema>;

/** A process with lanes shows this, and shows it anew every few seconds. */
export const workerStateSchema = z.strictObject({
  id: z.string(),
  host: z.string(),
  pid: z.int(),
  version: z.string(),
  lanes: z.int(),
  /** Lanes that work on a task now. */
  busy: z.int(),
  /** What it carries of the labels that tasks ask for with `runsOn`. */
  labels: z.array(z.string()).default([]),
  /** What it runs now. */
  tasks: z.array(workerTaskSchema).default([]),
  startedAt: z.int(),
  lastSeen: z.int(),
});
export type WorkerState = z.infer<typeof workerStateSchema>;

/** Of several services the one to work for: the namespaces there are to choose from when the choice is not plain. */
export function chooseService(
  services: readonly ServiceBeacon[],
  namespace: string | undefined,
):
  | { readonly found: ServiceBeacon }
  | { readonly found: null; readonly namespaces: readonly string[] } {
  const ours = services.filter(
    (service) => namespace === undefined || service.namespace === namespace,
  );
  const namespaces = [...new Set(ours.map((service) => service.namespace))].toSorted();
  const [first] = ours;
  return first !== undefined && namespaces.length === 1
    ? { found: first }
    : { found: null, namespaces };
}
