/** Sweeping test data by its prefix: where an environment lists it, and which of what was listed may be deleted. Pure. */

import { z } from "zod";
import { parsePrefix } from "./prefix.js";

const PATH_PATTERN = /^\$(\.[A-Za-z0-9_-]+)*$/;

/** One list of the target and how what stands in it is deleted. URLs and headers may hold `{{variables}}` of the environment. */
const listRuleSchema = z.strictObject({
  list: z.string().min(1),
  /** Where the list stands in the answer, such as `$.items`. */
  items: z
    .string()
    .regex(PATH_PATTERN, "say where the list stands, such as $.items, or $")
    .default("$"),
  /** Field that `{{id}}` stands for. */
  id: z.string().min(1).default("id"),
  /** Field that begins with the prefix. */
  field: z.string().min(1).default("name"),
  delete: z.string().refine((url) => url.includes("{{id}}"), "must contain {{id}}"),
  headers: z.record(z.string().min(1), z.string()).default({}),
});
export type ListRule = Readonly<z.infer<typeof listRuleSchema>>;

export const listRulesSchema = z.array(listRuleSchema).max(50);
/** By the name of an environment; `*` is every one. */
export const sweepByEnvironmentSchema = z.record(z.string().min(1), listRulesSchema);
export type SweepByEnvironment = z.infer<typeof sweepByEnvironmentSchema>;

export function listRulesOf(
  environments: readonly string[],
  byEnvironment: SweepByEnvironment,
): readonly ListRule[] {
  return ["*", ...environments].flatMap((name) => byEnvironment[name] ?? []);
}

/** Something a list holds that begins with a prefix. */
export interface Found {
  /** Position of its rule. */
  readonly rule: number;
  readonly id: string;
  readonly name: string;
}

/** What a run's sweep may delete: things of this task of this run, whatever attempt made them. */
export function isOfTask(
  found: Found,
  of: { readonly run: string; readonly task: string },
): boolean {
  const prefix = parsePrefix(found.name);
  return prefix?.run === of.run && prefix.task === of.task;
}
