/** Values of flags: those that may be repeated, pairs, and numbers. Commander calls these for each value given. */

import { BAIL_MODIFIERS, bailSchema, type Bail } from "../core/bail.js";
import { TurnpikeError } from "../core/errors.js";

/** Commander gives `true` where only the negated flag has a default. */
export function collect(value: string, before: readonly string[] | true | undefined): string[] {
  return before === undefined || before === true ? [value] : [...before, value];
}

/** Gathers the `key=value` texts of a flag that may be given several times. */
export function collectPair(
  value: string,
  before: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const at = value.indexOf("=");
  if (at < 1) throw new TurnpikeError("INVALID_REQUEST", `"${value}" is not key=value`);
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

export function wholeNumber(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new TurnpikeError("INVALID_REQUEST", `"${value}" is not a whole number`);
}

/** Newman's `--bail folder,failure`; without a value commander gives `true`. */
export function bailModifiers(value: string): Bail {
  const read = bailSchema.safeParse(value.split(",").map((modifier) => modifier.trim()));
  if (read.success) return read.data;
  throw new TurnpikeError(
    "INVALID_REQUEST",
    `"${value}" is no modifier of --bail; give ${BAIL_MODIFIERS.join(", ")}, both with a comma, or none`,
  );
}
