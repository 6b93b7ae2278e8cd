/** A short report in Markdown, for the summary of a CI step. */

import { placeOf, repeatOnce, type FailureReport } from "./failures.js";
import type { NodeReport, NodeStatus } from "./node-report.js";
import { printable, printableLine } from "./printable.js";
import type { RunReport } from "./report.js";
import {
  assertionsText,
  countOf,
  durationText,
  environmentText,
  originTexts,
  groupDigits,
  ledgerTexts,
  requestsText,
  timingSentences,
  dataTexts,
  waiverTexts,
  wordOf,
} from "./wording.js";

const MAX_FAILURES = 20;
/** A step summary has a limit of 1 MiB for everything a job writes into it. */
const MAX_BLOCK_LENGTH = 2000;

export function renderMarkdown(report: RunReport): string {
  const { counts, tasks } = report.totals;
  const facts = [
    `${String(tasks.passed)} of ${countOf(tasks.total, "task")} passed`,
    countOf(counts.requests, "request"),
    countOf(counts.assertions, "assertion"),
    countOf(report.failures.length, "failure"),
  ];
  return [
    `## ${MARKS[report.verdict ?? "running"]} ${escape(report.plan.title)}: ${wordOf(report.verdict)}`,
    "",
    `${facts.join(", ")}. Run \`${report.runId}\`, environment ${escape([environmentText(report), ...originTexts(report)].join(", "))}.`,
    "",
    "| Task | Status | Requests | Assertions | Duration |",
    "| --- | --- | ---: | ---: | ---: |",
    ...report.tasks.map(taskRow),
    "",
    ...failureLines(report.failures),
    "### Speed-up",
    "",
    ...timingSentences(report).map((sentence) => `- ${escape(sentence)}`),
    "",
  ].join("\n");
}

function taskRow(node: NodeReport): string {
  const name = node.title === node.id ? `**${node.id}**` : `**${node.id}** ${escape(node.title)}`;
  const remarks = [node.reason ?? [], waiverTexts(node), dataTexts(node), ledgerTexts(node)].flat();
  const cells = [
    name,
    `${MARKS[node.status]} ${[wordOf(node.status), ...remarks.map(escape)].join("<br>")}`,
    requestsText(node),
    assertionsText(node),
    durationText(node),
  ];
  return `| ${cells.join(" | ")} |`;
}

function failureLines(failures: readonly FailureReport[]): string[] {
  if (failures.length === 0) return [];
  const more = failures.length - MAX_FAILURES;
  return [
    "### Failures",
    "",
    ...repeatOnce(failures.slice(0, MAX_FAILURES)).flatMap((failure) => [
      `- **${escape(placeOf(failure))}**${failure.kind === "outcome" || failure.kind === "request" ? "" : `: ${escape(failure.name)}`}`,
      "",
      ...block(
        failure.kind === "outcome" || failure.curl === null
          ? failure.message
          : `${failure.message}\n\n${failure.curl}`,
      ),
      "",
    ]),
    ...(more > 0 ? [`And ${groupDigits(more)} more; the HTML report holds all of them.`, ""] : []),
  ];
}

/** A code block inside a list item, with a fence longer than any run of backticks in it. */
function block(text: string): string[] {
  const whole = printable(text);
  const shown = whole.length <= MAX_BLOCK_LENGTH ? whole : `${whole.slice(0, MAX_BLOCK_LENGTH)}…`;
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return [`${fence}text`, ...shown.split("\n"), fence].map((line) => `  ${line}`);
}

/** One line in which nothing is markup, in a table cell too. */
function escape(text: string): string {
  return printableLine(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|~#@!]/g, (mark) => `\\${mark}`);
}

const MARKS: Readonly<Record<NodeStatus, string>> = {
  passed: "✅",
  failed: "❌",
  errored: "❌",
  timed_out: "⏱️",
  cancelled: "🚫",
  skipped: "⏭️",
  running: "⏳",
  waiting: "⏳",
};
