/** The HTML report: one file without any outside reference, readable without its script, and usable at thousands of requests. */

import { formatDuration } from "../core/duration.js";
import { escapeHtml } from "./html-escape.js";
import { REPORT_SCRIPT, REPORT_SCRIPT_HASH } from "./html-script.js";
import { renderFailures, renderSlowest, renderSpeedUp } from "./html-sections.js";
import { REPORT_STYLE } from "./html-style.js";
import { renderTasks } from "./html-tasks.js";
import { renderTimeline } from "./html-timeline.js";
import { printableLine } from "./printable.js";
import type { RunReport } from "./report.js";
import {
  countOf,
  environmentText,
  originTexts,
  groupDigits,
  speedUpText,
  wordOf,
} from "./wording.js";

/**
 * No request leaves the page and no script but its own runs, even if a text slipped through unescaped. A server that shows
 * the page may add to this.
 */
export const REPORT_PAGE_POLICY = `default-src 'none'; style-src 'unsafe-inline'; script-src '${REPORT_SCRIPT_HASH}'; base-uri 'none'; form-action 'none'`;

/** Verdict, failures, timeline and tables are plain HTML; the rows of a task's requests are rendered when it is opened. */
export function renderHtml(report: RunReport): string {
  const title = `${printableLine(report.plan.title)}: ${wordOf(report.verdict)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${REPORT_PAGE_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Turnpike">
<title>${escapeHtml(title)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
${renderHeader(report)}
${renderFigures(report)}
${renderFailures(report.failures)}
${renderTimeline(report)}
${renderSpeedUp(report)}
${renderTasks(report)}
${renderSlowest(report.slowest)}
<footer>Written by Turnpike. Times are UTC; iterations count from 1.</footer>
</main>
<script>${REPORT_SCRIPT}</script>
</body>
</html>
`;
}

function renderHeader(report: RunReport): string {
  const facts: readonly (readonly [string, string])[] = [
    ["Run", report.runId],
    ["Plan", report.plan.name],
    ["Environment", environmentText(report)],
    ["Trigger", report.trigger],
    ...(originTexts(report).length === 0 ? [] : [["Of", originTexts(report).join(", ")] as const]),
    ["Started", dateText(report.startedAt ?? report.createdAt)],
    ["Ended", report.endedAt === null ? "still running" : dateText(report.endedAt)],
    ...(report.cancellation === null ? [] : [["Cancelled by", report.cancellation.by] as const]),
  ];
  const list = facts
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`)
    .join("");
  return `<header class="verdict ${report.verdict ?? "running"}">
<p class="word">${wordOf(report.verdict)}</p>
<h1>${escapeHtml(printableLine(report.plan.title))}</h1>
<dl>${list}</dl>
</header>`;
}

function renderFigures(report: RunReport): string {
  const { counts, tasks, checkpoints } = report.totals;
  const { timing } = report;
  const figures: readonly (readonly [string, string, string])[] = [
    ["Tasks passed", `${String(tasks.passed)}/${String(tasks.total)}`, notPassedText(tasks)],
    ...(checkpoints.total === 0
      ? []
      : [
          [
            "Checkpoints passed",
            `${String(checkpoints.passed)}/${String(checkpoints.total)}`,
            notPassedText(checkpoints),
          ] as const,
        ]),
    ["Requests", groupDigits(counts.requests), countOf(counts.iterations, "iteration")],
    ["Assertions", groupDigits(counts.assertions), failedText(counts.assertionsFailed)],
    [
      "Wall time",
      timing.tasks.length === 0 ? "-" : formatDuration(timing.wallMs),
      `sum of tasks ${formatDuration(timing.sequentialMs)}`,
    ],
    ["Speed-up", speedUpText(report), `at most ${countOf(timing.mostAtOnce, "task")} at once`],
  ];
  const cards = figures.map(
    ([name, value, detail]) =>
      `<div class="figure"><span>${name}</span><strong>${value}</strong><small>${detail}</small></div>`,
  );
  return `<section class="figures" aria-label="Totals">${cards.join("")}</section>`;
}

function notPassedText(of: RunReport["totals"]["tasks"]): string {
  const parts = (
    ["failed", "errored", "timed_out", "cancelled", "skipped", "running", "waiting"] as const
  )
    .filter((status) => of[status] > 0)
    .map((status) => `${String(of[status])} ${wordOf(status)}`);
  return parts.length === 0 ? "all of them" : parts.join(", ");
}

function failedText(failed: number): string {
  return failed === 0 ? "none failed" : `${groupDigits(failed)} failed`;
}

function dateText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}
