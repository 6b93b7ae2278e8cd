/** Values at the edges of what a schema allows at one place, and values just beyond them. */

import * as fc from "fast-check";
import { drawMatch, type Drawing } from "./draw-value.js";
import { MAX_LENGTH } from "./schema-keywords.js";
import { gridOf } from "./number-grid.js";
import type { ListNode, NumberNode, ObjectNode, SchemaNode, StringNode } from "./schema-node.js";

/** A value to try: what it is an edge of, or what it violates, and for people how. */
export interface Candidate {
  readonly keyword: string;
  readonly what: string;
  /** Undefined takes the value away. */
  readonly value: unknown;
  /** A property of the place rather than the place itself. */
  readonly property?: string;
}

export interface Trying {
  readonly at: Drawing;
  readonly draw: (node: SchemaNode) => unknown;
  /** Of the next value drawn by fast-check. */
  readonly seed: () => number;
}

const MAX_CHOICES = 20;
const MAX_ITEMS = 100;
const PATTERN_DRAWS = 20;
/** Characters that count as one and are stored as two, combine, or are written from the right. */
const UNUSUAL = "Zoë Ångström 日本語 العربية 😀";

/** Edges within the schema; whoever takes them has to make sure that they are valid in their document. */
export function edgesOf(node: SchemaNode, value: unknown, trying: Trying): readonly Candidate[] {
  switch (node.kind) {
    case "boolean":
      return [true, false].map((flag) => ({ keyword: "type", what: String(flag), value: flag }));
    case "null":
      return [{ keyword: "type", what: "null", value: null }];
    case "choice":
      return node.values
        .slice(0, MAX_CHOICES)
        .map((one) => ({ keyword: node.keyword, what: shown(one), value: one }));
    case "string":
      return textEdges(node, trying);
    case "number":
      return numberEdges(node);
    case "list":
      return listEdges(node, value, trying);
    case "object":
      return objectEdges(node, value);
    case "any":
    case "never":
    case "union":
    case "reference":
      return [];
  }
}

function textEdges(node: StringNode, trying: Trying): Candidate[] {
  const { minLength, maxLength, pattern, format } = node;
  if (format !== null) return [];
  const lengths = [
    { keyword: "minLength", length: minLength },
    ...(maxLength === null || maxLength > MAX_LENGTH
      ? []
      : [{ keyword: "maxLength", length: maxLength }]),
  ];
  if (pattern !== null) {
    const drawn = Array.from({ length: PATTERN_DRAWS }, () =>
      drawMatch(pattern, trying.seed(), trying.at),
    ).toSorted((left, right) => left.length - right.length);
    return [drawn[0], drawn.at(-1)].map((value) => ({
      keyword: "pattern",
      what: shown(value),
      value,
    }));
  }
  return [
    ...lengths.map(({ keyword, length }) => ({
      keyword,
      what: `${String(length)} characters`,
      value: textOf(length, trying),
    })),
    { keyword: "type", what: "characters beyond ASCII", value: fit(UNUSUAL, node) },
  ];
}

function numberEdges(node: NumberNode): Candidate[] {
  const { first, last, at } = gridOf(node);
  const lower = node.min?.exclusive === true ? "exclusiveMinimum" : "minimum";
  const upper = node.max?.exclusive === true ? "exclusiveMaximum" : "maximum";
  const edges = [
    ...(node.min === null ? [] : [first, first + 1].map((index) => [lower, at(index)] as const)),
    ...(node.max === null ? [] : [last - 1, last].map((index) => [upper, at(index)] as const)),
    ["type", 0] as const,
    ...(node.min === null ? [["type", at(-1)] as const] : []),
  ];
  return edges.map(([keyword, value]) => ({ keyword, what: String(value), value }));
}

function listEdges(node: ListNode, value: unknown, trying: Trying): Candidate[] {
  const given: readonly unknown[] = Array.isArray(value) ? value : [];
  const sized = (count: number): readonly unknown[] =>
    Array.from({ length: count }, (_, at) => given[at] ?? trying.draw(node.items));
  return [
    ["minItems", node.minItems] as const,
    ...(node.maxItems === null || node.maxItems > MAX_ITEMS
      ? []
      : [["maxItems", node.maxItems] as const]),
  ].map(([keyword, count]) => ({
    keyword,
    what: `${String(count)} elements`,
    value: sized(count),
  }));
}

function objectEdges({ properties, required }: ObjectNode, value: unknown): Candidate[] {
  const names = [...properties.keys()];
  const optional = names.filter((name) => !required.has(name));
  if (optional.length === 0 || typeof value !== "object" || value === null) return [];
  const only = Object.fromEntries(Object.entries(value).filter(([name]) => required.has(name)));
  return [
    { keyword: "required", what: "only what is required", value: only },
    ...optional.map((property) => ({
      keyword: "properties",
      what: `without ${property}`,
      value: undefined,
      property,
    })),
  ];
}

/** A text of this many letters and digits. */
export function textOf(length: number, { seed }: Pick<Trying, "seed">): string {
  const unit = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
  const text = fc.string({ unit, minLength: length, maxLength: length, size: "max" });
  return fc.sample(text, { seed: seed(), numRuns: 1 })[0] ?? "";
}

/** As many of the characters as there is room for, repeated where that is not enough. */
function fit(text: string, { minLength, maxLength }: StringNode): string {
  const letters = [...text.repeat(Math.ceil(Math.max(minLength, 1) / [...text].length))];
  return letters
    .slice(0, maxLength ?? letters.length)
    .join("")
    .trim();
}

/** A value as it can stand in the name of a case. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
