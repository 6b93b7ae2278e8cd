/** Stores records while they come in, in pieces, so that a crash loses at most the last moment. */

import type { RequestRecord } from "../core/evidence.js";
import type { Dependencies } from "./dependencies.js";
import { appendEvents } from "./record.js";

/** Longest time a record waits to be stored, and the most records of one piece. */
const FLUSH_MS = 200;
const PIECE_SIZE = 50;

export interface EvidenceWriter {
  write(records: readonly RequestRecord[]): void;
  /** Stores what is left; rejects when a piece could not be stored. May be called again. */
  close(): Promise<void>;
}

/** One writer for one attempt; pieces are stored one after the other, in order. */
export function createEvidenceWriter(
  deps: Pick<Dependencies, "store" | "bell" | "clock">,
  place: { readonly runId: string; readonly node: string; readonly attempt: number },
): EvidenceWriter {
  const waiting: RequestRecord[] = [];
  let storing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const records = waiting.splice(0);
    if (records.length === 0) return;
    const event = {
      type: "task.requests",
      at: deps.clock.now(),
      node: place.node,
      attempt: place.attempt,
      records,
    } as const;
    storing = storing.then(() => appendEvents(deps, place.runId, [event]));
    // Marked as handled here; close() reports the failure to the task.
    storing.catch(() => undefined);
  };
  return {
    write(records) {
      waiting.push(...records);
      // What was created must be known also when this worker is killed the next moment.
      const isUrgent = records.some(({ ledger }) => ledger?.action === "created");
      if (isUrgent || waiting.length >= PIECE_SIZE) flush();
      else timer ??= setTimeout(flush, FLUSH_MS);
    },
    async close() {
      flush();
      await storing;
    },
  };
}
