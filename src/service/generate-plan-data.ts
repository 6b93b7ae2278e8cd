/** Iteration data that a plan asks to be generated, made when a run is accepted and frozen with it. */

import { generateData } from "../collections/generate-data.js";
import { inTask, readPlanData } from "../collections/plan-data.js";
import { refuse, TurnpikeError, type Problem } from "../core/errors.js";
import { generatedDataPath } from "../core/generated-data.js";
import type { PlanNode } from "../core/plan.js";
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
      const read = readPlanData(generate, { files, seed });
      if (!read.ok) throw new TurnpikeError("INVALID_REQUEST", "data.generate", read);
      const made = generateData(read.request);
      const data = generatedDataPath(node.id);
      files.set(data, new TextEncoder().encode(made.text));
      const { cases } = read.request;
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
