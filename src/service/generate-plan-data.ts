/** Iteration data that a plan asks to be generated: made when a run is accepted and frozen with it, and foreseen before. */

import type { DataRequest } from "../collections/data-request.js";
import { generateData, type GeneratedData } from "../collections/generate-data.js";
import { inTask, readPlanData } from "../collections/plan-data.js";
import { refuse, TurnpikeError, type Problem } from "../core/errors.js";
import { generatedDataPath, type DataToGenerate } from "../core/generated-data.js";
import { isJsonObject } from "../core/json-object.js";
import type { PlanNode } from "../core/plan.js";
import type { PlanExplanation } from "../core/forecast.js";
import type { PlanFolder } from "../core/ports.js";

/** The plan with a file of rows in place of each `generate`. `seed` is that of the run. Throws INVALID_PLAN. */
export function generatePlanData(folder: PlanFolder, seed: string): PlanFolder {
  const files = new Map(folder.files);
  const problems: Problem[] = [];
  const nodes = folder.plan.nodes.map((node): PlanNode => {
    if (node.kind !== "task" || node.generate === undefined) return node;
    const { generate, ...task } = node;
    // A matrix over files gives each of its tasks a file of its own.
    if (task.data !== undefined) return task;
    try {
      const { made, cases } = makeRows(generate, { files, seed });
      const data = generatedDataPath(node.id);
      files.set(data, new TextEncoder().encode(made.text));
      return { ...task, data, generated: { seed: made.seed, rows: made.count, cases } };
    } catch (error) {
      if (!(error instanceof TurnpikeError)) throw error;
      problems.push(...error.problems.map((problem) => inTask(node.id, problem)));
      return task;
    }
  });
  refuse("INVALID_PLAN", "the plan", problems);
  return { ...folder, plan: { ...folder.plan, nodes }, files };
}

/** What a run of this plan would have generated. Throws INVALID_PLAN for what cannot be made. */
export function foreseePlanData({ plan, files }: PlanFolder): PlanExplanation["generatedData"] {
  const problems: Problem[] = [];
  const foreseen = plan.nodes.flatMap((node) => {
    if (node.kind !== "task" || node.generate === undefined || node.data !== undefined) return [];
    const { generate } = node;
    try {
      // Whether rows can be made does not hang on the seed, only what stands in them.
      const { made, cases } = makeRows(generate, { files, seed: "plan" });
      const seed = generate["seed"] === undefined ? null : made.seed;
      const { count: rows, columns } = made;
      return [{ task: node.id, from: sourceOf(generate), columns, rows, cases, seed }];
    } catch (error) {
      if (!(error instanceof TurnpikeError)) throw error;
      problems.push(...error.problems.map((problem) => inTask(node.id, problem)));
      return [];
    }
  });
  refuse("INVALID_PLAN", "the plan", problems);
  return foreseen;
}

function makeRows(
  generate: DataToGenerate,
  given: Parameters<typeof readPlanData>[1],
): { readonly made: GeneratedData; readonly cases: DataRequest["cases"] } {
  const read = readPlanData(generate, given);
  if (!read.ok) throw new TurnpikeError("INVALID_REQUEST", "data.generate", read);
  return { made: generateData(read.request), cases: read.request.cases };
}

/** `fields`, `schema order.schema.yaml` or `openapi api.yaml Order`. */
function sourceOf({ schema, openapi }: DataToGenerate): string {
  if (isJsonObject(openapi)) return `openapi ${String(openapi["file"])} ${String(openapi["ref"])}`;
  if (schema === undefined) return "fields";
  return typeof schema === "string" ? `schema ${schema}` : "schema";
}
