/** Words and figures that every report for people writes in the same way. */

import { formatDuration } from "../core/duration.js";
import { unclearText } from "../core/ledger.js";
import type { Verdict } from "../core/run.js";
import type { LedgerReport, NodeReport, NodeStatus, Waiver } from "./node-report.js";
import type { RunReport } from "./report.js";

/** `timed out`, `passed`; a run without a verdict is `running`. */
export function wordOf(status: NodeStatus | Verdict | null): string {
  return status === null ? "running" : status.replaceAll("_", " ");
}

/** One character for each state, for lists in a terminal. */
export const MARKS: Readonly<Record<NodeStatus, string>> = {
  passed: "✓",
  failed: "✗",
  errored: "✗",
  timed_out: "✗",
  cancelled: "-",
  skipped: "-",
  running: "…",
  waiting: "…",
};

/** `1 request`, `1,204 requests`. */
export function countOf(count: number, noun: string): string {
  return `${groupDigits(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** `12,040`, whatever the locale of the machine. */
export function groupDigits(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Passed of all where some failed, else the number alone. */
function ratioOf(total: number, failed: number): string {
  return failed === 0 ? groupDigits(total) : `${groupDigits(total - failed)}/${groupDigits(total)}`;
}

/** A duration, or a dash for what has none. A checkpoint only waits, so its time is nobody's work. */
export function durationText(node: Pick<NodeReport, "kind" | "durationMs">): string {
  return node.durationMs === null || node.kind === "checkpoint"
    ? "-"
    : formatDuration(node.durationMs);
}

/** Requests that got a response, of all; a dash for what never sent any. */
export function requestsText(node: NodeReport): string {
  return node.kind === "checkpoint" || node.attempt === 0
    ? "-"
    : ratioOf(node.counts.requests, node.counts.requestsFailed);
}

/** Assertions that did not fail, of all; a dash for what never made any. */
export function assertionsText(node: NodeReport): string {
  return node.kind === "checkpoint" || node.attempt === 0
    ? "-"
    : ratioOf(node.counts.assertions, node.counts.assertionsFailed);
}

/** `allowEmpty: may send or prove nothing`, one for each rule of evidence the plan gives up. */
export function waiverTexts({ waivers }: Pick<NodeReport, "waivers">): string[] {
  return waivers.map((waiver) => WAIVERS[waiver]);
}

/** Less than this is nothing to look at. */
const TELLING_WAIT_MS = 1000;

/** `waited 12 s: 11 s for lock database, 1 s for a lane`, where it is long enough to be told. */
export function waitedTexts({ waited }: Pick<NodeReport, "waited">): string[] {
  const wholeMs = waited.reduce((sum, { durationMs }) => sum + durationMs, 0);
  if (wholeMs < TELLING_WAIT_MS) return [];
  const parts = waited.map(
    ({ reason, durationMs }) => `${formatDuration(durationMs)} for ${reason}`,
  );
  return parts.length === 1
    ? [`waited ${parts.join("")}`]
    : [`waited ${formatDuration(wholeMs)}: ${parts.join(", ")}`];
}

/** Where the iteration data came from, for people who want it again. */
export function dataTexts({ generatedData }: Pick<NodeReport, "generatedData">): string[] {
  if (generatedData === null) return [];
  const { rows, cases, seed } = generatedData;
  const what = cases === "valid" ? "rows" : `${cases} cases`;
  return [`data: ${String(rows)} ${what}, generated from seed ${String(seed)}`];
}

const WAIVERS: Readonly<Record<Waiver, string>> = {
  allowEmpty: "allowEmpty: may send or prove nothing",
  allowUnresolved: "allowUnresolved: may send variables that nothing gave a value",
  refusedFiles: "refusedFiles: may go on without a file from outside its folder",
};

export function environmentText(report: Pick<RunReport, "environment">): string {
  return report.environment.length === 0 ? "none" : report.environment.join(" + ");
}

/** What a run repeats, and what was tested, as the caller said it: `branch main`, `commit 3f2a`, `team=api`; empty where nobody did. */
export function originTexts({
  branch,
  commit,
  labels,
  rerunOf,
}: Pick<RunReport, "branch" | "commit" | "labels" | "rerunOf">): string[] {
  return [
    ...(rerunOf === null ? [] : [`rerun of ${rerunOf}`]),
    ...(branch === null ? [] : [`branch ${branch}`]),
    ...(commit === null ? [] : [`commit ${commit}`]),
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  ];
}

/** `2.4x`; a dash when nothing took any time. */
export function speedUpText({ timing }: Pick<RunReport, "timing">): string {
  return timing.speedUp === null ? "-" : `${timing.speedUp.toFixed(1)}x`;
}

/** What running in parallel brought, as sentences that need no table. */
export function timingSentences({ timing }: Pick<RunReport, "timing">): string[] {
  const { sequentialMs, wallMs, criticalPath, closeness, mostAtOnce, atOnce } = timing;
  if (timing.tasks.length === 0) return ["No task was executed, so there is nothing to measure."];
  const path = `critical path ${criticalPath.nodes.join(" -> ")}: ${formatDuration(criticalPath.durationMs)}`;
  const share =
    closeness === null ? "" : `, ${String(Math.round(closeness * 100))}% of the wall time`;
  const names = mostAtOnce > 1 ? ` (${atOnce.join(", ")})` : "";
  return [
    `sum of tasks ${formatDuration(sequentialMs)}, wall time ${formatDuration(wallMs)}, speed-up ${speedUpText({ timing })}`,
    `${path}${share}; no number of lanes makes it shorter`,
    `at most ${countOf(mostAtOnce, "task")} at once${names}`,
  ];
}

/** How a task that asked for shards was run, in one line; null for any other node. */
export function splitText({ split }: NodeReport): string | null {
  if (split === null) return null;
  if (split.by === "nothing") return `not in shards: ${split.reasons.join("; ")}`;
  const durations = split.shards.map(({ durationMs }) =>
    durationMs === null ? "-" : formatDuration(durationMs),
  );
  return `${String(split.shards.length)} shards by ${split.by}: ${durations.join(", ")}`;
}

const MAX_NAMED = 3;

/** `created 12, deleted 10, left 2: URL, URL`; nothing for a task that created nothing. What is unclear matters where somebody cleans up. */
export function ledgerTexts({ ledger }: { readonly ledger: LedgerReport | null }): string[] {
  if (ledger === null) return [];
  const { created, deleted, cleanedUp, left, unclear, cleanup } = ledger;
  const named = left.slice(0, MAX_NAMED).map(({ url }) => url);
  const more = left.length - named.length;
  const names = [...named, ...(more > 0 ? [`and ${groupDigits(more)} more`] : [])].join(", ");
  const parts = [
    `created ${groupDigits(created)}`,
    `deleted ${groupDigits(deleted)}`,
    ...(cleanedUp > 0 ? [`cleaned up ${groupDigits(cleanedUp)}`] : []),
    `left ${groupDigits(left.length)}`,
  ];
  const failed =
    cleanup === null || cleanup.status === "passed"
      ? []
      : [
          `${cleanup.does === "delete" ? "clean-up" : "test data"}: ${cleanup.reason ?? cleanup.status}`,
        ];
  const known = created === 0 ? [] : [`${parts.join(", ")}${names === "" ? "" : `: ${names}`}`];
  const open = cleanup === null || unclear.length === 0 ? [] : [unclearText(unclear)];
  return [...known, ...open, ...failed];
}
