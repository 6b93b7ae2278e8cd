/** Live progress of a run: one line for every start, request and end, on standard error. */

import { formatDuration } from "../core/duration.js";
import type { RunEvent } from "../core/event.js";
import { recordFailed, type RequestRecord } from "../core/evidence.js";
import { durationOf, type Outcome } from "../core/outcome.js";
import { colourOf, type Palette } from "../reports/palette.js";
import { printable, printableLine } from "../reports/printable.js";
import { countOf, MARKS, wordOf } from "../reports/wording.js";
import type { Terminal } from "./terminal.js";

/** As much of a plan as progress shows. */
interface ShownPlan {
  readonly title: string;
  readonly nodes: readonly { readonly id: string; readonly title: string }[];
}

export interface Progress {
  begin(at: {
    readonly runId: string;
    readonly url: string;
    readonly lanes: number;
    readonly resumed: readonly string[];
  }): void;
  show(event: RunEvent): void;
}

export function createProgress(
  { progress, progressPalette: palette }: Pick<Terminal, "progress" | "progressPalette">,
  options: { readonly plan: ShownPlan; readonly quiet: boolean },
): Progress {
  const { plan, quiet } = options;
  const titles = new Map(plan.nodes.map(({ id, title }) => [id, title]));
  const width = Math.max(...plan.nodes.map(({ id }) => id.length));
  const line = (mark: string, id: string, text: string): void => {
    progress(`  ${mark} ${id.padEnd(width)}  ${text}`);
  };
  const show = (event: RunEvent): void => {
    switch (event.type) {
      case "run.accepted":
      case "run.ended":
        return;
      case "node.started":
        line(
          palette.cyan("▶"),
          event.node,
          `${printableLine(titles.get(event.node) ?? "")}${event.attempt > 1 ? ` (attempt ${String(event.attempt)})` : ""}`,
        );
        return;
      case "task.requests":
        for (const record of event.records) {
          if (!quiet || recordFailed(record)) line(" ", event.node, requestText(record, palette));
        }
        return;
      case "attempt.ended": {
        const { outcome, at, retryAt } = event;
        const again = `tried again in ${formatDuration(Math.max(0, retryAt - at))}`;
        const told = `attempt ${String(outcome.attempt)} ${outcomeText(outcome, palette)}; ${again}`;
        line(palette.yellow("↻"), outcome.node, told);
        return;
      }
      case "node.ended":
        line(
          palette[colourOf(event.outcome.status)](MARKS[event.outcome.status]),
          event.outcome.node,
          outcomeText(event.outcome, palette),
        );
        return;
      case "run.cancelling":
        progress(palette.yellow(`  cancelling, asked for by ${printableLine(event.by)}`));
        return;
    }
  };
  return {
    begin({ runId, url, lanes, resumed }) {
      progress(
        `${palette.bold(printableLine(plan.title))}  run ${runId}  ${String(lanes)} lanes  ${palette.dim(`queue ${url}/queues`)}`,
      );
      if (resumed.length > 0)
        progress(
          palette.dim(
            `  also going on with ${resumed.join(", ")}, left unfinished by an earlier process`,
          ),
        );
    },
    show,
  };
}

/** What a node came to, in one line without its name. */
export function outcomeText(outcome: Outcome, palette: Palette): string {
  const { requests, assertions, assertionsFailed } = outcome.counts;
  const parts = [palette[colourOf(outcome.status)](wordOf(outcome.status))];
  if (outcome.kind === "task" && outcome.startedAt !== null) {
    const failed = assertionsFailed === 0 ? "" : `, ${String(assertionsFailed)} failed`;
    parts.push(
      `${countOf(requests, "request")}, ${countOf(assertions, "assertion")}${failed}, ${formatDuration(durationOf(outcome))}`,
    );
  }
  if (outcome.reason !== null) parts.push(indented(outcome.reason));
  return parts.join("  ");
}

function requestText(record: RequestRecord, palette: Palette): string {
  const place = printableLine([...record.folders, record.name].join(" › "));
  const iteration = record.iteration === 0 ? "" : ` #${String(record.iteration + 1)}`;
  const answer = record.status === null ? palette.red("no response") : String(record.status);
  const time =
    record.responseTimeMs === null ? "" : palette.dim(` ${formatDuration(record.responseTimeMs)}`);
  const failures = [
    ...(record.requestError === null ? [] : [record.requestError]),
    ...record.scriptErrors.map(({ script, message }) => `${script} script: ${message}`),
    ...record.assertions.flatMap(({ name, outcome, message }) =>
      outcome === "failed" ? [`${name}: ${message ?? ""}`] : [],
    ),
  ];
  const passed = record.assertions.filter(({ outcome }) => outcome === "passed").length;
  const head = `${answer} ${printableLine(record.method)} ${place}${iteration}${time}${passed === 0 ? "" : palette.dim(` ${String(passed)} ok`)}`;
  return [head, ...failures.map((failure) => palette.red(`      ${indented(failure)}`))].join("\n");
}

/** What a script or a target says, never at the beginning of a line: there it could be a command to a CI server. */
function indented(text: string): string {
  return printable(text).replaceAll("\n", "\n      ");
}
