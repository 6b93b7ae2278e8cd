/** Where the values of each column come from, for rows of fields and of schemas alike. */

import { CannotDraw, drawValue, varietyOf, type Drawing } from "./draw-value.js";
import { countOf, type DataRequest } from "./data-request.js";
import { isText, seedDraws, sourceOf } from "./data-fields.js";
import type { ObjectNode, SchemaNode } from "./schema-node.js";

export interface DataColumn {
  readonly name: string;
  /** Starts its values again; `again` tells repeated starts apart. */
  readonly start: (again?: string) => void;
  readonly draw: (row: number) => unknown;
  /** How many different values there can be; null where nobody counts them. */
  readonly variety: number | null;
  readonly unique: boolean;
  readonly prefixed: boolean;
  /** What a problem says of it: where in the request it can be helped, and what it is. */
  readonly place: string;
  readonly what: string;
  /** What to do when it has too few values. */
  readonly remedy: string;
}

/** Columns of fields: each is seeded by itself, so that a new one leaves the others as they are. */
export function fieldColumns(request: DataRequest): readonly DataColumn[] {
  return (request.fields ?? []).map((field, position) => {
    const { draw, variety } = sourceOf(field);
    return {
      name: field.name,
      start: (again) => {
        const name = [String(request.seed), field.name, field.type];
        seedDraws(JSON.stringify(again === undefined ? name : [...name, again]));
      },
      draw,
      variety,
      unique: field.unique || request.unique.includes(field.name),
      prefixed: (field.prefixed || request.prefixed.includes(field.name)) && isText(field),
      place: `fields.${String(position)}.unique`,
      what: `"${field.type}"`,
      remedy: "ask for fewer rows, or use sequence, string.uuid or string.alphanumeric",
    };
  });
}

/** The column that holds a whole value, where the schema is not that of an object with properties. */
export const WHOLE_COLUMN = "value";

export function hasColumns(node: SchemaNode): node is ObjectNode {
  return node.kind === "object" && node.properties.size > 0;
}

/** Columns of a schema: the properties of an object, else one for the whole value. */
export function schemaColumns(
  request: DataRequest,
  node: SchemaNode,
  { place, left }: { readonly place: string; readonly left: Drawing["left"] },
): readonly DataColumn[] {
  const isOpen = hasColumns(node);
  const parts = isOpen ? [...node.properties] : [[WHOLE_COLUMN, node] as const];
  const required = node.kind === "object" ? [...node.required] : [];
  const named = required.filter((name) => !parts.some(([known]) => known === name));
  const others = node.kind === "object" && isOpen ? node.others : null;
  return [...parts, ...(others === null ? [] : named.map((name) => [name, others] as const))]
    .filter(([name, part]) => part.kind !== "never" || required.includes(name))
    .map(([name, part]) => ({
      name,
      start: (again) => {
        const own = [String(request.seed), name, "schema"];
        seedDraws(JSON.stringify(again === undefined ? own : [...own, again]));
      },
      draw: () => drawValue(part, { path: [name], depth: 0, left }),
      variety: varietyOf(part),
      unique: request.unique.includes(name),
      prefixed: request.prefixed.includes(name),
      place,
      what: `"${name}"`,
      remedy: "ask for fewer rows, or allow more values",
    }));
}

/** How often a value is drawn before a column counts as exhausted, where nobody knows how many values there are. */
const MAX_DRAWS = 1000;
/** The same for each value there can be: drawing a last free one of n takes n draws on average, and e^-50 miss it. */
const DRAWS_PER_VALUE = 50;

/** The values of a column, one for each row. Throws CannotDraw when a unique one has no further value. */
export function drawColumn(column: DataColumn, request: DataRequest): readonly unknown[] {
  const count = countOf(request);
  column.start();
  const { variety } = column;
  const maxDraws = variety === null ? MAX_DRAWS : variety * DRAWS_PER_VALUE;
  const seen = new Set<string>();
  const values: unknown[] = [];
  const exhausted = new CannotDraw(
    [],
    `${column.what} has too few different values for ${String(count)} unique ones`,
    column.remedy,
  );
  if (column.unique && variety !== null && variety < count) throw exhausted;
  for (let row = 0; row < count; row += 1) {
    let value = column.draw(row);
    for (let draws = 1; column.unique && seen.has(JSON.stringify(value)); draws += 1) {
      if (draws >= maxDraws) throw exhausted;
      value = column.draw(row);
    }
    seen.add(JSON.stringify(value));
    values.push(value);
  }
  return values;
}
