/** What an OpenAPI `discriminator` asks of a named schema: that its property says which schema a value is of. */

import { isJsonObject, type JsonObject } from "../core/json-object.js";
import { flatten, type At, type Compiling } from "./flatten-schema.js";
import { isAnnotation } from "./merge-schemas.js";
import { pathOf } from "./schema-reference.js";

/**
 * The flat schema that `reference` leads to, with the property that its discriminator reads as a constant. No validator asks for
 * it, but a service tells its schemas apart by nothing else. What a schema says of that property itself stands.
 */
export function withDiscriminator(
  compiling: Compiling,
  flat: JsonObject,
  { reference, ...at }: At & { readonly reference: string },
): JsonObject {
  const property = propertyOf(flat["discriminator"]);
  const isUnion = Array.isArray(flat["oneOf"]) || Array.isArray(flat["anyOf"]);
  if (property === null || isUnion) return flat;
  const properties = isJsonObject(flat["properties"]) ? flat["properties"] : {};
  const raw = properties[property] ?? {};
  if (!isJsonObject(raw)) return flat;
  // Its faults are told where the property itself is looked at.
  const held = flatten({ ...compiling, problems: [] }, raw, { ...at, through: [] });
  const value = valueOf(flat["discriminator"], reference);
  const listed = held?.["enum"];
  const types: unknown = held?.["type"] ?? "string";
  const isFree =
    held !== null &&
    (Array.isArray(types) ? types : [types]).includes("string") &&
    Object.keys(held).every((key) => key === "type" || key === "enum" || isAnnotation(key));
  if (!isFree || value === null || (Array.isArray(listed) && !listed.includes(value))) return flat;
  const required: readonly unknown[] = Array.isArray(flat["required"]) ? flat["required"] : [];
  return {
    ...flat,
    properties: { ...properties, [property]: { ...raw, const: value } },
    required: [...new Set([...required, property])],
  };
}

/** Swagger 2 names the property alone. */
function propertyOf(discriminator: unknown): string | null {
  const name = isJsonObject(discriminator) ? discriminator["propertyName"] : discriminator;
  return typeof name === "string" ? name : null;
}

/** As the mapping calls the schema, else its own name. */
function valueOf(discriminator: unknown, reference: string): string | null {
  const name = pathOf(reference)?.at(-1) ?? null;
  const mapping = isJsonObject(discriminator) ? discriminator["mapping"] : null;
  const mapped = Object.entries(isJsonObject(mapping) ? mapping : {}).find(
    ([, target]) => target === reference || target === name,
  );
  return mapped?.[0] ?? name;
}
