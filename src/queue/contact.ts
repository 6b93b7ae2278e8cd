/** Notices that this process has not reached its queue for so long that its jobs belong to others. */

import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "../log.js";
import type { Backend } from "./backend.js";

const ASK_EVERY_MS = 1000;

/**
 * Calls `onLost` once for each time the queue stays out of reach for longer than a lock lasts. Whatever was locked before
 * is free by then, so whoever goes on with it works beside its successor and records nothing. BullMQ itself only waits:
 * where a network swallows packets instead of refusing them, its renewals neither succeed nor fail.
 */
export function watchContact(
  { ping, lockDurationMs }: Pick<Backend, "ping" | "lockDurationMs">,
  { onLost, log }: { readonly onLost: () => void; readonly log: Pick<Logger, "warn" | "info"> },
): { close(): void } {
  const closed = new AbortController();
  const isClosed = (): boolean => closed.signal.aborted;
  const watch = async (): Promise<void> => {
    let reachedAt = performance.now();
    let lost = false;
    while (!isClosed()) {
      // What is answered late says something about the moment it was asked, not about now.
      const askedAt = performance.now();
      const reached = await ping().then(
        () => true,
        () => false,
      );
      if (reached) reachedAt = askedAt;
      if (reached && lost) log.info("the queue answers again");
      const tooLong = performance.now() - reachedAt > lockDurationMs;
      if (tooLong && !lost && !isClosed()) {
        log.warn(
          { silentMs: Math.round(performance.now() - reachedAt) },
          "the queue has not answered for longer than a lock lasts; ending what runs here, because others may take it over",
        );
        onLost();
      }
      lost = tooLong;
      await pause(ASK_EVERY_MS, undefined, { signal: closed.signal }).catch(() => undefined);
    }
  };
  void watch();
  return {
    close() {
      closed.abort();
    },
  };
}
