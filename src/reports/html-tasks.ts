/** The list of tasks in the HTML report: what each came to in plain HTML, its requests as data the script renders on opening. */

import { recordFailed, type RequestRecord } from "../core/evidence.js";
import { escapeHtml, jsonForScript } from "./html-escape.js";
import type { NodeReport } from "./node-report.js";
import { printableLine } from "./printable.js";
import type { RunReport } from "./report.js";
import {
  assertionsText,
  countOf,
  durationText,
  ledgerTexts,
  requestsText,
  splitText,
  dataTexts,
  waitedTexts,
  waiverTexts,
  wordOf,
} from "./wording.js";

export function renderTasks(report: RunReport): string {
  return `<section class="card tasks"><h2>Tasks</h2>
<form class="filter" id="filter" hidden><input type="search" id="filter-text" placeholder="Filter requests by name, folder, URL, status or assertion" aria-label="Filter requests" autocomplete="off"><label><input type="checkbox" id="filter-failed"> only failed</label><output id="filter-count"></output></form>
${report.tasks.map(renderTask).join("\n")}</section>`;
}

function renderTask(node: NodeReport): string {
  const id = escapeHtml(node.id);
  const title =
    node.title === node.id ? "" : ` <span>${escapeHtml(printableLine(node.title))}</span>`;
  const figures =
    node.kind === "checkpoint"
      ? `<span>verifies ${countOf(node.needs.length, "need")}</span>`
      : node.attempt === 0
        ? ""
        : `<span>${requestsText(node)} requests</span><span>${assertionsText(node)} assertions</span><span>${durationText(node)}</span>`;
  return `<details class="task" id="${id}">
<summary><span class="pill ${node.status}">${wordOf(node.status)}</span><span class="name"><b>${id}</b>${title}</span><span class="facts">${figures}</span></summary>
<div class="inside">${renderFacts(node)}${renderRequests(node)}</div>
</details>`;
}

function renderFacts(node: NodeReport): string {
  const reason = node.reason === null ? "" : `<p class="message">${escapeHtml(node.reason)}</p>`;
  const facts: readonly (readonly [string, string])[] = [
    ["Needs", node.needs.length === 0 ? "nothing" : node.needs.join(", ")],
    ...(node.attempt === 0 ? [] : [["Attempt", String(node.attempt)] as const]),
    ...(node.prefix === null ? [] : [["Test-data prefix", node.prefix] as const]),
    ...(node.counts.iterations > 1
      ? [["Iterations", String(node.counts.iterations)] as const]
      : []),
    ...waitedTexts(node).map((text) => ["Waited", text.replace(/^waited /, "")] as const),
    ...splitFacts(node),
    ...ledgerTexts(node).map((text) => ["Test data", text] as const),
    ...waiverTexts(node).map((waiver) => ["Accepts", waiver] as const),
    ...dataTexts(node).map((data) => ["Data", data.replace(/^data: /, "")] as const),
  ];
  const list = facts
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`)
    .join("");
  return `${reason}<dl>${list}</dl>`;
}

function splitFacts(node: NodeReport): (readonly [string, string])[] {
  const text = splitText(node);
  if (text === null) return [];
  const shards = (node.split?.shards ?? []).map(
    ({ id, part, prefix, status }) =>
      [
        `Shard ${id}`,
        `${part}: ${wordOf(status)}${prefix === null ? "" : `, prefix ${prefix}`}`,
      ] as const,
  );
  return [["Shards", text] as const, ...shards];
}

function renderRequests(node: NodeReport): string {
  if (node.requests.length === 0) return "";
  const rows = jsonForScript(node.requests.map(rowOf));
  return `<div class="requests"></div><noscript><p class="muted">The list of requests needs JavaScript; the JSON report holds the same.</p></noscript>
<script type="application/json" class="rows">${rows}</script>`;
}

/** What the script in html-script.ts reads; change the two together. */
function rowOf(record: RequestRecord): object {
  const {
    iteration,
    folders,
    name,
    method,
    url,
    status,
    requestError,
    responseTimeMs,
    responseSizeBytes,
  } = record;
  return {
    iteration,
    folders,
    name,
    method,
    url,
    status,
    requestError,
    responseTimeMs,
    responseSizeBytes,
    failed: recordFailed(record),
    assertions: record.assertions.map((assertion) => [
      assertion.name,
      assertion.outcome,
      assertion.message,
    ]),
    scriptErrors: record.scriptErrors.map(
      ({ script, name: error, message }) => `${script} script, ${error}: ${message}`,
    ),
    console: record.console.map(({ level, text }) => `${level}: ${text}`),
    exchange: record.exchange,
  };
}
