/** The events of a run as server-sent events (WHATWG HTML, section 9.2), with heartbeats. */

import type { StoredEvent } from "../core/event.js";

/** Proxies cut connections that say nothing for a minute or less. */
const HEARTBEAT_MS = 15_000;
/** How long a client waits before it connects again. */
const RETRY_MS = 2000;

/**
 * Text blocks of a stream: one for each event, a comment whenever nothing came for a while. Whoever reads sets the pace;
 * the next event is taken only when the last one has been handed over.
 */
export async function* eventStream(
  events: AsyncIterable<StoredEvent>,
  heartbeatMs: number = HEARTBEAT_MS,
): AsyncGenerator<string> {
  // Sent at once, so that the client sees the headers before anything has happened.
  yield `retry: ${String(RETRY_MS)}\n\n`;
  const iterator = events[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    for (;;) {
      const result = await withinOrNull(next, heartbeatMs);
      if (result === null) {
        yield ": still here\n\n";
        continue;
      }
      if (result.done === true) return;
      yield formatEvent(result.value);
      next = iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}

function formatEvent({ id, event }: StoredEvent): string {
  // JSON has no line breaks, so one data line is enough.
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

async function withinOrNull<Value>(
  promise: Promise<Value>,
  limitMs: number,
): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
