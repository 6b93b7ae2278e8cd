/** The report for a terminal, as lines. Colours come in as a palette, so that none appear where no terminal shows them. */

import { formatDuration } from "../core/duration.js";
import { placeOf, repeatOnce, type FailureReport } from "./failures.js";
import type { NodeReport } from "./node-report.js";
import { colourOf, type Palette } from "./palette.js";
import { printable, printableLine } from "./printable.js";
import type { RunReport } from "./report.js";
import {
  assertionsText,
  countOf,
  durationText,
  environmentText,
  MARKS,
  groupDigits,
  ledgerTexts,
  originTexts,
  requestsText,
  splitText,
  timingSentences,
  dataTexts,
  waitedTexts,
  waiverTexts,
  wordOf,
} from "./wording.js";

/** More than that would push the table off the screen; the other formats hold all of them. */
const MAX_FAILURES = 50;
const TIMELINE_WIDTH = 40;
const MAX_TITLE = 40;

/** The whole report: what failed, then the table of tasks, then the speed-up. The verdict stands at the top and in the last line. */
export function renderText(report: RunReport, palette: Palette): string[] {
  return [
    `${palette.bold(printableLine(report.plan.title))}  ${palette.dim(headText(report))}`,
    "",
    ...taskTable(report, palette),
    ...failureLines(report.failures, palette),
    "",
    ...speedUpLines(report, palette),
    "",
    verdictLine(report, palette),
  ];
}

function headText(report: RunReport): string {
  const facts = [`environment ${environmentText(report)}`, ...originTexts(report)];
  return `run ${report.runId}, ${printableLine(facts.join(", "))}`;
}

function verdictLine(report: RunReport, palette: Palette): string {
  const { counts, tasks, checkpoints } = report.totals;
  const colour = palette[colourOf(report.verdict ?? "running")];
  const reused = report.tasks.filter(({ reusedFrom }) => reusedFrom !== null).length;
  const facts = [
    `${String(tasks.passed)} of ${countOf(tasks.total, "task")} passed`,
    ...(checkpoints.total === 0
      ? []
      : [`${String(checkpoints.passed)} of ${countOf(checkpoints.total, "checkpoint")}`]),
    ...(reused === 0 ? [] : [`${String(reused)} of them reused from an earlier run`]),
    countOf(counts.requests, "request"),
    countOf(counts.assertions, "assertion"),
    countOf(report.failures.length, "failure"),
  ];
  return `${palette.bold(colour(wordOf(report.verdict).toUpperCase()))}  ${facts.join(", ")}`;
}

function taskTable(report: RunReport, palette: Palette): string[] {
  const head = ["task", "status", "requests", "assertions", "duration"];
  const rows = report.tasks.map((node) => [
    nodeName(node),
    `${MARKS[node.status]} ${wordOf(node.status)}`,
    requestsText(node),
    assertionsText(node),
    durationText(node),
  ]);
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? "")].map(widthOf)),
  );
  const align = (row: readonly string[]): string[] =>
    row.map((cell, column) => pad(cell, widths[column] ?? 0, column < 2));
  return [
    palette.dim(align(head).join("  ")),
    ...rows.flatMap((row, position) => {
      const node = report.tasks[position];
      const [name = "", status = "", ...figures] = align(row);
      const colour = palette[colourOf(node?.status ?? "waiting")];
      const remarks =
        node === undefined
          ? []
          : [
              node.reason ?? [],
              waitedTexts(node),
              waiverTexts(node),
              dataTexts(node),
              splitText(node) ?? [],
              ledgerTexts(node),
            ].flat();
      const below = remarks.map((remark) => `    ${palette.dim(printableLine(remark))}`);
      return [[name, colour(status), ...figures].join("  "), ...below];
    }),
  ];
}

/** One long title would push the figures of all tasks off the screen; the other formats have it whole. */
function nodeName(node: NodeReport): string {
  const title = printableLine(node.title);
  if (title === node.id) return node.id;
  const letters = [...title];
  const shown =
    letters.length > MAX_TITLE
      ? `${letters
          .slice(0, MAX_TITLE - 1)
          .join("")
          .trimEnd()}…`
      : title;
  return `${node.id} ${shown}`;
}

function failureLines(failures: readonly FailureReport[], palette: Palette): string[] {
  if (failures.length === 0) return [];
  const shown = repeatOnce(failures.slice(0, MAX_FAILURES)).flatMap((failure, position) => [
    "",
    `${String(position + 1).padStart(3)}) ${palette.bold(printableLine(placeOf(failure)))}`,
    ...(failure.kind === "outcome" || failure.kind === "request"
      ? []
      : [`     ${palette.red(printableLine(failure.name))}`]),
    ...indent(failure.message, 5),
    ...(failure.kind === "outcome" || failure.curl === null
      ? []
      : indent(failure.curl, 5).map(palette.dim)),
  ]);
  const more = failures.length - MAX_FAILURES;
  const rest =
    more > 0
      ? ["", `     and ${groupDigits(more)} more; the json and html reports hold all of them`]
      : [];
  return ["", palette.red(countOf(failures.length, "failure")), ...shown, ...rest];
}

function speedUpLines(report: RunReport, palette: Palette): string[] {
  const { tasks, wallMs } = report.timing;
  const nameWidth = Math.max(0, ...tasks.map(({ task }) => task.length));
  const columnOf = (timeMs: number): number =>
    wallMs === 0 ? 0 : Math.floor((timeMs / wallMs) * TIMELINE_WIDTH);
  const bars = tasks.map(({ task, offsetMs, durationMs }) => {
    const start = Math.min(columnOf(offsetMs), TIMELINE_WIDTH - 1);
    const length = Math.max(1, columnOf(offsetMs + durationMs) - start);
    const bar = `${"·".repeat(start)}${"█".repeat(length)}`.padEnd(TIMELINE_WIDTH, "·");
    return `  ${task.padEnd(nameWidth)}  ${palette.cyan(bar)}  ${formatDuration(durationMs).padStart(10)}`;
  });
  return [...bars, ...timingSentences(report).map((sentence) => `  ${sentence}`)];
}

function indent(text: string, width: number): string[] {
  return printable(text)
    .split("\n")
    .map((line) => `${" ".repeat(width)}${line}`);
}

function pad(text: string, width: number, left: boolean): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return left ? `${text}${space}` : `${space}${text}`;
}

/** In characters as people count them, not in UTF-16 units. */
function widthOf(text: string): number {
  return Array.from(text).length;
}
