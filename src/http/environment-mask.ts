/** Secrets of an environment on their way out and back in: shown as a mask, and never replaced by one. */

import type { EnvironmentDocument } from "../core/environment.js";
import { refuse } from "../core/errors.js";
import { MASK, maskValue } from "../core/redact.js";

/** Where exports of Postman keep the value of a row, and further copies of it. */
const VALUE_KEYS: ReadonlySet<string> = new Set([
  "value",
  "initialValue",
  "currentValue",
  "initial",
  "current",
]);

/** The document with the value of each secret row hidden; an empty value stays empty, because that is worth knowing. */
export function maskEnvironment(document: EnvironmentDocument): EnvironmentDocument {
  return { ...document, values: document.values.map(maskRow) };
}

/** Throws INVALID_ENVIRONMENT for every row that carries the mask back: writing it would destroy the secret behind it. */
export function refuseMasks(document: EnvironmentDocument): void {
  const problems = document.values.flatMap((row, position) =>
    Object.entries(isObject(row) ? row : {})
      .filter(([key, value]) => VALUE_KEYS.has(key) && value === MASK)
      .map(([key]) => ({
        path: `values.${String(position)}.${key}`,
        message: `${MASK} is what this API shows instead of a secret; storing it would destroy the secret`,
        suggestedAction: "send the secret itself",
      })),
  );
  refuse("INVALID_ENVIRONMENT", "the environment", problems);
}

function maskRow(row: unknown): unknown {
  if (!isObject(row) || (row["type"] !== "secret" && row["secret"] !== true)) return row;
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      VALUE_KEYS.has(key) ? maskValue(value) : value,
    ]),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
