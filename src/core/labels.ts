/** Labels: what a worker carries (its region, its hardware) and a task may ask for with `runsOn`. */

import { z } from "zod";
import { namesSchema } from "./config-key.js";

/** A worker listens to one queue for each of its sets of labels, which doubles with every label. */
const MOST = 4;
const labelSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/,
    "a label has letters, digits, - and _, at most 32, and begins with a letter or digit",
  );

/** A list, or a text with commas; each label once, in alphabetical order. */
export const labelsSchema = namesSchema
  .transform((labels) => [...new Set(labels)])
  .pipe(z.array(labelSchema).max(MOST, `give at most ${String(MOST)} labels`))
  .transform((labels): readonly string[] => labels.toSorted());

/** Every set of labels whose tasks a worker with these labels takes; the empty one comes last. */
export function labelSets(labels: readonly string[]): readonly (readonly string[])[] {
  return labels
    .reduce<readonly (readonly string[])[]>(
      (sets, label) => [...sets, ...sets.map((set) => [...set, label])],
      [[]],
    )
    .toReversed();
}

export function carries(worker: { readonly labels: readonly string[] }, runsOn: readonly string[]) {
  return runsOn.every((label) => worker.labels.includes(label));
}

/** `a worker`, `a worker with the label eu`, `a worker with the labels eu and gpu`. */
export function workerWith(labels: readonly string[]): string {
  const last = labels.at(-1);
  if (last === undefined) return "a worker";
  if (labels.length < 2) return `a worker with the label ${last}`;
  return `a worker with the labels ${labels.slice(0, -1).join(", ")} and ${last}`;
}
