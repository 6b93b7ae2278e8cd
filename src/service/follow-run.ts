/** Following a run live: stored events first, then new ones until the run has ended. */

import type { StoredEvent } from "../core/event.js";
import type { Dependencies } from "./dependencies.js";
import type { RunView } from "./service.js";
import { findRun, viewRun } from "./view-run.js";

type FollowDependencies = Pick<Dependencies, "store" | "bell">;

/** How long an event written by another process may stay unseen. */
const POLL_MS = 1000;
const PAGE_SIZE = 200;

/** Yields every event after `after` in order, without gap or repetition, until `run.ended` or the signal is aborted. */
export async function* followRun(
  deps: FollowDependencies,
  runId: string,
  options: { readonly after?: string; readonly signal: AbortSignal },
): AsyncGenerator<StoredEvent> {
  let after = options.after;
  // The last wait ends with the following: its timer would keep a process alive that has nothing left to do.
  const over = new AbortController();
  const leave = (): void => {
    over.abort();
  };
  options.signal.addEventListener("abort", leave, { once: true });
  try {
    while (!options.signal.aborted) {
      // Read before the events, so that an end seen here has all its events in the store.
      const { end } = await findRun(deps, runId);
      const rung = deps.bell.wait(`events of ${runId}`, {
        timeoutMs: POLL_MS,
        signal: over.signal,
      });
      const page = await deps.store.readEvents(runId, {
        limit: PAGE_SIZE,
        ...(after === undefined ? {} : { after }),
      });
      for (const stored of page) {
        yield stored;
        after = stored.id;
        if (stored.event.type === "run.ended") return;
      }
      if (page.length > 0) continue;
      if (end !== null) return;
      await rung;
    }
  } finally {
    options.signal.removeEventListener("abort", leave);
    leave();
  }
}

/** The events there are so far. */
export async function readEvents(
  deps: FollowDependencies,
  runId: string,
  query: { readonly after?: string; readonly limit: number },
): Promise<readonly StoredEvent[]> {
  await findRun(deps, runId);
  return deps.store.readEvents(runId, query);
}

/** Waits for the end of a run, at most `timeoutMs`. */
export async function waitForRun(
  deps: FollowDependencies,
  runId: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<RunView> {
  const until = Date.now() + options.timeoutMs;
  for (;;) {
    const status = await findRun(deps, runId);
    const leftMs = until - Date.now();
    if (status.end !== null || leftMs <= 0 || options.signal.aborted) return viewRun(deps, runId);
    await deps.bell.wait(`end of ${runId}`, {
      timeoutMs: Math.min(leftMs, POLL_MS),
      signal: options.signal,
    });
  }
}
