/** `allOf` and what stands beside a `$ref`: several schemas that hold at once, as one. */

import type { Problem } from "../core/errors.js";
import type { JsonObject } from "../core/json-object.js";
import { isJsonObject } from "../core/json-object.js";

const LARGER = ["minimum", "minLength", "minItems"];
const SMALLER = ["maximum", "maxLength", "maxItems"];

/** Both schemas in one; what cannot be put together is answered as a problem at `place`. */
export function mergeSchemas(
  left: JsonObject,
  right: JsonObject,
  place: string,
): { readonly merged: JsonObject; readonly problems: readonly Problem[] } {
  const problems: Problem[] = closedFaults(left, right, place);
  const merged: Record<string, unknown> = { ...left };
  for (const [keyword, value] of Object.entries(right)) {
    const before = merged[keyword];
    if (before === undefined || JSON.stringify(before) === JSON.stringify(value)) {
      merged[keyword] = value;
      continue;
    }
    const both = mergeKeyword(keyword, before, value);
    if (both !== undefined) merged[keyword] = both;
    else
      problems.push({
        path: place,
        message: `"${keyword}" differs between schemas that hold at once, and cannot be put together`,
        suggestedAction: `write one "${keyword}" for both`,
      });
  }
  return { merged, problems };
}

/** Undefined where nobody can say what both mean together. */
function mergeKeyword(keyword: string, left: unknown, right: unknown): unknown {
  if (typeof left === "number" && typeof right === "number") {
    if (LARGER.includes(keyword)) return Math.max(left, right);
    if (SMALLER.includes(keyword)) return Math.min(left, right);
  }
  switch (keyword) {
    case "properties":
      return isJsonObject(left) && isJsonObject(right) ? mergeProperties(left, right) : undefined;
    case "required":
      return [...new Set([...listOf(left), ...listOf(right)])];
    case "type":
      return mergeTypes(listOf(left), listOf(right));
    case "enum": {
      const texts = new Set(listOf(right).map((value) => JSON.stringify(value)));
      return listOf(left).filter((value) => texts.has(JSON.stringify(value)));
    }
    case "items":
      return { allOf: [left, right] };
    case "uniqueItems":
      return true;
    case "nullable":
      return false;
    case "additionalProperties":
      if (left === true || right === true) return left === true ? right : left;
      return left === false || right === false ? false : { allOf: [left, right] };
    default:
      // Titles, descriptions and examples: the nearer one stands.
      return isAnnotation(keyword) ? left : undefined;
  }
}

function mergeProperties(left: JsonObject, right: JsonObject): JsonObject {
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return Object.fromEntries(
    names.map((name) => {
      const [one, other] = [left[name], right[name]];
      return [
        name,
        one === undefined ? other : other === undefined ? one : { allOf: [one, other] },
      ];
    }),
  );
}

function mergeTypes(left: readonly unknown[], right: readonly unknown[]): unknown {
  const both = left.filter(
    (type) => right.includes(type) || (type === "integer" && right.includes("number")),
  );
  const whole = right.includes("integer") && left.includes("number") ? ["integer"] : [];
  const types = [...new Set([...both, ...whole])];
  return types.length === 0 ? undefined : types;
}

/** A schema that is closed to other properties closes itself to those of the others, too, which is hardly ever meant. */
function closedFaults(left: JsonObject, right: JsonObject, place: string): Problem[] {
  const open = (one: JsonObject, other: JsonObject): string[] =>
    one["additionalProperties"] === false
      ? Object.keys(isJsonObject(other["properties"]) ? other["properties"] : {}).filter(
          (name) => !Object.hasOwn(isJsonObject(one["properties"]) ? one["properties"] : {}, name),
        )
      : [];
  const names = [...open(left, right), ...open(right, left)];
  if (names.length === 0) return [];
  return [
    {
      path: place,
      message: `"additionalProperties": false forbids ${names.join(", ")}, which another schema that holds at once has`,
      suggestedAction: "leave it away there, and close the schema that has all properties",
    },
  ];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Keywords that say nothing about which values are valid. */
export function isAnnotation(keyword: string): boolean {
  return ANNOTATIONS.has(keyword) || (keyword.startsWith("x-") && keyword !== "x-faker");
}

const ANNOTATIONS: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "id",
  "$anchor",
  "$comment",
  "$defs",
  "definitions",
  "components",
  "title",
  "description",
  "default",
  "example",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "discriminator",
  "xml",
  "externalDocs",
  "contentMediaType",
  "contentEncoding",
]);
