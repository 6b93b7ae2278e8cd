/** Sweeping test data by its prefix: where it is found, and which of what was found may be deleted. Pure. */

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

/** A collection of Firestore, with the field of its documents that begins with the prefix. */
const firestoreRuleSchema = z.strictObject({
  firestore: z.strictObject({
    project: z.string().min(1),
    /** Its path, such as `orders` or `shops/eu/orders`. */
    collection: z
      .string()
      .regex(/^[^/]+(?:\/[^/]+\/[^/]+)*$/, "name a collection, such as orders or shops/eu/orders"),
    field: z.string().min(1).default("name"),
  }),
});
export type FirestoreRule = Readonly<z.infer<typeof firestoreRuleSchema>>;

export type SweepRule = ListRule | FirestoreRule;

export const sweepRulesSchema = z.array(z.union([listRuleSchema, firestoreRuleSchema])).max(50);
/** By the name of an environment; `*` is every one. */
export const sweepByEnvironmentSchema = z.record(z.string().min(1), sweepRulesSchema);
export type SweepByEnvironment = z.infer<typeof sweepByEnvironmentSchema>;

export function rulesOf(
  environments: readonly string[],
  byEnvironment: SweepByEnvironment,
): readonly SweepRule[] {
  return ["*", ...environments].flatMap((name) => byEnvironment[name] ?? []);
}

/** Something that begins like a prefix. */
export interface Found {
  /** Position of its rule. */
  readonly rule: number;
  readonly id: string;
  /** The text that begins with the prefix. */
  readonly name: string;
}

/** What the clean-up after a task may delete: what any attempt of this task of this run has made. */
export function isOfTask(
  { name }: Found,
  of: { readonly run: string; readonly task: string },
): boolean {
  const prefix = parsePrefix(name);
  return prefix?.run === of.run && prefix.task === of.task;
}
