/** The numbers a schema allows, counted as multiples of one step, so that bounds and neighbours are exact. */

import type { NumberNode } from "./schema-node.js";

export interface NumberGrid {
  /** Which multiples of the step are allowed. */
  readonly first: number;
  readonly last: number;
  /** The multiple with this number. */
  readonly at: (index: number) => number;
}

/** How far values go from a bound that has no counterpart. */
const RANGE = 1000;
const MAX_DIGITS = 9;

/** Empty, with `first` above `last`, where no multiple lies between the bounds. */
export function gridOf(node: NumberNode): NumberGrid {
  const { min, max, multipleOf, whole } = node;
  const step = stepOf(node);
  const digits = digitsOf(step);
  const at = (index: number): number => Number((index * step).toFixed(digits)) + 0;
  const lowest = min?.value ?? (max === null ? 0 : Math.min(0, max.value - RANGE * step));
  const highest = max?.value ?? Math.max(lowest, 0) + RANGE * (whole ? 1 : Math.max(step, 1));
  // 0.29 / 0.01 is 28.999999999999996: what is that close to a whole number is meant to be one.
  let first = Math.ceil(lowest / step - 1e-9);
  let last = Math.floor(highest / step + 1e-9);
  if (min?.exclusive === true && at(first) <= min.value) first += 1;
  if (max?.exclusive === true && at(last) >= max.value) last -= 1;
  if (whole && multipleOf !== null && !Number.isInteger(multipleOf))
    return { first: 1, last: 0, at };
  return { first, last, at };
}

/** Fine enough that between two bounds there is something to choose from. */
function stepOf({ min, max, multipleOf, whole }: NumberNode): number {
  if (multipleOf !== null) return multipleOf;
  if (whole) return 1;
  const digits = Math.max(digitsOf(min?.value ?? 0), digitsOf(max?.value ?? 0), 1);
  // Not a power: 10 ** -4 is 0.00009999999999999999.
  return Number(`1e-${String(Math.min(digits + 1, MAX_DIGITS))}`);
}

/** Digits after the point. */
function digitsOf(value: number): number {
  const [, exponent = "0"] = value.toExponential().split("e");
  const mantissa = value.toExponential().split("e")[0]?.split(".")[1]?.length ?? 0;
  return Math.min(Math.max(0, mantissa - Number(exponent)), 20);
}
