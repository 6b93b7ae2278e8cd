/** The timeline of a run as inline SVG: a bar for each task, a diamond and a line across for each checkpoint. */

import { formatDuration } from "../core/duration.js";
import { escapeHtml } from "./html-escape.js";
import type { NodeReport } from "./node-report.js";
import type { RunReport } from "./report.js";
import { wordOf } from "./wording.js";

const ROW_HEIGHT = 30;
const AXIS_HEIGHT = 24;
const BAR_HEIGHT = 16;
/** A bar that ends beyond this share of the width has its label inside, or before it where it is shorter than the second. */
const LABEL_TURN = 0.82;
const LABEL_INSIDE = 0.22;

interface Scale {
  readonly originAt: number;
  readonly lengthMs: number;
}

/** Positions are percentages and nothing is scaled, so that texts keep their size on any screen. */
export function renderTimeline(report: RunReport): string {
  const ends = report.tasks.flatMap(({ endedAt }) => (endedAt === null ? [] : Date.parse(endedAt)));
  if (report.startedAt === null || ends.length === 0) return "";
  const originAt = Date.parse(report.startedAt);
  const lastAt = ends.reduce((last, at) => Math.max(last, at), originAt);
  const scale = { originAt, lengthMs: Math.max(1, lastAt - originAt) };
  const height = AXIS_HEIGHT + report.tasks.length * ROW_HEIGHT;
  const names = report.tasks
    .map(({ id }) => `<li><a href="#${escapeHtml(id)}">${escapeHtml(id)}</a></li>`)
    .join("");
  const rows = report.tasks.map((node, row) =>
    renderRow(node, { scale, top: AXIS_HEIGHT + row * ROW_HEIGHT, height }),
  );
  const { mostAtOnce } = report.timing;
  const label = `Timeline of ${String(report.tasks.length)} nodes over ${formatDuration(scale.lengthMs)}, at most ${String(mostAtOnce)} tasks at once`;
  return `<section class="card"><h2>Timeline</h2><div class="timeline"><ol>${names}</ol>
<svg role="img" aria-label="${escapeHtml(label)}" width="100%" height="${String(height)}">${renderAxis(scale, height)}${rows.join("")}</svg></div></section>`;
}

function renderRow(
  node: NodeReport,
  at: { readonly scale: Scale; readonly top: number; readonly height: number },
): string {
  const middle = at.top + ROW_HEIGHT / 2;
  const textY = String(middle + 4);
  const title = `<title>${escapeHtml(`${node.id}: ${wordOf(node.status)}`)}</title>`;
  if (node.endedAt === null || (node.startedAt === null && node.status !== "timed_out")) {
    return `<text class="muted" x="0.5%" y="${textY}">${wordOf(node.status)}</text>`;
  }
  const end = shareOf(Date.parse(node.endedAt), at.scale);
  const start = node.startedAt === null ? end : shareOf(Date.parse(node.startedAt), at.scale);
  const bar = { start, end, middle };
  const shape =
    node.kind === "checkpoint" ? renderGate(bar, node, at.height) : renderBar(bar, node);
  return `<g class="bar ${node.status}">${title}${shape}</g>`;
}

interface Bar {
  /** Shares of the width. */
  readonly start: number;
  readonly end: number;
  readonly middle: number;
}

function renderBar({ start, end, middle }: Bar, node: NodeReport): string {
  const width = percent(end - start);
  const rect = `<rect x="${percent(start)}" y="${String(middle - BAR_HEIGHT / 2)}" width="${width}" height="${String(BAR_HEIGHT)}" rx="4" style="width:max(3px, ${width})"/>`;
  const text = formatDuration(node.durationMs ?? 0);
  const y = `y="${String(middle + 4)}"`;
  if (end <= LABEL_TURN) return `${rect}<text x="${percent(end)}" ${y} dx="6">${text}</text>`;
  return end - start >= LABEL_INSIDE
    ? `${rect}<text class="inside" x="${percent(end)}" ${y} dx="-7" text-anchor="end">${text}</text>`
    : `${rect}<text x="${percent(start)}" ${y} dx="-6" text-anchor="end">${text}</text>`;
}

/** The dashed line is the time evidence was gathered; what comes later starts right of the line across. */
function renderGate({ start, end, middle }: Bar, node: NodeReport, height: number): string {
  const x = percent(end);
  const y = String(middle);
  const label =
    end <= LABEL_TURN
      ? `<text x="${x}" y="${String(middle + 4)}" dx="12">${wordOf(node.status)}</text>`
      : `<text x="${x}" y="${String(middle - 6)}" dx="-10" text-anchor="end">${wordOf(node.status)}</text>`;
  return `<line class="wait" x1="${percent(start)}" x2="${x}" y1="${y}" y2="${y}"/><line class="gate" x1="${x}" x2="${x}" y1="${String(AXIS_HEIGHT)}" y2="${String(height)}"/><svg x="${x}" y="${y}" overflow="visible"><path d="M0-7 7 0 0 7-7 0Z"/></svg>${label}`;
}

function renderAxis(scale: Scale, height: number): string {
  const stepMs = niceStep(scale.lengthMs / 4);
  const ticks: string[] = [];
  for (let tickMs = 0; tickMs <= scale.lengthMs; tickMs += stepMs) {
    const share = tickMs / scale.lengthMs;
    const x = percent(share);
    const anchor =
      tickMs === 0 ? "" : share > 0.93 ? ' text-anchor="end"' : ' text-anchor="middle"';
    const text = tickMs === 0 ? "0" : formatDuration(tickMs);
    ticks.push(
      `<line class="tick" x1="${x}" x2="${x}" y1="${String(AXIS_HEIGHT - 4)}" y2="${String(height)}"/><text class="muted" x="${x}" y="14"${anchor}>${text}</text>`,
    );
  }
  return ticks.join("");
}

/** The next of 1, 2, 5, 10, 20, 50, … that is at least `leastMs`. */
function niceStep(leastMs: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, leastMs)));
  return (
    [1, 2, 5, 10].map((factor) => factor * power).find((stepMs) => stepMs >= leastMs) ?? 10 * power
  );
}

function shareOf(at: number, scale: Scale): number {
  return Math.min(1, Math.max(0, (at - scale.originAt) / scale.lengthMs));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
