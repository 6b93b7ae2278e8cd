/** What a plan will take, from the runs it has had. */

import { forecast, type Forecast } from "../core/forecast.js";
import type { Dependencies } from "./dependencies.js";
import { expectDurations } from "./expect-durations.js";

/** NOT_FOUND for an unknown plan, INVALID_PLAN for one that is not valid. */
export async function explainPlan(
  deps: Pick<Dependencies, "store" | "plans">,
  planId: string,
): Promise<Forecast> {
  const folder = await deps.plans.load(planId);
  return forecast(folder.plan, await expectDurations(deps, folder));
}
