/** Values that violate one keyword of a schema at one place, as property-based testing draws them. */

import * as fc from "fast-check";
import { matches } from "./check-value.js";
import { shown, textOf, type Candidate, type Trying } from "./edge-values.js";
import { gridOf } from "./number-grid.js";
import { MAX_LENGTH } from "./schema-keywords.js";
import type { SchemaPlaceInValue } from "./schema-places.js";
import type {
  Format,
  ListNode,
  NumberNode,
  ObjectNode,
  SchemaNode,
  StringNode,
} from "./schema-node.js";

const EXTRA = "unexpectedProperty";
const MAX_ITEMS = 1000;

/** Candidates; whoever takes them has to make sure that they are invalid in their document. */
export function wrongsOf(
  { node, isBranch }: Pick<SchemaPlaceInValue, "node" | "isBranch">,
  value: unknown,
  trying: Trying,
): readonly Candidate[] {
  // A branch is left by values of other types for the next one; the union has tried what none of them takes.
  const types = isBranch === true ? [] : wrongTypes(node, trying);
  switch (node.kind) {
    case "any":
    case "never":
    case "reference":
    case "null":
    case "union":
      return types;
    case "boolean":
      return [...types, { keyword: "type", what: 'the text "true"', value: "true" }];
    case "choice":
      return wrongChoices(node.keyword, node.values, trying);
    case "string":
      return [...types, ...wrongTexts(node, trying)];
    case "number":
      return [...types, ...wrongNumbers(node, value)];
    case "list":
      return [...types, ...wrongLists(node, value, trying)];
    case "object":
      return [...types, ...wrongObjects(node)];
  }
}

const OTHER_TYPES = {
  "a text": fc.constantFrom("text", "x", "not what was asked for"),
  "a number": fc.integer({ min: 2, max: 1_000_000 }),
  "true or false": fc.boolean(),
  null: fc.constant(null),
  "a list": fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 }),
  "an object": fc.record({ unexpected: fc.boolean() }, { noNullPrototype: true }),
} as const;

/** One value of each type; those that are allowed turn out to be valid. */
function wrongTypes(node: SchemaNode, trying: Trying): Candidate[] {
  if ("typed" in node && !node.typed) return [];
  return Object.entries(OTHER_TYPES).map(([what, arbitrary]) => {
    const [value] = fc.sample<unknown>(arbitrary, { seed: trying.seed(), numRuns: 1 });
    const keyword = node.kind === "union" ? node.keyword : "type";
    return { keyword, what: what === "null" ? what : `${what}: ${shown(value)}`, value };
  });
}

function wrongChoices(keyword: string, values: readonly unknown[], trying: Trying): Candidate[] {
  const [first] = values;
  const other: unknown =
    typeof first === "string"
      ? `${first}-${textOf(4, trying)}`
      : typeof first === "number"
        ? Math.max(...values.filter((value) => typeof value === "number")) + 1
        : textOf(8, trying);
  const cased = typeof first === "string" ? [first.toUpperCase(), first.toLowerCase(), ""] : [];
  return [other, ...cased, null].map((value) => ({
    keyword,
    what: `${shown(value)} is none of the values`,
    value,
  }));
}

function wrongTexts(node: StringNode, trying: Trying): Candidate[] {
  const { minLength, maxLength, pattern, format } = node;
  const lengths = [
    ...(minLength > 0 ? [{ keyword: "minLength", length: minLength - 1 }] : []),
    ...(maxLength !== null && maxLength < MAX_LENGTH
      ? [{ keyword: "maxLength", length: maxLength + 1 }]
      : []),
  ].map(({ keyword, length }) => ({
    keyword,
    what: `${String(length)} characters`,
    value: long(format, length, trying),
  }));
  const texts: readonly string[] = format === null ? [] : WRONG_FORMATS[format];
  const formats = texts.map((value) => ({
    keyword: "format",
    what: `${shown(value)} is no ${format ?? ""}`,
    value,
  }));
  return [...lengths, ...formats, ...(pattern === null ? [] : mismatches(node, pattern, trying))];
}

/** A text that is wrong in nothing but its length, where the format leaves its length open. */
function long(format: Format | null, length: number, trying: Trying): string {
  const frame = { email: ["", "@example.com"], uri: ["https://example.com/", ""] } as const;
  if (format !== "email" && format !== "uri") return textOf(length, trying);
  const [before, after] = frame[format];
  const rest = Math.max(1, length - before.length - after.length);
  return `${before}${textOf(rest, trying)}${after}`;
}

/** Texts that keep to the lengths and do not match: any, and a matching one with something before it. */
function mismatches(node: StringNode, pattern: RegExp, trying: Trying): Candidate[] {
  const fits = { minLength: node.minLength, maxLength: Math.min(node.maxLength ?? 30, 30) };
  const drawn = fc.sample(fc.string({ ...fits, minLength: Math.min(fits.minLength, 30) }), {
    seed: trying.seed(),
    numRuns: 50,
  });
  return drawn
    .filter((text) => !matches(pattern, text) && !text.includes("{{"))
    .slice(0, 1)
    .map((value) => ({ keyword: "pattern", what: `${shown(value)} does not match`, value }));
}

const WRONG_FORMATS = {
  byte: ["not base64!", "a"],
  date: ["2026-02-30", "31.12.2026"],
  "date-time": ["2026-01-31", "2026-01-31T25:00:00Z"],
  email: ["not-an-address", "two@@example.com"],
  hostname: ["-example.com", "two words.com"],
  ipv4: ["256.0.0.1", "1.2.3"],
  ipv6: ["12345::", "1.2.3.4"],
  time: ["25:00:00Z", "noon"],
  uri: ["not a uri", "//"],
  uuid: ["not-a-uuid", "3f2504e0-4f89-41d3-9a0c-0305e82c330"],
} as const satisfies Record<Format, readonly string[]>;

function wrongNumbers(node: NumberNode, value: unknown): Candidate[] {
  const { min, max, multipleOf, whole } = node;
  const { first, last, at } = gridOf(node);
  const standing = typeof value === "number" ? value : at(first);
  const below = min?.exclusive === true ? "exclusiveMinimum" : "minimum";
  const above = max?.exclusive === true ? "exclusiveMaximum" : "maximum";
  const between = whole ? 1 : (multipleOf ?? 1) / 2;
  const candidates: readonly (readonly [string, number])[] = [
    ...(min === null ? [] : [[below, at(first - 1)] as const, [below, at(first - 1000)] as const]),
    ...(max === null ? [] : [[above, at(last + 1)] as const, [above, at(last + 1000)] as const]),
    ...(multipleOf === null
      ? []
      : [standing + between, standing - between].map((one) => ["multipleOf", one] as const)),
    ...(whole && node.typed ? [["type", standing + 0.5] as const] : []),
  ];
  return candidates.map(([keyword, one]) => ({ keyword, what: String(one), value: one }));
}

function wrongLists(node: ListNode, value: unknown, trying: Trying): Candidate[] {
  const given: readonly unknown[] = Array.isArray(value) ? value : [];
  const sized = (count: number): readonly unknown[] =>
    Array.from({ length: count }, (_, at) => given[at] ?? trying.draw(node.items));
  const [first = trying.draw(node.items)] = given;
  return [
    ...(node.minItems > 0 ? [["minItems", node.minItems - 1] as const] : []),
    ...(node.maxItems !== null && node.maxItems < MAX_ITEMS
      ? [["maxItems", node.maxItems + 1] as const]
      : []),
  ]
    .map(([keyword, count]): Candidate => ({
      keyword,
      what: `${String(count)} elements`,
      value: sized(count),
    }))
    .concat(
      node.unique
        ? [
            {
              keyword: "uniqueItems",
              what: "an element twice",
              value: [first, first, ...given.slice(2)],
            },
          ]
        : [],
    );
}

function wrongObjects({ required, others }: ObjectNode): Candidate[] {
  const missing = [...required].map((property) => ({
    keyword: "required",
    what: "missing",
    value: undefined,
    property,
  }));
  return others.kind === "never"
    ? [
        ...missing,
        { keyword: "additionalProperties", what: "not expected", value: 1, property: EXTRA },
      ]
    : missing;
}
