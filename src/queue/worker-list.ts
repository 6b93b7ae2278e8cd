/** The living workers of a namespace, as their beacons show them. */

import type { WorkerList } from "../core/ports.js";
import { workerStateSchema } from "../core/worker.js";
import type { Beacons } from "./beacons.js";
import { answerWithin, unreachable } from "./redis-connection.js";

/** Every view of a run asks, and none of them may hang because Redis does. */
const LIMIT_MS = 2000;
/** How long after a failure nobody is kept waiting for the next one. */
const REST_MS = 3000;

/** `list` throws REDIS_UNREACHABLE within a moment. */
export function createWorkerList(beacons: Beacons, place: string): WorkerList {
  let restUntil = 0;
  return {
    canJoin: true,
    async list() {
      if (performance.now() < restUntil) throw unreachable(place, "did not answer a moment ago");
      try {
        const shown = await answerWithin(beacons.read(), { place, limitMs: LIMIT_MS });
        // One that another version shows in a way this one does not know is left out.
        return [...shown.values()].flatMap((document) => {
          const read = workerStateSchema.safeParse(document);
          return read.success ? [read.data] : [];
        });
      } catch (error) {
        restUntil = performance.now() + REST_MS;
        throw error;
      }
    },
  };
}
