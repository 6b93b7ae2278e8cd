/** Plain parts of the HTML report: failures, the speed-up table, the slowest requests. */

import { formatDuration } from "../core/duration.js";
import { placeOf, repeatOnce, type FailureReport } from "./failures.js";
import { escapeHtml } from "./html-escape.js";
import { printableLine } from "./printable.js";
import type { RunReport, SlowRequest } from "./report.js";
import { groupDigits, timingSentences } from "./wording.js";

/** The first stand open; with more than the second number the filter of the task list is the better way to them. */
const OPEN_FAILURES = 10;
const MAX_FAILURES = 100;

export function renderFailures(failures: readonly FailureReport[]): string {
  if (failures.length === 0) return "";
  const items = repeatOnce(failures.slice(0, MAX_FAILURES)).map(renderFailure);
  const closed = items.slice(OPEN_FAILURES);
  const left = failures.length - MAX_FAILURES;
  const hint =
    left > 0
      ? `<p class="muted">and ${groupDigits(left)} more; tick "only failed" in the list of tasks to see them.</p>`
      : "";
  const rest =
    closed.length === 0
      ? ""
      : `<details><summary>Show ${String(closed.length)} more</summary><ol>${closed.join("\n")}</ol>${hint}</details>`;
  return `<section class="card failures"><h2>Failures <span class="count">${groupDigits(failures.length)}</span></h2>
<ol>${items.slice(0, OPEN_FAILURES).join("\n")}</ol>${rest}</section>`;
}

function renderFailure(failure: FailureReport): string {
  const place = `<a class="place" href="#${escapeHtml(failure.task)}">${escapeHtml(printableLine(placeOf(failure)))}</a>`;
  const message = `<p class="message">${escapeHtml(failure.message)}</p>`;
  if (failure.kind === "outcome") return `<li>${place}${message}</li>`;
  const curl =
    failure.curl === null ? "" : `<pre class="curl"><code>${escapeHtml(failure.curl)}</code></pre>`;
  const name = escapeHtml(printableLine(failure.name));
  const what =
    failure.kind === "request"
      ? "no response"
      : failure.kind === "script"
        ? `error in the ${name}`
        : name;
  return `<li>${place}<p class="what">${what}</p>${message}${curl}</li>`;
}

/** Each task's duration and its share of the wall time, and what running them in parallel brought. */
export function renderSpeedUp(report: RunReport): string {
  const { tasks, wallMs, criticalPath } = report.timing;
  const sentences = timingSentences(report).map(
    (sentence) => `<li>${escapeHtml(sentence.replaceAll("->", "→"))}</li>`,
  );
  const onPath = new Set(criticalPath.nodes);
  const rows = tasks.map(({ task, offsetMs, durationMs }) => {
    const share = wallMs === 0 ? "-" : `${String(Math.round((durationMs / wallMs) * 100))}%`;
    const mark = onPath.has(task) ? '<span class="tag">critical path</span>' : "";
    return `<tr><th scope="row"><a href="#${escapeHtml(task)}">${escapeHtml(task)}</a></th><td class="number">+${formatDuration(offsetMs)}</td><td class="number">${formatDuration(durationMs)}</td><td class="number">${share}</td><td>${mark}</td></tr>`;
  });
  const table =
    rows.length === 0
      ? ""
      : `<div class="scroll"><table class="speed"><thead><tr><th>Task</th><th class="number">Start</th><th class="number">Duration</th><th class="number">Of wall time</th><th></th></tr></thead>
<tbody>${rows.join("\n")}</tbody>
<tfoot><tr><th scope="row">Sum of tasks</th><td></td><td class="number">${formatDuration(report.timing.sequentialMs)}</td><td></td><td></td></tr>
<tr><th scope="row">Wall time</th><td></td><td class="number">${formatDuration(wallMs)}</td><td></td><td></td></tr></tfoot></table></div>`;
  return `<section class="card"><h2>Speed-up</h2><ul class="sentences">${sentences.join("")}</ul>${table}</section>`;
}

export function renderSlowest(slowest: readonly SlowRequest[]): string {
  if (slowest.length === 0) return "";
  const rows = slowest.map((slow) => {
    const iteration =
      slow.iteration === 0 ? "" : ` <small>iteration ${String(slow.iteration + 1)}</small>`;
    const place = [slow.task, ...slow.folders].join(" › ");
    return `<tr><td class="number">${formatDuration(slow.responseTimeMs)}</td><td><code>${escapeHtml(slow.method)}</code> ${escapeHtml(printableLine(slow.request))}${iteration}<br><small>${escapeHtml(printableLine(place))}</small></td><td class="number">${slow.status === null ? "-" : String(slow.status)}</td></tr>`;
  });
  return `<section class="card"><h2>Slowest requests</h2><div class="scroll"><table><thead><tr><th class="number">Time</th><th>Request</th><th class="number">Status</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div></section>`;
}
