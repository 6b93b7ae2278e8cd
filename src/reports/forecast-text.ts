/** The forecast of a plan for a terminal, as lines. */

import { formatDuration } from "../core/duration.js";
import type { Forecast, PlanExplanation } from "../core/forecast.js";
import type { Palette } from "./palette.js";
import { printableLine } from "./printable.js";
import { countOf } from "./wording.js";

export function explanationLines(explanation: PlanExplanation, palette: Palette): string[] {
  const data = explanation.generatedData.map(({ task, from, columns, rows, cases, seed }) => {
    const what = cases === "valid" ? "row" : `${cases} case`;
    const origin = seed === null ? "the run's own seed" : `seed ${String(seed)}`;
    const told = `${task} gets ${countOf(rows, what)} from ${from}, ${origin}: ${columns.join(", ")}`;
    return `  ${printableLine(told)}`;
  });
  return [...forecastLines(explanation, palette), ...(data.length === 0 ? [] : ["", ...data])];
}

export function forecastLines(forecast: Forecast, palette: Palette): string[] {
  const { plan, phases, criticalPath, checkpoints, lanes } = forecast;
  return [
    palette.bold(printableLine(plan.title)),
    "",
    ...phases.map((ids, position) => `  phase ${String(position + 1)}  ${ids.join(", ")}`),
    "",
    ...taskLines(forecast, palette),
    "",
    `  critical path ${criticalPath.nodes.join(" -> ")}: ${formatDuration(criticalPath.durationMs)}`,
    ...checkpoints.map(
      ({ checkpoint, costMs }) =>
        `  ${checkpoint} costs ${formatDuration(costMs)} of wall time${costMs === 0 ? "" : palette.dim(" (against starting what is behind it as early as what is before it)")}`,
    ),
    "",
    ...lanes.map(
      ({ lanes: count, durationMs }) =>
        `  ${countOf(count, "lane").padEnd(10)}  ${formatDuration(durationMs)}`,
    ),
    palette.dim(`  more than ${countOf(lanes.length, "lane")} would not make it shorter`),
  ];
}

function taskLines({ tasks }: Forecast, palette: Palette): string[] {
  const width = Math.max(...tasks.map(({ id }) => id.length));
  return tasks.map(({ id, durationMs, samples }) => {
    const source =
      samples === 0
        ? "a guess from its number of requests"
        : samples === 1
          ? "as in the last run"
          : `middle of ${countOf(samples, "run")}`;
    return `  ${id.padEnd(width)}  ${formatDuration(durationMs).padStart(12)}  ${palette.dim(source)}`;
  });
}
