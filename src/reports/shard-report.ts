/** A task that ran in shards, as a report shows it: one task with the requests of all, in the order of a run in one piece. */

import type { RequestRecord } from "../core/evidence.js";
import { provedNothing } from "../core/merge-shards.js";
import type { Split } from "../core/split.js";
import type { NodeReport, ShardReport, SplitReport } from "./node-report.js";

/** `shards` are the parts as if each were a task, in their order; `passed` says that the whole task has. */
export function splitReportOf(
  split: Split,
  shards: readonly Omit<NodeReport, "ledger">[],
  passed: boolean,
): SplitReport {
  return {
    by: split.by,
    reasons: split.by === "nothing" ? split.reasons : [],
    shards: shards.map((shard, part) => ({
      ...pick(shard),
      // A part without a request or an assertion of its own is no fault where the others prove something.
      ...(passed && shard.status === "errored" && provedNothing({ ...shard, status: "errored" })
        ? { status: "passed" as const, cause: null }
        : {}),
      part: describePart(split, part),
    })),
  };
}

function pick(shard: Omit<NodeReport, "ledger">): Omit<ShardReport, "part"> {
  const { id, status, cause, reason, attempt, prefix, startedAt, endedAt, durationMs, counts } =
    shard;
  return { id, status, cause, reason, attempt, prefix, startedAt, endedAt, durationMs, counts };
}

function describePart(split: Split, part: number): string {
  if (split.by === "nothing") return "";
  if (split.by === "folders") return (split.parts[part] ?? []).map(({ name }) => name).join(", ");
  const { from = 0, to = 0 } = split.parts[part] ?? {};
  return to - from === 1
    ? `iteration ${String(to)}`
    : `iterations ${String(from + 1)} to ${String(to)}`;
}

/** The records of all shards, in the order and with the numbers an unsharded run gives them. */
export function mergeRecords(
  split: Split,
  shards: readonly (readonly RequestRecord[])[],
): readonly RequestRecord[] {
  const placed = shards.flatMap((records, part) => {
    const positionOf = unitPositions(split, part);
    return records.map((record) => ({ record, position: positionOf(record) }));
  });
  return placed
    .sort(
      (left, right) =>
        left.record.iteration - right.record.iteration || left.position - right.position,
    )
    .map(({ record }, index) => ({ ...record, index }));
}

/** Where in the collection the folder or request stands that a record belongs to. */
function unitPositions(split: Split, part: number): (record: RequestRecord) => number {
  if (split.by !== "folders") return () => part;
  const units = split.parts[part] ?? [];
  return ({ folders, name }) => {
    const unit = folders[split.depth];
    const found = units.find((candidate) =>
      unit === undefined
        ? // What a script sent carries a remark behind the name.
          name === candidate.name || name.startsWith(`${candidate.name} (`)
        : candidate.name === unit,
    );
    return found?.position ?? units[0]?.position ?? 0;
  };
}
