/** Environments: rows in layers, rendered into the one Postman environment a task runs against. Pure. */

import { z } from "zod";

/** A row as Postman exports it. Rows may carry more keys than these (`description`, `source`); they are kept. */
const rowSchema = z.looseObject({
  key: z.string(),
  value: z.unknown().optional(),
  type: z.string().optional(),
  enabled: z.boolean().optional(),
  disabled: z.boolean().optional(),
  secret: z.boolean().optional(),
});

export type EnvironmentRow = z.infer<typeof rowSchema>;

/** The types that Newman turns a value into whenever it is set or read; `default`, `secret` and all others say nothing of the value. */
export const valueTypeSchema = z.enum(["string", "number", "boolean", "array", "object"]);
type ValueType = z.infer<typeof valueTypeSchema>;

/** A Postman v2 environment file as we take it from others: rows that are none are kept, and do not count. */
export const environmentDocumentSchema = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  values: z.array(z.unknown()).default([]),
});
export type EnvironmentDocument = z.infer<typeof environmentDocumentSchema>;

/** Name of the environment that gives every run its global variables. */
export const GLOBALS = "globals";

/** One source of variables, named for people: `environment staging`, `plan`, `--env-var`. */
export interface Layer {
  readonly name: string;
  readonly rows: readonly Row[];
}

interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly type?: ValueType | undefined;
  readonly secret: boolean;
}

export interface RenderedRow extends Row {
  /** Name of the layer the value came from. */
  readonly from: string;
  /** Names of the layers whose value it hides, nearest first. */
  readonly hides: readonly string[];
}

export interface Rendered {
  readonly rows: readonly RenderedRow[];
  /** Texts to mask wherever they appear. */
  readonly secrets: readonly string[];
}

/** The rows of a document that count: enabled ones, of doubled keys the last. Newman ignores `enabled: false`, so it is decided here. */
export function layerOf(name: string, document: EnvironmentDocument): Layer {
  const rows = new Map<string, Row>();
  for (const row of rowsOf(document)) {
    if (!isEnabled(row)) continue;
    rows.delete(row.key);
    rows.set(row.key, {
      key: row.key,
      value: row.value === undefined ? "" : row.value,
      ...ofType(valueTypeSchema.safeParse(row.type?.toLowerCase()).data),
      secret: isSecret(row),
    });
  }
  return { name, rows: [...rows.values()] };
}

/** The rows of a document that can be read as such, enabled or not. */
export function rowsOf(document: EnvironmentDocument): EnvironmentRow[] {
  return document.values.flatMap((row) => rowSchema.safeParse(row).data ?? []);
}

export function isEnabled(row: EnvironmentRow): boolean {
  return row.enabled !== false && row.disabled !== true;
}

export function isSecret(row: EnvironmentRow): boolean {
  return row.type === "secret" || row.secret === true;
}

/** A layer of plain values that are no secrets, such as generated ones or those of a plan. */
export function plainLayer(
  name: string,
  values: Readonly<Record<string, string | number | boolean>>,
): Layer {
  return {
    name,
    rows: Object.entries(values).map(([key, value]) => ({ key, value, secret: false })),
  };
}

/**
 * Lays the layers over each other: later ones win. A key that any layer calls a secret stays one, whoever gives its value; and
 * one that has a type keeps it, as a variable does that is set by `--env-var`.
 */
export function render(layers: readonly Layer[]): Rendered {
  const rendered = new Map<string, RenderedRow>();
  for (const layer of layers) {
    for (const row of layer.rows) {
      const before = rendered.get(row.key);
      rendered.set(row.key, {
        key: row.key,
        value: row.value,
        ...ofType(row.type ?? before?.type),
        secret: row.secret || (before?.secret ?? false),
        from: layer.name,
        hides: before === undefined ? [] : [before.from, ...before.hides],
      });
    }
  }
  return { rows: [...rendered.values()], secrets: secretsOf([...rendered.values()]) };
}

/** Most rows have no type, and none says so. */
export function ofType(type: ValueType | undefined): { readonly type?: ValueType } {
  return type === undefined ? {} : { type };
}

/** A text with its `{{variables}}` replaced; what no row gives a value stays as it stands. */
export function fillIn(text: string, rows: readonly Row[]): string {
  const values = new Map(rows.map(({ key, value }) => [key, value]));
  return text.replaceAll(/\{\{([^{}]+)\}\}/g, (whole, name: string) => {
    const value = values.get(name.trim());
    return value === undefined ? whole : typeof value === "string" ? value : JSON.stringify(value);
  });
}

/** The texts to mask of these rows. */
export function secretsOf(rows: readonly Row[]): readonly string[] {
  const texts = rows.flatMap(({ secret, value }) =>
    // A number or an object is sent as its text.
    secret && value !== "" && value !== null && value !== undefined
      ? typeof value === "string"
        ? value
        : JSON.stringify(value)
      : [],
  );
  return [...new Set(texts)];
}
