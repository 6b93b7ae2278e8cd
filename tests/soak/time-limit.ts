/** A signal that is aborted after a while, or when another one is. */

import { setMaxListeners } from "node:events";

/** With a timer of its own: on Node 20 an `AbortSignal.timeout` within `AbortSignal.any` may be collected and never fire. */
export function limitedBy(signal: AbortSignal, limitMs: number): AbortSignal {
  const limit = new AbortController();
  // Every run of a soak listens.
  setMaxListeners(0, limit.signal);
  const timer = setTimeout(() => {
    limit.abort(new Error("the time of the soak is over"));
  }, limitMs);
  timer.unref();
  const end = (): void => {
    limit.abort(signal.reason);
  };
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  return limit.signal;
}
