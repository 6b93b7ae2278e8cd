/** Test data from a seed: the same request gives the same bytes on any machine and any day. */

import { z } from "zod";
import { refuse, TurnpikeError, type Problem } from "../core/errors.js";
import { EndlessPattern, violationsOf } from "./check-value.js";
import { compileSchema } from "./compile-schema.js";
import {
  drawColumn,
  fieldColumns,
  hasColumns,
  schemaColumns,
  WHOLE_COLUMN,
  type DataColumn,
} from "./data-columns.js";
import { toCsv } from "./data-csv.js";
import { countOf, MAX_VALUES, type DataRequest } from "./data-request.js";
import { CannotDraw } from "./draw-value.js";
import { findComponent } from "./openapi-schema.js";
import { casesOf } from "./schema-cases.js";
import { placeText } from "./schema-places.js";
import type { SchemaNode } from "./schema-node.js";

const rowSchema = z.record(z.string(), z.unknown());
type DataRow = Readonly<z.output<typeof rowSchema>>;

export const generatedDataSchema = z
  .strictObject({
    seed: z.union([z.int(), z.string()]),
    count: z.int(),
    format: z.enum(["json", "csv"]),
    /** Names of the columns, in order. */
    columns: z.array(z.string()),
    /** Of cases: `case`, `valid`, `place`, `keyword`, and `body`, the JSON text of the case. */
    rows: z.array(rowSchema),
    /** The file in the asked format, ready for `newman --iteration-data`. */
    text: z.string(),
    mediaType: z.string(),
  })
  .meta({ id: "GeneratedData" });
export type GeneratedData = z.output<typeof generatedDataSchema>;

/** How often a row that is there already is drawn anew. */
const MAX_ROW_DRAWS = 1000;
const CASE_COLUMNS = ["case", "valid", "place", "keyword", "body"] as const;

/** Rows for a request that passed `generateDataSchema`. Throws INVALID_REQUEST with what stands in the way of making them. */
export function generateData(request: DataRequest): GeneratedData {
  const { names, rows } = rowsOf(request);
  const { seed, format } = request;
  return {
    seed,
    count: rows.length,
    format,
    columns: [...names],
    rows: [...rows],
    text: format === "csv" ? toCsv(names, rows) : `${JSON.stringify(rows, null, 2)}\n`,
    mediaType: format === "csv" ? "text/csv; charset=utf-8; header=present" : "application/json",
  };
}

interface Rows {
  readonly names: readonly string[];
  readonly rows: readonly DataRow[];
}

function rowsOf(request: DataRequest): Rows {
  const left = { values: MAX_VALUES };
  if (request.fields !== undefined)
    return drawRows(request, fieldColumns(request), { node: null, place: "fields" });
  const { node, place } = schemaOf(request);
  if (request.cases === "valid")
    return drawRows(request, schemaColumns(request, node, { place, left }), { node, place });
  const { cases, seed, count = null } = request;
  const asked = { cases, seed: String(seed), count, left };
  const found = drawing(place, () => casesOf(node, asked));
  const rows = found.map(({ name, value, ...told }) => ({
    case: name,
    valid: told.valid,
    place: told.place,
    keyword: told.keyword,
    body: JSON.stringify(value),
  }));
  return { names: CASE_COLUMNS, rows };
}

/** The schema of the request, and where it stands in it. */
function schemaOf(request: Pick<DataRequest, "schema" | "openapi">): {
  readonly node: SchemaNode;
  readonly place: string;
} {
  const { schema, openapi } = request;
  if (openapi === undefined) {
    const place = "schema";
    const compiled = compileSchema({ document: schema, path: [], place, leaveOut: "nothing" });
    refuse("INVALID_REQUEST", "the data request", compiled.problems);
    return { node: compiled.node, place };
  }
  const place = "openapi";
  const found = findComponent(openapi, place);
  if (found.problems !== undefined)
    throw new TurnpikeError("INVALID_REQUEST", "the OpenAPI document cannot be used", found);
  const compiled = compileSchema(found.schema);
  refuse("INVALID_REQUEST", "the data request", compiled.problems);
  return { node: compiled.node, place };
}

/** What is wrong with the schema of a request, without making a row of it. */
export function problemsOfSource(
  request: Pick<DataRequest, "schema" | "openapi" | "fields">,
): readonly Problem[] {
  if (request.fields !== undefined) return [];
  try {
    schemaOf(request);
    return [];
  } catch (error) {
    if (error instanceof TurnpikeError) return error.problems;
    throw error;
  }
}

function drawRows(
  request: DataRequest,
  columns: readonly DataColumn[],
  { node, place }: { readonly node: SchemaNode | null; readonly place: string },
): Rows {
  const names = columns.map(({ name }) => name);
  refuse("INVALID_REQUEST", "the data request", unknownColumns(request, names));
  const problems: Problem[] = [];
  const drawn = columns.map((column) => {
    try {
      return drawColumn(column, request);
    } catch (error) {
      problems.push(problemOf(error, column.place));
      return [];
    }
  });
  refuse("INVALID_REQUEST", "the data request", problems);
  const rows = Array.from({ length: countOf(request) }, (_, row) =>
    Object.fromEntries(columns.map(({ name }, at) => [name, drawn[at]?.[row]])),
  );
  const distinct = request.unique === "row" ? drawing(place, () => redraw(rows, columns)) : rows;
  const prefixed = distinct.map((row) => withPrefix(row, columns, request.prefix ?? ""));
  const faults = drawing(place, () => violated(prefixed, node, place));
  refuse("INVALID_REQUEST", "the data request", faults);
  return { names, rows: prefixed };
}

/** The first row that does not keep to the schema, which only a prefix can do. */
function violated(rows: readonly DataRow[], node: SchemaNode | null, place: string): Problem[] {
  if (node === null) return [];
  for (const row of rows) {
    const value = hasColumns(node) ? row : row[WHOLE_COLUMN];
    const [fault] = violationsOf(node, value);
    if (fault === undefined) continue;
    return [
      {
        path: place,
        message: `${placeText(fault.path)}: a value would violate "${fault.keyword}" with its prefix`,
        suggestedAction: "take it out of prefixed, or loosen the keyword",
      },
    ];
  }
  return [];
}

/** Rows that came before are drawn anew, each column from a fresh start. */
function redraw(rows: readonly DataRow[], columns: readonly DataColumn[]): readonly DataRow[] {
  const seen = new Set<string>();
  return rows.map((first, at) => {
    let row = first;
    for (let draws = 1; seen.has(JSON.stringify(row)); draws += 1) {
      if (draws > MAX_ROW_DRAWS)
        throw new CannotDraw(
          [],
          `there are too few different rows for ${String(rows.length)} unique ones`,
          "ask for fewer rows, or allow more values",
        );
      row = Object.fromEntries(
        columns.map(({ name, start, draw }) => {
          start(`${String(at)} again ${String(draws)}`);
          return [name, draw(at)];
        }),
      );
    }
    seen.add(JSON.stringify(row));
    return row;
  });
}

function withPrefix(row: DataRow, columns: readonly DataColumn[], prefix: string): DataRow {
  const prefixed = columns.filter(
    ({ name, prefixed: asked }) => asked && typeof row[name] === "string",
  );
  return {
    ...row,
    ...Object.fromEntries(prefixed.map(({ name }) => [name, `${prefix}${String(row[name])}`])),
  };
}

function unknownColumns(request: DataRequest, names: readonly string[]): Problem[] {
  const { unique, prefixed } = request;
  const asked = { unique: unique === "row" ? [] : unique, prefixed };
  return Object.entries(asked).flatMap(([path, list]) =>
    list
      .filter((name) => !names.includes(name))
      .map((name) => ({
        path,
        message: `there is no column "${name}"; there are ${names.join(", ")}`,
        suggestedAction: "correct the name",
      })),
  );
}

/** What cannot be drawn, as a known error. */
function drawing<Result>(place: string, draw: () => Result): Result {
  try {
    return draw();
  } catch (error) {
    throw new TurnpikeError("INVALID_REQUEST", "the data request cannot be met", {
      problems: [problemOf(error, place)],
      cause: error,
    });
  }
}

function problemOf(error: unknown, place: string): Problem {
  if (error instanceof EndlessPattern)
    return {
      path: place,
      message: error.message,
      suggestedAction: "write one in which no repetition holds another",
    };
  if (!(error instanceof CannotDraw)) throw error;
  const at = error.path.length === 0 ? "" : `${placeText(error.path)}: `;
  return {
    path: place,
    message: `${at}${error.message}`,
    suggestedAction: error.suggestedAction,
  };
}
