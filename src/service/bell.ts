/** Tells those who wait inside this process that something new stands in the store; the store stays the only truth. */

import { EventEmitter, once } from "node:events";
import type { RunEvent } from "../core/event.js";

/** What there is to wait for: new events of a run, its end, or a reason for its running tasks to stop. */
type Topic = `events of ${string}` | `end of ${string}` | `stop of ${string}`;

export interface Bell {
  ring(topic: Topic): void;
  /** Resolves at the next ring, after `timeoutMs`, or when the signal is aborted, whichever comes first. */
  wait(
    topic: Topic,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<void>;
}

export function createBell(): Bell {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  return {
    ring: (topic) => void emitter.emit(topic),
    async wait(topic, { timeoutMs, signal }) {
      if (signal.aborted) return;
      // Not `AbortSignal.any` with a `timeout`: on Node 20 that pair is collected as garbage and never fires.
      const limit = new AbortController();
      const giveUp = (): void => {
        limit.abort();
      };
      const timer = setTimeout(giveUp, timeoutMs);
      signal.addEventListener("abort", giveUp, { once: true });
      // An aborted wait is an answer like any other: whoever waited looks into the store again.
      await once(emitter, topic, { signal: limit.signal }).catch(() => undefined);
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
    },
  };
}

/** For events that have just been stored; who waits for the end alone is not woken by all that comes before. */
export function ringForEvents(bell: Bell, runId: string, events: readonly RunEvent[]): void {
  bell.ring(`events of ${runId}`);
  if (events.some(({ type }) => type === "run.ended")) bell.ring(`end of ${runId}`);
}
