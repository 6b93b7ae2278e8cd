/** Changes to an environment document that touch only what was asked; everything else Postman wrote is kept. Pure. */

import {
  isEnabled,
  isSecret,
  rowsOf,
  type EnvironmentDocument,
  type EnvironmentRow,
} from "./environment.js";
import { isJsonObject } from "./json-object.js";

/** What may be said of a variable; what is not said stays as it is. */
export interface VariableChange {
  readonly value?: unknown;
  readonly secret?: boolean;
  readonly enabled?: boolean;
}

/**
 * Sets a variable: the row that counts for the key is changed, or a new one added at the end. Where it shall not count, no
 * doubled row of the key may count in its place.
 */
export function setVariable(
  document: EnvironmentDocument,
  key: string,
  change: VariableChange,
): EnvironmentDocument {
  const position = countingPositions(document.values).get(key);
  if (position === undefined) {
    return { ...document, values: [...document.values, changeRow(newRow(key), change)] };
  }
  return {
    ...document,
    values: document.values.map((row, index) => {
      if (!isJsonObject(row) || row["key"] !== key) return row;
      if (index === position) return changeRow(row, change);
      return change.enabled === false && counts(row) ? changeRow(row, { enabled: false }) : row;
    }),
  };
}

/** Without every row of that key, doubled and disabled ones, too. */
export function unsetVariable(document: EnvironmentDocument, key: string): EnvironmentDocument {
  return {
    ...document,
    values: document.values.filter((row) => !isJsonObject(row) || row["key"] !== key),
  };
}

/** True when the document has a row of that key, enabled or not. */
export function hasVariable(document: EnvironmentDocument, key: string): boolean {
  return rowsOf(document).some((row) => row.key === key);
}

/** The same environment under another name. Postman tells environments apart by id, so the copy gets its own. */
export function cloneEnvironment(
  document: EnvironmentDocument,
  copy: { readonly name: string; readonly id: string },
): EnvironmentDocument {
  return { ...document, id: copy.id, name: copy.name };
}

/** Lays the enabled variables of others over a document, later ones over earlier ones. */
export function mergeEnvironments(
  document: EnvironmentDocument,
  others: readonly EnvironmentDocument[],
): EnvironmentDocument {
  const values = [...document.values];
  const positions = countingPositions(values);
  for (const row of others.flatMap(countingRows)) {
    const change: VariableChange = {
      value: row.value ?? "",
      enabled: true,
      // A secret stays one, whichever side calls it so.
      ...(isSecret(row) && { secret: true }),
    };
    const position = positions.get(row.key) ?? values.length;
    const standing = values[position] ?? newRow(row.key);
    if (isJsonObject(standing)) values[position] = changeRow(standing, change);
    positions.set(row.key, position);
  }
  return { ...document, values };
}

/** The last enabled row of each key. */
function countingRows(document: EnvironmentDocument): readonly EnvironmentRow[] {
  const rows = rowsOf(document).filter(isEnabled);
  return [...new Map(rows.map((row) => [row.key, row])).values()];
}

/** By its key the index of the row that a change goes to: the last enabled one, else the last. */
function countingPositions(values: readonly unknown[]): Map<string, number> {
  const positions = new Map<string, number>();
  const enabled = new Set<string>();
  for (const [position, row] of values.entries()) {
    const key = isJsonObject(row) ? row["key"] : undefined;
    if (!isJsonObject(row) || typeof key !== "string") continue;
    if (!counts(row) && enabled.has(key)) continue;
    if (counts(row)) enabled.add(key);
    positions.set(key, position);
  }
  return positions;
}

function newRow(key: string): Readonly<Record<string, unknown>> {
  return { key, value: "", type: "default", enabled: true };
}

function counts(row: Readonly<Record<string, unknown>>): boolean {
  return row["enabled"] !== false && row["disabled"] !== true;
}

function changeRow(
  row: Readonly<Record<string, unknown>>,
  { value, secret, enabled }: VariableChange,
): Readonly<Record<string, unknown>> {
  const changed = new Map(Object.entries(row));
  if (value !== undefined) {
    changed.set("value", value);
    // Postman keeps further copies of a value; an old one would win there.
    for (const copy of ["currentValue", "current"]) if (changed.has(copy)) changed.set(copy, value);
  }
  if (secret !== undefined) {
    changed.set("type", secret ? "secret" : "default");
    if (changed.has("secret")) changed.set("secret", secret);
  }
  if (enabled !== undefined) {
    // Rows of collections say `disabled`, those of environments `enabled`; whichever stands is the one to change.
    if (changed.has("disabled")) changed.set("disabled", !enabled);
    if (changed.has("enabled") || !changed.has("disabled")) changed.set("enabled", enabled);
  }
  return Object.fromEntries(changed);
}
