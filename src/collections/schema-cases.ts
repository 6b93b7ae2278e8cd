/** Cases at the boundaries of a schema and just beyond them: one document each, with what it tries and whether it is valid. */

import * as fc from "fast-check";
import { isJsonObject } from "../core/json-object.js";
import { isValid, violationsOf, type ValuePath } from "./check-value.js";
import { seedDraws } from "./data-fields.js";
import { CannotDraw, drawValue, type Drawing } from "./draw-value.js";
import { edgesOf, type Candidate, type Trying } from "./edge-values.js";
import { placesOf, placeText, replaceIn, valueIn } from "./schema-places.js";
import type { SchemaNode } from "./schema-node.js";
import { wrongsOf } from "./wrong-values.js";

export interface SchemaCase {
  /** `age: minimum (18)` */
  readonly name: string;
  readonly valid: boolean;
  readonly place: string;
  /** What the value is an edge of, or what it violates. */
  readonly keyword: string;
  readonly value: unknown;
}

/** Rounds that brought nothing new before no more is expected. */
const MAX_ROUNDS = 20;
/** Drawn in each round. */
const COMBINATIONS = 30;
/** Each case is a whole document, so their size grows with the square of the schema's. */
const MAX_CHARACTERS = 30_000_000;

/**
 * The cases of a schema in a fixed order, at most `count` where one is asked for. Boundary cases are valid as a whole;
 * in an invalid one only the named keyword is violated, at the named place. More than there are in one pass are drawn with other values.
 */
export function casesOf(
  root: SchemaNode,
  asked: {
    readonly cases: "boundary" | "invalid";
    readonly seed: string;
    readonly count: number | null;
    readonly left: Drawing["left"];
  },
): readonly SchemaCase[] {
  const found = new Map<string, SchemaCase>();
  let characters = 0;
  const isFull = (): boolean => asked.count !== null && found.size >= asked.count;
  const rounds = asked.count === null ? 1 : MAX_ROUNDS;
  for (let round = 0; round < rounds && !isFull(); round += 1) {
    seedDraws(JSON.stringify([asked.seed, asked.cases, round]));
    const at: Drawing = { path: [], depth: 0, left: asked.left };
    const draw = (node: SchemaNode): unknown => drawValue(node, at);
    let seed = hashOf(JSON.stringify([asked.seed, asked.cases, round]));
    const trying: Trying = { at, draw, seed: () => (seed = (seed + 1) | 0) };
    const document = draw(root);
    for (const place of placesOf(root, document, draw)) {
      if (isFull()) break;
      const value = valueIn(place.document, place.path);
      const candidates =
        asked.cases === "boundary"
          ? edgesOf(place.node, value, trying)
          : wrongsOf(place, value, trying);
      for (const candidate of candidates) {
        if (isFull()) break;
        const made = caseOf(root, { ...place, candidate, cases: asked.cases });
        if (made === null) continue;
        const key = JSON.stringify(made.value);
        if (found.has(key)) continue;
        found.set(key, made);
        characters += key.length;
        if (characters > MAX_CHARACTERS)
          throw new CannotDraw(
            [],
            `its cases are more than ${String(MAX_CHARACTERS / 1_000_000)} million characters`,
            "ask for fewer with count, or for a part of the schema",
          );
      }
    }
    if (asked.cases === "boundary" && !isFull()) combine(root, found, { trying, isFull });
  }
  return [...found.values()];
}

/** Null where the candidate turns out not to be what it is meant as, such as a wrong type that another branch allows. */
function caseOf(
  root: SchemaNode,
  from: {
    readonly path: ValuePath;
    readonly document: unknown;
    readonly candidate: Candidate;
    readonly cases: "boundary" | "invalid";
  },
): SchemaCase | null {
  const { candidate, cases } = from;
  const { property, keyword, what } = candidate;
  const path = property === undefined ? from.path : [...from.path, property];
  const value = replaceIn(from.document, path, candidate.value);
  const faults = violationsOf(root, value);
  const text = JSON.stringify(path);
  const isMeant =
    cases === "boundary"
      ? faults.length === 0
      : faults.length > 0 &&
        faults.every((fault) => fault.keyword === keyword && JSON.stringify(fault.path) === text);
  if (!isMeant) return null;
  const place = placeText(path);
  return {
    name: `${place}: ${keyword} (${what})`,
    valid: cases === "boundary",
    place,
    keyword,
    value,
  };
}

/** Documents of several edges at once, drawn by fast-check from those that were found for each property. */
function combine(
  root: SchemaNode,
  found: Map<string, SchemaCase>,
  { trying, isFull }: { readonly trying: Trying; readonly isFull: () => boolean },
): void {
  const edges = new Map<string, unknown[]>();
  for (const { value } of found.values()) {
    for (const [name, held] of isJsonObject(value) ? Object.entries(value) : []) {
      const known = edges.get(name);
      if (known === undefined) edges.set(name, [held]);
      else known.push(held);
    }
  }
  if (edges.size === 0) return;
  const parts = [...edges].map(([name, values]) => [name, fc.constantFrom(...values)] as const);
  const whole = fc.record(Object.fromEntries(parts), { noNullPrototype: true });
  for (const value of fc.sample(whole, { seed: trying.seed(), numRuns: COMBINATIONS })) {
    const key = JSON.stringify(value);
    if (isFull()) return;
    if (found.has(key) || !isValid(root, value)) continue;
    const name = `(whole): several edges at once (${String(found.size + 1)})`;
    found.set(key, { name, valid: true, place: "(whole)", keyword: "properties", value });
  }
}

/** A whole number of 32 bits, as fast-check takes for a seed (FNV-1a). */
function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01_00_01_93);
  return hash | 0;
}
