/** Sweeping test data by its prefix: where it is found, and which of what was found may be deleted. Pure. */

import { z } from "zod";
import { pagesSchema, pathSchema, problemOfPages } from "./list-pages.js";
import { parsePrefix } from "./prefix.js";
import { describeUnion } from "./schema-problems.js";

/** One list of the target and how what stands in it is deleted. URLs and headers may hold `{{variables}}` of the environment. */
const listRuleSchema = z.strictObject({
  list: z.string().min(1),
  /** Where the list stands in the answer, such as `$.items`. */
  items: pathSchema.default("$"),
  /** Field that `{{id}}` stands for. */
  id: z.string().min(1).default("id"),
  /** Field that begins with the prefix. */
  field: z.string().min(1).default("name"),
  delete: z.string().refine((url) => url.includes("{{id}}"), "must contain {{id}}"),
  headers: z.record(z.string().min(1), z.string()).default({}),
  /** How its pages follow each other. */
  pages: pagesSchema
    .superRefine((pages, context) => {
      const message = problemOfPages(pages);
      if (message !== null) context.addIssue({ code: "custom", message });
    })
    .optional(),
  /** A list that is longer is not looked at to its end, which is told as trouble. */
  maxPages: z.int().min(1).max(100_000).default(1_000),
});

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

export const sweepRulesSchema = z
  .array(z.union([listRuleSchema, firestoreRuleSchema], { error: describeUnion }))
  .max(50);

/** Where it was written, for messages: `cleanup.staging.0`. */
const placed = { place: z.string().default("cleanup") };
/** As a run keeps them. */
export const placedRulesSchema = z.array(
  z.union([listRuleSchema.extend(placed), firestoreRuleSchema.extend(placed)]),
);
export type SweepRule = Readonly<z.infer<typeof placedRulesSchema>[number]>;
export type ListRule = Extract<SweepRule, { readonly list: string }>;
export type FirestoreRule = Extract<SweepRule, { readonly firestore: object }>;

/** By the name of an environment; `*` is every one. */
export const sweepByEnvironmentSchema = z.record(z.string().min(1), sweepRulesSchema);
export type SweepByEnvironment = z.infer<typeof sweepByEnvironmentSchema>;

export function rulesOf(
  environments: readonly string[],
  byEnvironment: SweepByEnvironment,
): readonly SweepRule[] {
  return ["*", ...environments].flatMap((name) =>
    placeRules(byEnvironment[name] ?? [], `cleanup.${name}`),
  );
}

/** The rules with the place of each below that of all. */
export function placeRules(
  rules: z.infer<typeof sweepRulesSchema>,
  place: string,
): readonly SweepRule[] {
  return rules.map((rule, position) => ({ ...rule, place: `${place}.${String(position)}` }));
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
