/** Test data from a seed: the same request gives the same bytes on any machine and any day. */

import { z } from "zod";
import { refuse, type Problem } from "../core/errors.js";
import { decimalsOf, fieldSchema, isText, seedDraws, sourceOf, type Field } from "./data-fields.js";

/** More would keep the service busy for seconds. */
const MAX_VALUES = 100_000;
/** How often a value is drawn before a field counts as exhausted, where nobody knows how many values there are. */
const MAX_DRAWS = 1000;
/** The same for each value there can be: drawing a last free one of n takes n draws on average, and e^-50 miss it. */
const DRAWS_PER_VALUE = 50;

export const generateDataSchema = z
  .strictObject({
    seed: z.union([z.int(), z.string().min(1).max(200)]).default(1),
    count: z.int().min(1).max(10_000).default(10),
    fields: z.array(fieldSchema).min(1).max(100),
    format: z.enum(["json", "csv"]).default("json"),
    /** Put before the values of fields that say `prefixed`, so that runs can tell their data apart. */
    prefix: z.string().min(1).max(200).optional(),
  })
  .superRefine((request, context) => {
    for (const { path, message } of checkFields(request)) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  })
  .meta({ id: "GenerateDataRequest" });
export type DataRequest = z.output<typeof generateDataSchema>;

const rowSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
export type DataRow = Readonly<z.output<typeof rowSchema>>;

export const generatedDataSchema = z
  .strictObject({
    seed: z.union([z.int(), z.string()]),
    count: z.int(),
    format: z.enum(["json", "csv"]),
    /** Names of the fields, in order. */
    columns: z.array(z.string()),
    rows: z.array(rowSchema),
    /** The file in the asked format, ready for `newman --iteration-data`. */
    text: z.string(),
    mediaType: z.string(),
  })
  .meta({ id: "GeneratedData" });
export type GeneratedData = z.output<typeof generatedDataSchema>;

/**
 * Rows for a request that passed `generateDataSchema`. Each column is seeded by itself, so adding a field or asking for
 * more rows leaves the values there were as they are. Throws INVALID_REQUEST when a unique field runs out of values.
 */
export function generateData(request: DataRequest): GeneratedData {
  const problems: Problem[] = [];
  const columns = request.fields.map((field, position) => {
    const column = drawColumn(field, request);
    if (column !== null) return column;
    const message = `"${field.type}" has too few different values for ${String(request.count)} unique ones`;
    const suggestedAction =
      "ask for fewer rows, or use sequence, string.uuid or string.alphanumeric";
    problems.push({ path: `fields.${String(position)}.unique`, message, suggestedAction });
    return [];
  });
  refuse("INVALID_REQUEST", "the data request", problems);
  const names = request.fields.map(({ name }) => name);
  const rows = Array.from({ length: request.count }, (_, row) =>
    Object.fromEntries(names.map((name, column) => [name, columns[column]?.[row] ?? null])),
  );
  const { seed, count, format } = request;
  return {
    seed,
    count,
    format,
    columns: names,
    rows,
    text: format === "csv" ? toCsv(names, rows) : `${JSON.stringify(rows, null, 2)}\n`,
    mediaType: format === "csv" ? "text/csv; charset=utf-8; header=present" : "application/json",
  };
}

/** RFC 4180: a header line, lines ended by CRLF, quotes where a value holds a comma, a quote or a line break. */
export function toCsv(columns: readonly string[], rows: readonly DataRow[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((name) => row[name]))];
  return lines.map((cells) => `${cells.map((cell) => toCell(cell ?? "")).join(",")}\r\n`).join("");
}

function toCell(value: string | number | boolean): string {
  const text = String(value);
  // Readers differ on spaces at the ends and on a line that is one empty value; quotes leave no doubt.
  return /[",\r\n]|^\s|\s$|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Null when the field has no further value that did not come before. */
function drawColumn(field: Field, { seed, count, prefix }: DataRequest): DataRow[string][] | null {
  seedDraws(JSON.stringify([String(seed), field.name, field.type]));
  const { draw, variety } = sourceOf(field);
  const maxDraws = variety === null ? MAX_DRAWS : variety * DRAWS_PER_VALUE;
  const seen = new Set<DataRow[string]>();
  const column: DataRow[string][] = [];
  for (let row = 0; row < count; row += 1) {
    let value = draw(row);
    for (let draws = 1; field.unique && seen.has(value); draws += 1) {
      if (draws >= maxDraws) return null;
      value = draw(row);
    }
    seen.add(value);
    column.push(field.prefixed && typeof value === "string" ? `${prefix ?? ""}${value}` : value);
  }
  return column;
}

function* checkFields(
  request: DataRequest,
): Generator<{ readonly path: readonly PropertyKey[]; readonly message: string }> {
  const { fields, count, prefix } = request;
  if (fields.length * count > MAX_VALUES) {
    const message = `${String(count)} rows of ${String(fields.length)} fields are more than ${String(MAX_VALUES)} values; ask in parts`;
    yield { path: ["count"], message };
  }
  for (const [position, field] of fields.entries()) {
    const first = fields.findIndex(({ name }) => name === field.name);
    if (first !== position) {
      yield {
        path: ["fields", position, "name"],
        message: `"${field.name}" is the name of field ${String(first)} already`,
      };
    }
    if (field.prefixed && !isText(field)) {
      yield {
        path: ["fields", position, "prefixed"],
        message: `values of "${field.type}" cannot carry a prefix`,
      };
    }
    if (field.prefixed && prefix === undefined) {
      yield {
        path: ["prefix"],
        message: `"${field.name}" is to be prefixed, and no prefix is given`,
      };
    }
    const backwards = rangeFault(field);
    if (backwards !== null) {
      yield { path: ["fields", position], message: backwards };
      continue;
    }
    const { variety } = sourceOf(field);
    if (field.unique && variety !== null && variety < count) {
      const message = `"${field.type}" has ${String(variety)} different values here, too few for ${String(count)} unique ones`;
      yield { path: ["fields", position, "unique"], message };
    }
  }
}

function rangeFault(field: Field): string | null {
  if (field.type === "date.iso") {
    const { from, to } = field;
    return Date.parse(from) > Date.parse(to) ? `from ${from} is after to ${to}` : null;
  }
  if (field.type !== "number.int" && field.type !== "number.float") return null;
  const { min, max } = field;
  if (min > max) return `min ${String(min)} is above max ${String(max)}`;
  if (field.type === "number.int") return null;
  const { first, last } = decimalsOf(field);
  const digits = `${String(field.fractionDigits)} digits after the point`;
  return first <= last
    ? null
    : `no number with ${digits} lies between ${String(min)} and ${String(max)}`;
}
