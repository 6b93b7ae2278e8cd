/** Plans that are run by the clock: setting a schedule, and what its tick does. */

import { refuse } from "../core/errors.js";
import type { ScheduleClock, Tick } from "../core/ports.js";
import type { Schedule, Timetable } from "../core/timetable.js";
import type { Dependencies } from "./dependencies.js";
import { unknownEnvironments } from "./find-environments.js";
import { submitRun } from "./submit-run.js";

/** Adds or replaces a schedule; a plan, an environment or a cron expression that is none is refused with its place. */
export async function putSchedule(
  { plans, environments }: Pick<Dependencies, "plans" | "environments">,
  clock: Pick<ScheduleClock, "put">,
  { name, timetable }: { readonly name: string; readonly timetable: Timetable },
): Promise<Schedule> {
  await plans.load(timetable.plan);
  const named = layersOf(timetable) ?? [];
  const asked = named.map((layer) => ({ path: "environment", name: layer }));
  refuse("INVALID_REQUEST", `the schedule ${name}`, await unknownEnvironments(environments, asked));
  return clock.put(name, timetable);
}

/** Starts the run of a tick, and answers its id. The tick is its idempotency key, so it is one run whoever takes it, and however often. */
export async function runTick(deps: Parameters<typeof submitRun>[0], tick: Tick): Promise<string> {
  const { name, timetable } = tick;
  const environment = layersOf(timetable);
  const { status } = await submitRun(deps, {
    subject: { kind: "plan", id: timetable.plan },
    ...(environment === undefined ? {} : { environment }),
    ...(timetable.variables === undefined ? {} : { variables: timetable.variables }),
    trigger: `schedule ${name}`,
    idempotencyKey: `${deps.namespace} ${tick.tick}`,
  });
  return status.run.id;
}

function layersOf({ environment }: Timetable): readonly string[] | null | undefined {
  return typeof environment === "string" ? [environment] : environment;
}
