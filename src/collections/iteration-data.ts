/** Iteration data: a CSV or JSON text becomes the rows Newman would make of it, and junk is named with its line. */

import parseCsv from "csv-parse/lib/sync.js";
import { refuse, TurnpikeError, type Problem } from "../core/errors.js";
import { findSyntaxError } from "../core/json-syntax.js";
import type { CollectionJob } from "../core/collection-job.js";
import { isJsonObject } from "../core/json-object.js";

type IterationData = NonNullable<CollectionJob["data"]>;

/** What a file is taken for, by its name. */
export function dataFormatOf(path: string): IterationData["format"] {
  return path.toLowerCase().endsWith(".csv") ? "csv" : "json";
}

/** What is wrong with iteration data; nothing when Newman can run with it. */
export function problemsOfIterationData(data: IterationData): readonly Problem[] {
  try {
    parseIterationData(data);
    return [];
  } catch (error) {
    if (error instanceof TurnpikeError) return error.problems;
    throw error;
  }
}

/** JSON is tried first and CSV after it, as Newman does whatever the file is called. Throws INVALID_DATA. */
export function parseIterationData(data: IterationData): readonly unknown[] {
  const text = data.text.replace(/^\uFEFF/, "");
  // Spreadsheets save "Unicode text" as UTF-16. Newman takes it for CSV, and no variable has a name that a script could know.
  if (text.includes("\0")) {
    return refuseData("", "holds NUL characters, as text in UTF-16 does", "save it as UTF-8");
  }
  const json = readJson(text.trim());
  if (json === null) return data.format === "json" ? refuseJson(text) : readCsv(data);
  if (Array.isArray(json.value)) return checkRows(json.value);
  // Newman runs once without data when it is one object, which would look like a run with it.
  if (data.format === "json" || isJsonObject(json.value)) {
    return refuseData(
      "",
      `is ${describe(json.value)}`,
      "write an array of objects, one for each iteration",
    );
  }
  return readCsv(data);
}

function readJson(text: string): { readonly value: unknown } | null {
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch {
    // Not JSON; the caller says where, or takes it for CSV.
    return null;
  }
}

function refuseJson(text: string): never {
  const fault = findSyntaxError(text);
  const action = "correct it, or give the file the ending .csv if it is CSV";
  if (fault === null) return refuseData("", "is not valid JSON", action);
  return refuseData(`line ${String(fault.line)}`, `is not valid JSON: ${fault.message}`, action);
}

/** Newman gives a row that is no object to the scripts as it is, and no variable has a value then. */
function checkRows(rows: readonly unknown[]): readonly unknown[] {
  refuse(
    "INVALID_DATA",
    "the iteration data",
    rows.flatMap((row, index) =>
      isJsonObject(row)
        ? []
        : [
            {
              path: `row ${String(index + 1)}`,
              message: `is ${describe(row)}`,
              suggestedAction: "write an object with one key for each variable",
            },
          ],
    ),
  );
  return rows;
}

/** The options are Newman's own (lib/run/options.js), so that a file means the same here. */
function readCsv({ text, csvTypes = true }: IterationData): readonly unknown[] {
  try {
    const rows: unknown = parseCsv(text, {
      columns: true,
      escape: '"',
      cast: (value, { quoting }) => (quoting || !csvTypes ? value : castNumber(value)),
      trim: true,
      relax: true,
      relax_column_count: true,
      bom: true,
    });
    // An array it always is; asking keeps the type honest.
    return Array.isArray(rows) ? rows : [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const line = /line (\d+)/.exec(message)?.[1];
    return refuseData(
      line === undefined ? "" : `line ${line}`,
      `is not valid CSV: ${message}`,
      "correct it",
    );
  }
}

/** Newman's casting with its oddities: `007` becomes 7, `0x10` becomes 0. */
function castNumber(value: string): string | number {
  if (/^(-|\+)?([1-9]+[0-9]*)$/.test(value)) return Number.parseInt(value, 10);
  return Number(value) - Number.parseFloat(value) + 1 >= 0 ? Number.parseFloat(value) : value;
}

function refuseData(path: string, message: string, suggestedAction: string): never {
  throw new TurnpikeError("INVALID_DATA", "the iteration data cannot be used", {
    problems: [{ path, message, suggestedAction }],
  });
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value)
    ? "an array"
    : typeof value === "object"
      ? "an object"
      : `a ${typeof value}`;
}
