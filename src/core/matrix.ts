/** A task with a matrix becomes one task for each combination of its values. */

import { z } from "zod";
import type { Problem } from "./errors.js";

const MAX_COMBINATIONS = 1000;
/** Compound ids stand in test-data prefixes, which targets may limit. */
const MAX_ID_LENGTH = 120;

const scalarSchema = z.union([z.string(), z.number(), z.boolean()]);
export const matrixSchema = z
  .strictObject({
    environment: z
      .array(z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]))
      .min(1)
      .optional(),
    data: z.array(z.string().min(1)).min(1).optional(),
    variables: z.record(z.string().min(1), z.array(scalarSchema).min(1)).optional(),
  })
  .refine(
    (matrix) => axesOf(matrix).length > 0,
    "say which environment, data or variables there are",
  );
export type Matrix = z.infer<typeof matrixSchema>;

/** What one combination sets in its task. */
export interface Cell {
  readonly id: string;
  /** Behind the title of the task: `eu, a`. */
  readonly label: string;
  readonly environment?: readonly string[];
  readonly data?: string;
  readonly variables: Readonly<Record<string, string | number | boolean>>;
}

interface Choice extends Omit<Cell, "id" | "label" | "variables"> {
  readonly text: string;
  readonly variables?: Cell["variables"];
}

/** The combinations of a matrix, named `task.eu.a`, or what keeps them from having names. */
export function cellsOf(
  id: string,
  matrix: Matrix,
): { readonly cells: readonly Cell[] } | { readonly problems: readonly Problem[] } {
  const axes = axesOf(matrix);
  const path = `tasks.${id}.matrix`;
  const count = axes.reduce((product, axis) => product * axis.length, 1);
  if (count > MAX_COMBINATIONS) {
    const message = `makes ${String(count)} tasks, and at most ${String(MAX_COMBINATIONS)} are allowed`;
    return { problems: [{ path, message, suggestedAction: "split the task" }] };
  }
  const combinations = axes.reduce<readonly (readonly Choice[])[]>(
    (before, axis) => before.flatMap((chosen) => axis.map((choice) => [...chosen, choice])),
    [[]],
  );
  const cells = combinations.map((choices) => cellOf(id, choices));
  const problems = cells.flatMap((cell, position): Problem[] => {
    const twin = cells.findIndex((other) => other.id === cell.id);
    if (twin !== position) {
      const message = `"${cells[twin]?.label ?? ""}" and "${cell.label}" both make the id ${cell.id}`;
      return [{ path, message, suggestedAction: "use values that differ in letters or digits" }];
    }
    if (cell.id.length <= MAX_ID_LENGTH && !cell.id.split(".").includes("")) return [];
    const message = `"${cell.label}" makes the id "${cell.id}", which is ${cell.id.length > MAX_ID_LENGTH ? "too long" : "incomplete"}`;
    return [{ path, message, suggestedAction: "use short values with letters or digits" }];
  });
  return problems.length > 0 ? { problems } : { cells };
}

function cellOf(id: string, choices: readonly Choice[]): Cell {
  const merged = choices.reduce<Partial<Cell>>(
    (cell, { text: _text, variables, ...choice }) => ({
      ...cell,
      ...choice,
      variables: { ...cell.variables, ...variables },
    }),
    {},
  );
  return {
    ...merged,
    variables: merged.variables ?? {},
    id: [id, ...choices.map(({ text }) => partOf(text))].join("."),
    label: choices.map(({ text }) => text).join(", "),
  };
}

/** One list of choices for each dimension: environments, data files, then each variable. */
function axesOf(matrix: {
  readonly environment?: readonly (string | readonly string[])[] | undefined;
  readonly data?: readonly string[] | undefined;
  readonly variables?: Readonly<Record<string, readonly (string | number | boolean)[]>> | undefined;
}): readonly (readonly Choice[])[] {
  const environments = matrix.environment?.map((given): Choice => {
    const environment = typeof given === "string" ? [given] : given;
    return { text: environment.join("-"), environment };
  });
  const files = matrix.data?.map((data): Choice => ({ text: baseName(data), data }));
  const variables = Object.entries(matrix.variables ?? {}).map(([name, values]) =>
    values.map((value): Choice => ({ text: String(value), variables: { [name]: value } })),
  );
  return [
    ...(environments === undefined ? [] : [environments]),
    ...(files === undefined ? [] : [files]),
    ...variables,
  ];
}

/** `rows/eu.csv` is `eu`. */
function baseName(path: string): string {
  return (path.split("/").at(-1) ?? path).replace(/\.[^.]*$/, "");
}

function partOf(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]+/g, "-").replaceAll(/^-+|-+$/g, "");
}
