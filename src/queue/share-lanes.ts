/** One set of lanes behind several queues of tasks: a worker with labels listens to more than one. */

import type { NodeHandler } from "../core/ports.js";

/** How long a job waits here for a lane; then it goes back, so that a worker that has one can take it. */
const HOLD_MS = 500;
const BACK_MS = 250;
const PAUSED_MS = 2000;

/**
 * The handler for all queues of a worker: at most `lanes` of its calls run at once, in the order they came. The pause is
 * asked for here because it stands at the queue of tasks without labels only.
 */
export function shareLanes(
  handler: NodeHandler,
  { lanes, isPaused }: { readonly lanes: number; readonly isPaused: () => Promise<boolean> },
): NodeHandler {
  let free = lanes;
  const waiting = new Set<() => void>();
  const giveBack = (): void => {
    const [next] = waiting;
    if (next === undefined) free += 1;
    else next();
  };
  /** True with a lane; false when there was none in time. */
  const take = (signal: AbortSignal): Promise<boolean> => {
    if (free > 0) {
      free -= 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const end = (hasLane: boolean): void => {
        waiting.delete(next);
        clearTimeout(limit);
        signal.removeEventListener("abort", onAbort);
        resolve(hasLane);
      };
      const next = (): void => end(true);
      const onAbort = (): void => end(false);
      const limit = setTimeout(onAbort, HOLD_MS);
      signal.addEventListener("abort", onAbort);
      waiting.add(next);
    });
  };
  return {
    ...handler,
    async settle(wake) {
      if (await isPaused()) return { state: "later", afterMs: PAUSED_MS };
      wake.signal.throwIfAborted();
      const hasLane = await take(wake.signal);
      try {
        wake.signal.throwIfAborted();
        return hasLane ? await handler.settle(wake) : { state: "later", afterMs: BACK_MS };
      } finally {
        if (hasLane) giveBack();
      }
    },
  };
}
