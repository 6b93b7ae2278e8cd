/** What was started and must be stopped: a pile that is undone in reverse order, whatever one part has to say about it. */

import type { Logger } from "./log.js";

export interface Stops {
  /** Remembers how to stop what has just been started. */
  push(stop: () => Promise<unknown>): void;
  /** Stops everything, newest first; calling it again finds nothing left. */
  all(): Promise<void>;
}

export function createStops(log: Logger): Stops {
  const pile: (() => Promise<unknown>)[] = [];
  return {
    push: (stop) => void pile.push(stop),
    async all() {
      for (let stop = pile.pop(); stop !== undefined; stop = pile.pop()) {
        await stop().catch((error: unknown) => {
          log.error({ err: error }, "a part could not be stopped cleanly");
        });
      }
    },
  };
}
