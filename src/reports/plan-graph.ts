/** A plan as a picture: Mermaid for documents, and SVG for everything else. */

import { depths } from "../core/graph.js";
import type { Plan, PlanNode } from "../core/plan.js";
import { escapeHtml } from "./html-escape.js";
import { printableLine } from "./printable.js";

const BOX = { width: 190, height: 44 };
const GAP = { x: 70, y: 22 };
const MARGIN = 20;
const MAX_LABEL_LENGTH = 26;

/** A flowchart from left to right; checkpoints are hexagons. */
export function planAsMermaid({ nodes }: Plan): string {
  // Ids may hold characters Mermaid gives a meaning to, so nodes are numbered.
  const numbers = new Map(nodes.map(({ id }, position) => [id, `n${String(position)}`]));
  const boxes = nodes.map((node) => {
    const label = labelOf(node).map(mermaidText).join("<br/>");
    const number = numbers.get(node.id) ?? "";
    return node.kind === "checkpoint" ? `  ${number}{{"${label}"}}` : `  ${number}["${label}"]`;
  });
  const arrows = nodes.flatMap((node) =>
    node.needs.map((need) => `  ${numbers.get(need) ?? ""} --> ${numbers.get(node.id) ?? ""}`),
  );
  return `${["flowchart LR", ...boxes, ...arrows].join("\n")}\n`;
}

/** One column for each phase. The colours follow the reader's light or dark scheme. */
export function planAsSvg(plan: Plan): string {
  const places = placesOf(plan);
  const all = [...places.values()];
  const width = Math.max(...all.map(({ x }) => x)) + BOX.width + MARGIN;
  const height = Math.max(...all.map(({ y }) => y)) + BOX.height + MARGIN;
  const arrows = plan.nodes.flatMap((node) =>
    node.needs.map((need) => arrow(places.get(need), places.get(node.id))),
  );
  const boxes = plan.nodes.map((node) => box(node, places.get(node.id)));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}" width="${String(width)}" height="${String(height)}" role="img" aria-label="${escapeHtml(plan.title)}">`,
    STYLE,
    `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>`,
    ...arrows,
    ...boxes,
    "</svg>",
  ].join("\n")}\n`;
}

const STYLE = `<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}.sub{font-size:11px;fill:#59636e}
.task{fill:#f6f8fa;stroke:#8c959f}.checkpoint{fill:#ddf4ff;stroke:#0969da}
.edge{fill:none;stroke:#8c959f}.tip{fill:#8c959f}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.sub{fill:#9198a1}.task{fill:#151b23;stroke:#656c76}.checkpoint{fill:#0c2d6b;stroke:#4493f8}}
</style>`;

interface Place {
  readonly x: number;
  readonly y: number;
}

function placesOf({ nodes }: Plan): ReadonlyMap<string, Place> {
  const depthOf = depths(new Map(nodes.map(({ id, needs }) => [id, needs])));
  const filled = new Map<number, number>();
  return new Map(
    nodes.map(({ id }) => {
      const column = depthOf.get(id) ?? 0;
      const row = filled.get(column) ?? 0;
      filled.set(column, row + 1);
      return [
        id,
        {
          x: MARGIN + column * (BOX.width + GAP.x),
          y: MARGIN + row * (BOX.height + GAP.y),
        },
      ];
    }),
  );
}

function box(node: PlanNode, place: Place | undefined): string {
  if (place === undefined) return "";
  const [name = "", title] = labelOf(node).map(cut);
  const radius = node.kind === "checkpoint" ? BOX.height / 2 : 6;
  const middle = place.x + BOX.width / 2;
  const line = (text: string, y: number, kind: string): string =>
    `<text${kind} x="${String(middle)}" y="${String(y)}" text-anchor="middle">${escapeHtml(text)}</text>`;
  return [
    `<rect class="${node.kind}" x="${String(place.x)}" y="${String(place.y)}" width="${String(BOX.width)}" height="${String(BOX.height)}" rx="${String(radius)}"/>`,
    line(name, place.y + (title === undefined ? 27 : 19), ""),
    ...(title === undefined ? [] : [line(title, place.y + 35, ' class="sub"')]),
  ].join("");
}

function arrow(from: Place | undefined, to: Place | undefined): string {
  if (from === undefined || to === undefined) return "";
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  const bend = (x1 + x2) / 2;
  return `<path class="edge" marker-end="url(#tip)" d="M${String(x1)} ${String(y1)}C${String(bend)} ${String(y1)} ${String(bend)} ${String(y2)} ${String(x2)} ${String(y2)}"/>`;
}

/** The id, and the title where it says more. */
function labelOf({ id, title }: PlanNode): readonly string[] {
  return title === id ? [id] : [id, printableLine(title)];
}

function cut(text: string): string {
  return text.length <= MAX_LABEL_LENGTH ? text : `${text.slice(0, MAX_LABEL_LENGTH - 1)}…`;
}

function mermaidText(text: string): string {
  return text
    .replaceAll("#", "#35;")
    .replaceAll('"', "#quot;")
    .replaceAll("<", "#lt;")
    .replaceAll(">", "#gt;");
}
