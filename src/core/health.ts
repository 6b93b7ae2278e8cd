/** The health gate of a run: which targets must answer before its tasks send anything. Pure. */

import { z } from "zod";
import { durationSchema } from "./duration.js";

const targetSchema = z.strictObject({
  /** May hold `{{variables}}` of the task's environment. */
  url: z.string().min(1),
  /** Status that proves it is there; without it any below 400. */
  expect: z.int().min(100).max(599).optional(),
  /** How long it is waited for. */
  timeout: durationSchema.prefault("30s"),
  /** How people start it, for the message when it does not answer. */
  start: z.string().min(1).optional(),
});
export type HealthTarget = Readonly<z.infer<typeof targetSchema>>;

export const healthSchema = z.array(targetSchema).max(20);
/** As a run holds it: durations are milliseconds by then. */
export const storedHealthSchema = z.array(targetSchema.extend({ timeout: z.int() }));
/** By the name of an environment. */
export const healthByEnvironmentSchema = z.record(z.string().min(1), healthSchema);
export type HealthByEnvironment = z.infer<typeof healthByEnvironmentSchema>;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2000;

/** Pause before try number `tried + 1`: doubled each time, and scattered (`random` from 0 to 1) so that lanes do not ask in step. */
export function healthDelayMs(tried: number, random: number): number {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** tried);
  return Math.round(full * (0.5 + random / 2));
}

/** The targets of a task that runs against these environments: its own and its plan's, then those of each environment. */
export function healthTargetsOf(
  own: readonly HealthTarget[],
  environments: readonly string[],
  byEnvironment: HealthByEnvironment,
): HealthTarget[] {
  return [...own, ...environments.flatMap((name) => byEnvironment[name] ?? [])];
}

/** Null when the answer proves that the target is there; else what it did, in words. */
export function judgeHealth(target: HealthTarget, status: number): string | null {
  if (target.expect === undefined ? status < 400 : status === target.expect) return null;
  const wanted = target.expect === undefined ? "a status below 400" : String(target.expect);
  return `answered ${String(status)} instead of ${wanted}`;
}
