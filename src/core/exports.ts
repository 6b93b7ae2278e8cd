/** What a collection leaves behind when a caller asks for it: the variables and cookies at its end, in Postman's form. Pure. */

import { z } from "zod";
import type { Rendered } from "./environment.js";
import { isJsonObject } from "./json-object.js";

/** By the names of Newman's flags. */
export const EXPORT_NAMES = ["environment", "globals", "collection", "cookie-jar"] as const;
export type ExportName = (typeof EXPORT_NAMES)[number];

export const exportNamesSchema = z.array(z.enum(EXPORT_NAMES));
/** By name; only what was asked for is there. */
export const exportsSchema = z.partialRecord(z.enum(EXPORT_NAMES), z.unknown());
export type Exports = Readonly<z.infer<typeof exportsSchema>>;

/**
 * The exports without what Turnpike itself put into the environment and no script has changed, and without the rows of
 * `privateLayer` whatever became of them. What was a secret is marked as one again, because Newman forgets it.
 */
export function cleanExports(
  exports: Exports,
  from: {
    readonly rendered: Rendered;
    readonly globals: readonly { readonly key: string; readonly secret: boolean }[];
    readonly ownLayers: readonly string[];
    readonly privateLayer: string;
  },
): Exports {
  const rows = new Map(from.rendered.rows.map((row) => [row.key, row]));
  const isOurs = (key: unknown, value: unknown): boolean => {
    const row = typeof key === "string" ? rows.get(key) : undefined;
    if (row === undefined) return false;
    if (row.from === from.privateLayer) return true;
    return from.ownLayers.includes(row.from) && String(row.value) === String(value);
  };
  const secretGlobals = new Set(from.globals.flatMap(({ key, secret }) => (secret ? [key] : [])));
  const cleaned: { [Name in ExportName]?: unknown } = { ...exports };
  if ("environment" in cleaned) {
    const isSecret = (key: string): boolean => rows.get(key)?.secret ?? false;
    cleaned.environment = mapValues(cleaned.environment, (row) =>
      isOurs(row["key"], row["value"]) ? [] : [markSecret(row, isSecret)],
    );
  }
  if ("globals" in cleaned) {
    const isSecret = (key: string): boolean => secretGlobals.has(key);
    cleaned.globals = mapValues(cleaned.globals, (row) => [markSecret(row, isSecret)]);
  }
  return cleaned;
}

/** The document of a file that Postman and Newman read; a cookie jar is kept as it is. */
export function exportDocument(
  name: ExportName,
  content: unknown,
  by: { readonly exportedAt: string; readonly exportedUsing: string },
): unknown {
  if (name === "cookie-jar" || !isJsonObject(content)) return content;
  return {
    name,
    ...content,
    _postman_variable_scope: name,
    _postman_exported_at: by.exportedAt,
    _postman_exported_using: by.exportedUsing,
  };
}

type JsonRow = Readonly<Record<string, unknown>>;

function mapValues(scope: unknown, change: (row: JsonRow) => readonly JsonRow[]): unknown {
  if (!isJsonObject(scope) || !Array.isArray(scope["values"])) return scope;
  const values: readonly unknown[] = scope["values"];
  return {
    ...scope,
    values: values.flatMap((row): readonly unknown[] => (isJsonObject(row) ? change(row) : [row])),
  };
}

function markSecret(row: JsonRow, isSecret: (key: string) => boolean): JsonRow {
  const { key } = row;
  return typeof key === "string" && isSecret(key) ? { ...row, type: "secret" } : row;
}
