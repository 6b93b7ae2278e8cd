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

/** A Postman v2 environment file as we take it from others: rows that are none are kept, and do not count. */
export const environmentDocumentSchema = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  values: z.array(z.unknown()).default([]),
});
export type EnvironmentDocument = z.infer<typeof environmentDocumentSchema>;

/** One source of variables, named for people: `environment staging`, `plan`, `--env-var`. */
export interface Layer {
  readonly name: string;
  readonly rows: readonly Row[];
}

interface Row {
  readonly key: string;
  readonly value: unknown;
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
    if (row.enabled === false || row.disabled === true) continue;
    rows.delete(row.key);
    rows.set(row.key, {
      key: row.key,
      value: row.value === undefined ? "" : row.value,
      secret: row.type === "secret" || row.secret === true,
    });
  }
  return { name, rows: [...rows.values()] };
}

/** The rows of a document that can be read as such, enabled or not. */
function rowsOf(document: EnvironmentDocument): z.infer<typeof rowSchema>[] {
  return document.values.flatMap((row) => rowSchema.safeParse(row).data ?? []);
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

/** Lays the layers over each other: later ones win. A key that any layer calls a secret stays one, whoever gives its value. */
export function render(layers: readonly Layer[]): Rendered {
  const rendered = new Map<string, RenderedRow>();
  const secrets = new Set<string>();
  for (const layer of layers) {
    for (const row of layer.rows) {
      const before = rendered.get(row.key);
      rendered.set(row.key, {
        key: row.key,
        value: row.value,
        secret: row.secret || (before?.secret ?? false),
        from: layer.name,
        hides: before === undefined ? [] : [before.from, ...before.hides],
      });
    }
  }
  for (const row of rendered.values()) {
    if (row.secret && typeof row.value === "string" && row.value !== "") secrets.add(row.value);
  }
  return { rows: [...rendered.values()], secrets: [...secrets] };
}
