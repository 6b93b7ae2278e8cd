/** What a task created on its target, as a report shows it: folded from the records of all its attempts and of its clean-up. */

import { cleansUp, cleanupIdOf } from "../core/cleanup.js";
import type { RunEvent } from "../core/event.js";
import type { RequestRecord } from "../core/evidence.js";
import { entriesOf, foldLedger, unclearRequests } from "../core/ledger.js";
import type { Outcome } from "../core/outcome.js";
import type { TaskNode } from "../core/plan.js";
import { shardIds } from "../core/shards.js";
import type { LedgerReport } from "./node-report.js";

export function ledgerReportOf(
  node: TaskNode,
  seen: {
    readonly events: readonly RunEvent[];
    readonly outcomes: ReadonlyMap<string, Outcome>;
  },
): LedgerReport | null {
  const own = entriesOf(seen.events, new Set([node.id, ...shardIds(node)]));
  const cleanup = cleanupIdOf(node.id);
  const { created, deleted } = foldLedger(own);
  const whole = foldLedger([...own, ...entriesOf(seen.events, new Set([cleanup]))]);
  const unclear = unclearRequests(whole);
  const outcome = seen.outcomes.get(cleanup);
  const isClean = outcome === undefined || outcome.status === "passed";
  if (created === 0 && unclear.length === 0 && isClean) return null;
  return {
    created,
    deleted,
    cleanedUp: whole.deleted - deleted,
    left: whole.left.map(({ url, rule }) => ({ url, rule })),
    unclear,
    cleanup:
      outcome === undefined
        ? null
        : {
            does: cleansUp(node) ? "delete" : "look",
            status: outcome.status,
            reason: outcome.reason,
          },
  };
}

/** The seal is for the clean-up of the run alone. */
export function withoutSeal(record: RequestRecord): RequestRecord {
  if (record.ledger?.sealed === undefined) return record;
  const { sealed: _sealed, ...entry } = record.ledger;
  return { ...record, ledger: entry };
}
