/** The keywords of JSON Schema that test data can be made from, and what to write instead of the others. */

import type { Problem } from "../core/errors.js";
import { isJsonObject, type JsonObject } from "../core/json-object.js";
import { nearest } from "../core/nearest.js";
import { isAnnotation } from "./merge-schemas.js";
import { FORMATS } from "./schema-node.js";

/** Keywords that only values of one type are held to. */
const BY_TYPE = {
  string: ["minLength", "maxLength", "pattern", "format", "x-faker"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  array: ["items", "minItems", "maxItems", "uniqueItems"],
  object: ["properties", "required", "additionalProperties"],
} as const;
const KEYWORDS: readonly string[] = [
  ...Object.values(BY_TYPE).flat(),
  "$ref",
  "type",
  "enum",
  "const",
  "nullable",
  "allOf",
  "anyOf",
  "oneOf",
];
export const TYPES = ["string", "number", "integer", "boolean", "null", "array", "object"] as const;
export type TypeName = (typeof TYPES)[number];

/** Formats that say how a value is written elsewhere, and nothing that is not said by its type. */
const PLAIN_FORMATS = ["int32", "int64", "float", "double", "binary", "password"];

/** What says the same with keywords there are. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["not", "say what is allowed instead"],
  ["if", "write the cases as branches of oneOf"],
  ["then", "write the cases as branches of oneOf"],
  ["else", "write the cases as branches of oneOf"],
  ["dependentRequired", "write the cases as branches of oneOf"],
  ["dependentSchemas", "write the cases as branches of oneOf"],
  ["dependencies", "write the cases as branches of oneOf"],
  ["patternProperties", "name the properties, or use additionalProperties"],
  ["propertyNames", "name the properties"],
  ["minProperties", "use required"],
  ["maxProperties", "name the properties, with additionalProperties: false"],
  ["prefixItems", "use items with anyOf, or an object"],
  ["additionalItems", "use items with anyOf, or an object"],
  ["contains", "use minItems and items"],
  ["minContains", "use minItems and items"],
  ["maxContains", "use maxItems and items"],
  ["unevaluatedProperties", "use additionalProperties: false"],
  ["unevaluatedItems", "use maxItems"],
  ["$dynamicRef", "use $ref"],
  ["$recursiveRef", "use $ref"],
]);

/** What cannot be used of one schema object. */
export function keywordProblems(schema: JsonObject, place: string): Problem[] {
  return Object.entries(schema).flatMap(([keyword, value]): Problem[] => {
    const path = `${place}.${keyword}`;
    const instead = INSTEAD.get(keyword);
    if (instead !== undefined)
      return [
        {
          path,
          message: `data cannot be made from the keyword "${keyword}"`,
          suggestedAction: instead,
        },
      ];
    if (KEYWORDS.includes(keyword)) return valueProblems(keyword, value, path);
    if (isAnnotation(keyword)) return [];
    const guess = nearest(keyword, KEYWORDS);
    return [
      {
        path,
        message: `JSON Schema has no keyword "${keyword}"`,
        suggestedAction:
          guess === null ? `remove it, or call it "x-${keyword}"` : `did you mean "${guess}"?`,
      },
    ];
  });
}

/** The types a schema without `type` speaks of. */
export function typesMeant(schema: JsonObject): readonly TypeName[] {
  return Object.entries(BY_TYPE).flatMap(([type, keywords]) =>
    keywords.some((keyword) => schema[keyword] !== undefined)
      ? TYPES.filter((name) => name === type)
      : [],
  );
}

/** Longer texts and lists than anybody makes test data of, which would only fill the memory. */
export const MAX_LENGTH = 10_000;

function valueProblems(keyword: string, value: unknown, path: string): Problem[] {
  const fault = valueFault(keyword, value);
  return fault === null ? [] : [{ path, ...fault }];
}

function valueFault(keyword: string, value: unknown): Omit<Problem, "path"> | null {
  switch (keyword) {
    case "minLength":
    case "minItems":
    case "maxLength":
    case "maxItems": {
      if (typeof value !== "number" || !Number.isInteger(value) || value < 0)
        return { message: "must be a whole number from 0" };
      return keyword.startsWith("min") && value > MAX_LENGTH
        ? { message: `is more than ${String(MAX_LENGTH)}`, suggestedAction: "lower it" }
        : null;
    }
    case "minimum":
    case "maximum":
      return typeof value === "number" ? null : { message: "must be a number" };
    case "exclusiveMinimum":
    case "exclusiveMaximum":
      return typeof value === "number" || typeof value === "boolean"
        ? null
        : { message: "must be a number, or true or false as in OpenAPI 3.0" };
    case "multipleOf":
      return typeof value === "number" && value > 0
        ? null
        : { message: "must be a number above 0" };
    case "uniqueItems":
    case "nullable":
      return typeof value === "boolean" ? null : { message: "must be true or false" };
    case "enum":
    case "anyOf":
    case "oneOf":
    case "allOf":
      return Array.isArray(value) && value.length > 0
        ? null
        : { message: "must be a list that is not empty" };
    case "required":
      return Array.isArray(value) && value.every((name) => typeof name === "string")
        ? null
        : { message: "must be a list of names" };
    case "properties":
      return isJsonObject(value) ? null : { message: "must be an object of schemas" };
    case "$ref":
    case "x-faker":
      return typeof value === "string" ? null : { message: "must be a text" };
    case "type":
      return typeFault(value);
    case "format":
      return formatFault(value);
    case "pattern":
      return patternFault(value);
    default:
      return null;
  }
}

function typeFault(value: unknown): Omit<Problem, "path"> | null {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((name) => TYPES.some((type) => type === name))
    ? null
    : { message: `must be one of ${TYPES.join(", ")}, or a list of them` };
}

function formatFault(value: unknown): Omit<Problem, "path"> | null {
  const known: readonly string[] = [...FORMATS, ...PLAIN_FORMATS];
  if (typeof value === "string" && known.includes(value)) return null;
  return {
    message: `no values can be made for the format ${JSON.stringify(value)}; there are ${known.join(", ")}`,
    suggestedAction: "use one of them, or pattern, or remove it",
  };
}

function patternFault(value: unknown): Omit<Problem, "path"> | null {
  if (typeof value !== "string" || regexOf(value) === null)
    return { message: "must be a regular expression" };
  return /\\[pP]\{/.test(value)
    ? {
        message: "what \\p{…} stands for changes with the version of Node",
        suggestedAction: "name the letters, such as [A-Za-z]",
      }
    : null;
}

/** As validators read it, with Unicode; patterns written for other engines often work only without. */
export function regexOf(pattern: string): RegExp | null {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // Tried the other way, and then answered as null.
    }
  }
  return null;
}
