/** How long the iterations and folders of a task took in the last run of its plan, for shards of equal length. */

import type { PieceDurations } from "../collections/split-collection.js";
import type { RequestRecord } from "../core/evidence.js";
import { shardIds } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";

/** Runs looked at for one of the same plan, and the most events read of it. */
const RECENT_RUNS = 50;
const PAGE_SIZE = 500;
const MAX_PAGES = 20;
/** What a request costs besides the wait for its answer, mostly for its scripts. */
const OWN_MS = 15;

/** Empty where the plan has not run yet. */
export async function durationsOfPieces(
  { store }: Pick<Dependencies, "store">,
  plan: string,
  task: string,
): Promise<PieceDurations> {
  const recent = await store.listRuns({ limit: RECENT_RUNS });
  const last = recent.find(({ run, end }) => end !== null && run.plan.name === plan);
  const node = last?.run.plan.nodes.find(({ id }) => id === task);
  const iterations = new Map<number, number>();
  const units = new Map<string, number>();
  if (last === undefined || node === undefined) return { iterations, units };
  const nodes = new Set([task, ...shardIds(node)]);
  const add = (record: RequestRecord): void => {
    const durationMs = OWN_MS + (record.responseTimeMs ?? 0);
    iterations.set(record.iteration, (iterations.get(record.iteration) ?? 0) + durationMs);
    // Which of these names the collection is split by shows only when it is.
    for (const unit of new Set([...record.folders, record.name]))
      units.set(unit, (units.get(unit) ?? 0) + durationMs);
  };
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const events = await store.readEvents(last.run.id, {
      limit: PAGE_SIZE,
      ...(after === undefined ? {} : { after }),
    });
    for (const { event } of events)
      if (event.type === "task.requests" && nodes.has(event.node)) event.records.forEach(add);
    if (events.length < PAGE_SIZE) break;
    after = events.at(-1)?.id;
  }
  return { iterations, units };
}
