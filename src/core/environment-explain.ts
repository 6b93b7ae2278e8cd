/** Why a variable has the value it has: every row of its key in every layer, and what became of it. Pure. */

import {
  isEnabled,
  isSecret,
  rowsOf,
  type EnvironmentDocument,
  type Layer,
} from "./environment.js";
import { isJsonObject } from "./json-object.js";

/** A source of variables with all its rows, also those that do not count. */
export interface TracedLayer {
  readonly name: string;
  readonly rows: readonly {
    readonly key: string;
    readonly value: unknown;
    readonly secret: boolean;
    readonly enabled: boolean;
    /** Where in its source the row stands: `values.3`; null for sources without rows. */
    readonly place: string | null;
  }[];
}

type Effect =
  | { readonly kind: "wins" }
  | { readonly kind: "hidden"; readonly by: string }
  | { readonly kind: "disabled" }
  /** A later enabled row of the same key in the same layer counts instead. */
  | { readonly kind: "doubled"; readonly by: string };

export interface Step {
  readonly layer: string;
  readonly place: string | null;
  readonly value: unknown;
  readonly effect: Effect;
}

export interface Explanation {
  readonly key: string;
  readonly secret: boolean;
  /** Null when no layer gives the variable a value. */
  readonly from: string | null;
  readonly value: unknown;
  /** Strongest layer first. */
  readonly steps: readonly Step[];
}

/** An environment with the place of every row. */
export function traceDocument(name: string, document: EnvironmentDocument): TracedLayer {
  const rows = document.values.flatMap((raw, position) => {
    const [row] = isJsonObject(raw) ? rowsOf({ values: [raw] }) : [];
    if (row === undefined) return [];
    const { key, value = "" } = row;
    const place = `values.${String(position)}`;
    return [{ key, value, secret: isSecret(row), enabled: isEnabled(row), place }];
  });
  return { name, rows };
}

/** A layer of which only the rows that count are known. */
export function traceLayer({ name, rows }: Layer): TracedLayer {
  return { name, rows: rows.map((row) => ({ ...row, enabled: true, place: null })) };
}

/** `layers` from the weakest to the strongest, as they are rendered. */
export function explainVariable(layers: readonly TracedLayer[], key: string): Explanation {
  const rows = layers.flatMap((layer) =>
    layer.rows.filter((row) => row.key === key).map((row) => ({ ...row, layer: layer.name })),
  );
  const counting = layers.flatMap((layer) => {
    const last = layer.rows.findLast((row) => row.key === key && row.enabled);
    return last === undefined ? [] : [{ ...last, layer: layer.name }];
  });
  const winner = counting.at(-1);
  const steps = rows.toReversed().map(({ layer, place, value, enabled }): Step => {
    const counts = counting.find((row) => row.layer === layer);
    const at = { layer, place, value };
    if (!enabled) return { ...at, effect: { kind: "disabled" } };
    if (counts !== undefined && counts.place !== place)
      return { ...at, effect: { kind: "doubled", by: counts.place ?? layer } };
    if (winner !== undefined && winner.layer !== layer)
      return { ...at, effect: { kind: "hidden", by: winner.layer } };
    return { ...at, effect: { kind: "wins" } };
  });
  return {
    key,
    secret: counting.some(({ secret }) => secret),
    from: winner?.layer ?? null,
    value: winner?.value ?? null,
    steps,
  };
}
