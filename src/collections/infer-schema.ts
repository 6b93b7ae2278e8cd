/** A JSON Schema from a sample: what the sample shows for certain, in words that draft 7 and 2020-12 share. */

/** No `$schema`: the Ajv in Postman's sandbox knows drafts up to 7 and refuses the name of a later one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is known of one place, merged over every sample seen there. */
interface Shape {
  readonly types: ReadonlySet<JsonType>;
  /** Undefined before the first text and null once two texts differ in format. */
  readonly format: string | null | undefined;
  readonly properties: ReadonlyMap<string, Shape>;
  /** Keys that every object seen here has. */
  readonly required: ReadonlySet<string>;
  readonly items: Shape | null;
}

type JsonType = "null" | "boolean" | "integer" | "number" | "string" | "object" | "array";

const EMPTY: Shape = {
  types: new Set(),
  format: undefined,
  properties: new Map(),
  required: new Set(),
  items: null,
};

/**
 * The schema of a parsed JSON value. Every key of an object is required; the elements of a list share one schema, in which
 * only the keys they all have are. A whole number is taken for an integer, so a sample should show fractions where there
 * can be some. A place that holds nothing but null is left open: null says it may be absent, not what
 * else it holds.
 */
export function inferSchema(sample: unknown): JsonSchema {
  return toSchema(shapeOf(sample));
}

function shapeOf(value: unknown): Shape {
  if (value === null || value === undefined) return { ...EMPTY, types: new Set(["null"]) };
  if (typeof value === "boolean") return { ...EMPTY, types: new Set(["boolean"]) };
  if (typeof value === "number") {
    return { ...EMPTY, types: new Set([Number.isInteger(value) ? "integer" : "number"]) };
  }
  if (typeof value === "string") {
    return { ...EMPTY, types: new Set(["string"]), format: formatOf(value) };
  }
  if (Array.isArray(value)) {
    const items = value
      .map(shapeOf)
      .reduce<Shape | null>((sum, shape) => (sum === null ? shape : merge(sum, shape)), null);
    return { ...EMPTY, types: new Set(["array"]), items };
  }
  const entries = Object.entries(value).map(([key, held]) => [key, shapeOf(held)] as const);
  return {
    ...EMPTY,
    types: new Set(["object"]),
    properties: new Map(entries),
    required: new Set(entries.map(([key]) => key)),
  };
}

function merge(left: Shape, right: Shape): Shape {
  const properties = new Map(left.properties);
  for (const [key, shape] of right.properties) {
    const before = properties.get(key);
    properties.set(key, before === undefined ? shape : merge(before, shape));
  }
  return {
    types: new Set([...left.types, ...right.types]),
    format: mergeFormats(left.format, right.format),
    properties,
    required: mergeRequired(left, right),
    items:
      left.items !== null && right.items !== null
        ? merge(left.items, right.items)
        : (left.items ?? right.items),
  };
}

function mergeFormats(left: Shape["format"], right: Shape["format"]): Shape["format"] {
  if (left === undefined) return right;
  return right === undefined || left === right ? left : null;
}

/** Only objects have a say in which keys are required; a null beside them does not. */
function mergeRequired(left: Shape, right: Shape): ReadonlySet<string> {
  if (!left.types.has("object")) return right.required;
  if (!right.types.has("object")) return left.required;
  return new Set([...left.required].filter((key) => right.required.has(key)));
}

function toSchema(shape: Shape): JsonSchema {
  // An integer is a number as well, so where both were seen only the wider one is named.
  const types = [...shape.types].filter((type) => type !== "integer" || !shape.types.has("number"));
  if (types.every((type) => type === "null")) return {};
  const schema: Record<string, unknown> = { type: types.length === 1 ? types[0] : types };
  if (typeof shape.format === "string") schema["format"] = shape.format;
  if (shape.types.has("object")) {
    const properties = [...shape.properties].map(([key, held]) => [key, toSchema(held)] as const);
    schema["properties"] = Object.fromEntries(properties);
    if (shape.required.size > 0) schema["required"] = [...shape.required];
  }
  if (shape.items !== null) schema["items"] = toSchema(shape.items);
  return schema;
}

/** A format only where the whole text leaves no doubt; a wrong guess would be a false red later. */
function formatOf(text: string): string | null {
  if (/^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i.test(text))
    return "uuid";
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(text))
    return realDate(text, "date-time");
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return realDate(text, "date");
  if (/^[\w.+-]+@[A-Za-z\d](?:[A-Za-z\d-]*\.)+[A-Za-z]{2,}$/.test(text)) return "email";
  if (/^https?:\/\/[A-Za-z\d.-]+(?::\d+)?(?:\/[\w./~%+-]*)?$/.test(text)) return "uri";
  return null;
}

function realDate(text: string, format: string): string | null {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= days;
  return exists && !Number.isNaN(Date.parse(text)) ? format : null;
}
