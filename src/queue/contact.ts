/** Tells people that this process does not reach its queue. */

import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "../log.js";
import type { Backend } from "./backend.js";

const ASK_EVERY_MS = 1000;
/** Shorter than what runs can go on without its queue. */
const SILENT_MS = 5000;

/**
 * Says so once for each time the queue stays silent, and when it answers again. Where a network
 * swallows packets instead of refusing them nobody else does: connections stay open, and whoever waits for an answer waits.
 */
export function watchContact(
  { ping }: Pick<Backend, "ping">,
  log: Pick<Logger, "warn" | "info">,
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
      const tooLong = performance.now() - reachedAt > SILENT_MS;
      if (tooLong && !lost && !isClosed()) {
        const silentMs = Math.round(performance.now() - reachedAt);
        log.warn({ silentMs }, "the queue does not answer; nothing starts here until it does");
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
