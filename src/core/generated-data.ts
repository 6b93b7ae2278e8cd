/** Iteration data a plan asks to be generated: what the plan says, and what a run keeps of it. */

import { z } from "zod";

/** A file of the plan's folder, or what to generate; whoever generates it knows what may stand in there. */
export const taskDataSchema = z.union(
  [
    z.string().min(1),
    z.strictObject({
      generate: z.record(z.string(), z.unknown()).meta({ title: "what to generate" }),
    }),
  ],
  { error: "write the path of a CSV or JSON file, or { generate: {…} }" },
);

export type DataToGenerate = Readonly<Record<string, unknown>>;

/** What was generated when the run was accepted; the rows themselves are a file of the run. */
export const generatedDataSchema = z.strictObject({
  seed: z.union([z.int(), z.string()]),
  rows: z.int(),
  cases: z.enum(["valid", "boundary", "invalid"]),
});
export type GeneratedDataNote = z.infer<typeof generatedDataSchema>;

/** What a run would have generated for a task, as `plan explain` tells it. */
export const generatedDataForecastSchema = z.strictObject({
  task: z.string(),
  from: z.string().describe("`fields`, or where the schema stands."),
  columns: z.array(z.string()),
  rows: z.int(),
  cases: z.enum(["valid", "boundary", "invalid"]),
  seed: z
    .union([z.int(), z.string()])
    .nullable()
    .describe("Null where the plan says none: each run then takes its own id."),
});

/** Path of the rows among the files of a run; no file of a plan's folder can have it. */
export function generatedDataPath(task: string): string {
  return `/generated/${task}.json`;
}
