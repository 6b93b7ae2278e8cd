/** What a plan will take, from the runs it has had. */

import { forecast, type Expectation, type PlanExplanation } from "../core/forecast.js";
import type { Dependencies } from "./dependencies.js";
import type { PlanFolder } from "../core/ports.js";
import { expectDurations } from "./expect-durations.js";
import { foreseePlanData } from "./generate-plan-data.js";

/** NOT_FOUND for an unknown plan, INVALID_PLAN for one that is not valid. */
export async function explainPlan(
  deps: Pick<Dependencies, "store" | "plans">,
  planId: string,
): Promise<PlanExplanation> {
  const folder = await deps.plans.load(planId);
  return explainFolder(folder, await expectDurations(deps, folder));
}

/** INVALID_PLAN for iteration data that cannot be generated. */
export function explainFolder(
  folder: PlanFolder,
  expectations: ReadonlyMap<string, Expectation>,
): PlanExplanation {
  return { ...forecast(folder.plan, expectations), generatedData: foreseePlanData(folder) };
}
