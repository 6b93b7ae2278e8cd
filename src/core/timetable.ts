/** A plan that is run by the clock. */

import { z } from "zod";

/** What a schedule runs; variables stand in the queue in clear, so secrets belong into environments. */
export const timetableSchema = z.strictObject({
  plan: z.string().min(1).describe("Id of a plan."),
  cron: z
    .string()
    .min(1)
    .max(200)
    .describe("Minute, hour, day of month, month, day of week; seconds may stand before them."),
  timezone: z
    .string()
    .refine(isTimezone, "no such time zone; write one such as Europe/Berlin")
    .default("UTC"),
  environment: z
    .union([z.string().min(1), z.array(z.string().min(1)).max(50), z.null()])
    .optional()
    .describe("Name, or layers of which later ones win. Null: no environment."),
  variables: z
    .record(z.string().min(1), z.string())
    .optional()
    .describe("Overrides. They stand in the queue in clear; secrets belong into environments."),
});
export type Timetable = z.infer<typeof timetableSchema>;

/** A schedule's name; it stands in URLs. */
export const scheduleNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, "use letters, digits, - and _, at most 64");

export interface Schedule {
  readonly name: string;
  readonly timetable: Timetable;
  /** Who paused it; null while it runs. */
  readonly pausedBy: string | null;
  /** Milliseconds since the epoch; null when it has none, as while it is paused. */
  readonly nextAt: number | null;
  /** What came of its last time; null before that. */
  readonly last: LastTick | null;
}

interface LastTick {
  readonly at: number;
  /** Id of the run it started; null when none could be started. */
  readonly runId: string | null;
  readonly problem: string | null;
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).format(0) !== "";
  } catch {
    return false;
  }
}
