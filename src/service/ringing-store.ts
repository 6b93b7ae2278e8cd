/** A run store that wakes who waits in this process, for writes that do not come from this process's own use cases. */

import type { RunStore } from "../core/ports.js";
import { ringForEvents } from "./bell.js";
import type { Dependencies } from "./dependencies.js";
import { isSame } from "./record.js";

/** What a worker on another machine writes is then followed as live as what is written here. */
export function createRingingStore({
  store,
  bell,
  meter,
}: Pick<Dependencies, "store" | "bell" | "meter">): RunStore {
  return {
    ...store,
    async appendEvents(runId, events) {
      await store.appendEvents(runId, events);
      ringForEvents(bell, runId, events);
    },
    async recordOutcome(runId, outcome) {
      const standing = await store.recordOutcome(runId, outcome);
      if (isSame(standing, outcome)) meter.countOutcome(standing);
      if (standing.kind === "checkpoint") bell.ring(`stop of ${runId}`);
      return standing;
    },
    async cancelRun(runId, cancellation) {
      const standing = await store.cancelRun(runId, cancellation);
      bell.ring(`stop of ${runId}`);
      return standing;
    },
  };
}
