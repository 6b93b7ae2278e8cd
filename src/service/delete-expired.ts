/** The pass that deletes runs which have served their time, and the files that only they used. */

import type { RunStatus } from "../core/run.js";
import { cursorOf } from "../core/run-query.js";
import { expiredRuns, type KeptRun, type RetentionRule } from "../core/retention.js";
import type { Dependencies } from "./dependencies.js";
import { deleteOutputs } from "./outputs.js";

const PAGE_SIZE = 200;
/** By how much the clocks of services may differ. */
const CLOCK_SKEW_MS = 300_000;

type RetentionDependencies = Pick<Dependencies, "store" | "blobs" | "clock" | "namespace" | "log">;

/**
 * Deletes what is expired and answers how much that was. Repeating is harmless, also when several services do it at once.
 * A run that is accepted meanwhile may share a file: a submission stores its files once more after its run stands, and
 * this pass, after deleting, looks again and puts back what a new run needs; one of the two always sees the other.
 */
export async function deleteExpired(
  deps: RetentionDependencies,
  rule: RetentionRule,
): Promise<{ readonly runs: number; readonly files: number }> {
  const history = await wholeHistory(deps);
  const own = history.filter(({ namespace }) => namespace === deps.namespace);
  const expired = new Set(expiredRuns(own, rule, deps.clock.now()));
  const gone = own.filter(({ id }) => expired.has(id));
  if (gone.length === 0) return { runs: 0, files: 0 };
  for (const { id, exports } of gone) {
    // Whoever asked for them may have died before it took them.
    if (exports) await deleteOutputs(deps.blobs, (await deps.store.outcomes(id)).values());
    await deps.store.deleteRun(id);
  }
  const unused = new Set(gone.flatMap(({ hashes }) => hashes));
  // Other namespaces may keep their files in the same place.
  for (const { hashes } of await wholeHistory(deps)) for (const hash of hashes) unused.delete(hash);
  let files = 0;
  for (const hash of unused) {
    const bytes = await deps.blobs.get(hash).catch(() => null);
    if (bytes === null) continue;
    await deps.blobs.delete(hash);
    if (await isUsedSince(deps, (history[0]?.createdAt ?? 0) - CLOCK_SKEW_MS, hash))
      await deps.blobs.put(bytes);
    else files += 1;
  }
  deps.log.info({ runs: gone.length, files }, "deleted runs that have served their time");
  return { runs: gone.length, files };
}

interface HistoryEntry extends KeptRun {
  readonly namespace: string;
  readonly createdAt: number;
  readonly hashes: readonly string[];
  /** Whether it may have left exports behind. */
  readonly exports: boolean;
}

/** Every run there is, newest first, without the bulk of it. */
async function wholeHistory({
  store,
}: Pick<RetentionDependencies, "store">): Promise<HistoryEntry[]> {
  const runs: HistoryEntry[] = [];
  for (let before: string | undefined; ;) {
    const page = await store.listRuns({
      limit: PAGE_SIZE,
      ...(before === undefined ? {} : { before }),
    });
    runs.push(...page.map(entryOf));
    const last = page.at(-1);
    if (page.length < PAGE_SIZE || last === undefined) return runs;
    before = cursorOf(last.run);
  }
}

/** Whether a run that was accepted since the pass began uses a file. */
async function isUsedSince(
  { store }: Pick<RetentionDependencies, "store">,
  since: number,
  hash: string,
): Promise<boolean> {
  const lately = await store.listRuns({ limit: PAGE_SIZE, since });
  return lately.map(entryOf).some(({ hashes }) => hashes.includes(hash));
}

function entryOf({ run, end }: RunStatus): HistoryEntry {
  const { id, plan, namespace, createdAt, files, uploads } = run;
  const hashes = [...Object.values(files), ...Object.values(uploads)];
  const exports = plan.nodes.some((node) => node.kind === "task" && node.exports !== undefined);
  return { id, plan: plan.name, end, namespace, createdAt, hashes, exports };
}
