/** From a JSON Schema, or one within a larger document, to the tree that data is made from; every fault is named with its place. */

import type { Problem } from "../core/errors.js";
import { isJsonObject, type JsonObject } from "../core/json-object.js";
import { isValid } from "./check-value.js";
import { withDiscriminator } from "./discriminator.js";
import {
  fail,
  flatten,
  isTooMuch,
  MAX_SCHEMAS,
  NEVER,
  resolve,
  type At,
  type Compiling,
  type SchemaPlace,
} from "./flatten-schema.js";
import { mergeSchemas, isAnnotation } from "./merge-schemas.js";
import { leafOf } from "./schema-leaf.js";
import { TYPES, typesMeant, type TypeName } from "./schema-keywords.js";
import { pointerTo, valueAt } from "./schema-reference.js";
import type { ListNode, ObjectNode, SchemaNode } from "./schema-node.js";

/** The tree, which is of use only where there are no problems. */
export function compileSchema(from: SchemaPlace): {
  readonly node: SchemaNode;
  readonly problems: readonly Problem[];
} {
  const compiling: Compiling = {
    from,
    problems: [],
    made: new Map(),
    left: { schemas: MAX_SCHEMAS },
  };
  const place = [from.place, ...from.path].join(".");
  const reference = from.path.length === 0 ? undefined : pointerTo(from.path);
  const node = compile(compiling, valueAt(from.document, from.path), {
    place,
    depth: 0,
    reference,
  });
  return { node, problems: compiling.problems };
}

/** `reference` is what leads to the schema, where something does. */
function compile(
  compiling: Compiling,
  raw: unknown,
  { reference: name, ...at }: At & { readonly reference?: string | undefined },
): SchemaNode {
  if (raw === true) return { kind: "any" };
  if (raw === false) return NEVER;
  if (!isJsonObject(raw))
    return fail(compiling, at.place, "is no schema", "write an object, true or false");
  if (isTooMuch(compiling, at)) return NEVER;
  const { $ref: reference, ...beside } = raw;
  if (typeof reference === "string" && Object.keys(beside).every(isAnnotation))
    return follow(compiling, reference, at);
  const flat = flatten(compiling, raw, { ...at, through: [] });
  if (flat === null) return NEVER;
  const told =
    name === undefined ? flat : withDiscriminator(compiling, flat, { ...at, reference: name });
  return compileFlat(compiling, told, at);
}

/** A schema that is one reference and nothing else; made once, so that one that holds itself has an end. */
function follow(compiling: Compiling, reference: string, at: At): SchemaNode {
  const { made } = compiling;
  const standing = made.get(reference);
  if (standing === null) return { kind: "reference", target: () => made.get(reference) ?? NEVER };
  if (standing !== undefined) return standing;
  made.set(reference, null);
  const target = resolve(compiling, reference, at);
  const node =
    target === null
      ? NEVER
      : compile(compiling, target.schema, {
          place: target.place,
          depth: at.depth + 1,
          reference,
        });
  made.set(reference, node);
  return node;
}

function compileFlat(compiling: Compiling, flat: JsonObject, at: At): SchemaNode {
  const { nullable, ...rest } = flat;
  if (nullable === true) {
    // OpenAPI 3.0: an enum that is to hold null as well often does not list it.
    const node = compileFlat(compiling, rest, at);
    return isValid(node, null)
      ? node
      : { kind: "union", branches: [node, { kind: "null" }], keyword: "type" };
  }
  for (const keyword of ["oneOf", "anyOf"] as const) {
    const { [keyword]: branches, ...others } = rest;
    if (!Array.isArray(branches)) continue;
    return {
      kind: "union",
      keyword,
      branches: branches.map((branch: unknown, index) =>
        compileBranch(
          compiling,
          { others, branch },
          {
            place: `${at.place}.${keyword}.${String(index)}`,
            depth: at.depth + 1,
          },
        ),
      ),
    };
  }
  if (rest["enum"] !== undefined || rest["const"] !== undefined)
    return compileChoice(compiling, rest, at);
  const { type } = rest;
  const names: readonly unknown[] = type === undefined ? [] : Array.isArray(type) ? type : [type];
  const types = TYPES.filter((name) => names.includes(name));
  if (type === undefined) {
    const meant = typesMeant(rest);
    if (meant.length === 0) return { kind: "any" };
    if (meant.length > 1)
      return fail(
        compiling,
        at.place,
        `has keywords of ${meant.join(" and ")}, and no "type"`,
        'add "type"',
      );
    return compileType(compiling, { schema: rest, type: meant[0] ?? "string", typed: false }, at);
  }
  const branches = types.map((name) =>
    compileType(compiling, { schema: rest, type: name, typed: true }, at),
  );
  const [only] = branches;
  return branches.length === 1 && only !== undefined
    ? only
    : { kind: "union", branches, keyword: "type" };
}

/** A branch of a union, together with what stands beside the union. */
function compileBranch(
  compiling: Compiling,
  { others, branch }: { readonly others: JsonObject; readonly branch: unknown },
  at: At,
): SchemaNode {
  if (branch === true) return compileFlat(compiling, others, at);
  const reference = isJsonObject(branch) ? branch["$ref"] : undefined;
  const isTold = typeof reference === "string" && others["discriminator"] !== undefined;
  const isAlone = Object.keys(others).every(isAnnotation) && !isTold;
  if (isAlone || !isJsonObject(branch)) return compile(compiling, branch, at);
  const flat = flatten(compiling, branch, { ...at, through: [] });
  if (flat === null) return NEVER;
  const { merged, problems } = mergeSchemas(flat, others, at.place);
  compiling.problems.push(...problems);
  const told = isTold ? withDiscriminator(compiling, merged, { ...at, reference }) : merged;
  return compileFlat(compiling, told, at);
}

function compileChoice(compiling: Compiling, flat: JsonObject, at: At): SchemaNode {
  const { enum: list, const: single, ...rest } = flat;
  const base = compileFlat(compiling, rest, at);
  const listed: readonly unknown[] = Array.isArray(list) ? list : [single];
  const values = listed.filter(
    (value) =>
      isValid(base, value) &&
      (single === undefined || JSON.stringify(value) === JSON.stringify(single)),
  );
  const keyword = single === undefined ? "enum" : "const";
  if (values.length > 0) return { kind: "choice", values, keyword };
  const message = `none of its values satisfies the other keywords`;
  return fail(compiling, `${at.place}.${keyword}`, message, "correct the values or the type");
}

interface OfType {
  readonly schema: JsonObject;
  readonly type: TypeName;
  readonly typed: boolean;
}

function compileType(compiling: Compiling, of: OfType, at: At): SchemaNode {
  const { type, schema, typed } = of;
  switch (type) {
    case "null":
    case "boolean":
      return { kind: type };
    case "array":
      return compileList(compiling, of, at);
    case "object":
      return compileObject(compiling, of, at);
    case "string":
    case "number":
    case "integer": {
      const { node, problems } = leafOf({ schema, type, typed }, at.place);
      compiling.problems.push(...problems);
      return node;
    }
  }
}

function compileList(compiling: Compiling, { schema, typed }: OfType, at: At): SchemaNode {
  const items = schema["items"] ?? true;
  if (Array.isArray(items))
    return fail(compiling, `${at.place}.items`, "is a list", "use one schema with anyOf");
  const number = (keyword: string): number | null =>
    typeof schema[keyword] === "number" ? schema[keyword] : null;
  const node: ListNode = {
    kind: "list",
    typed,
    items: compile(compiling, items, { place: `${at.place}.items`, depth: at.depth + 1 }),
    minItems: number("minItems") ?? 0,
    maxItems: number("maxItems"),
    unique: schema["uniqueItems"] === true,
  };
  return node.maxItems !== null && node.minItems > node.maxItems
    ? fail(compiling, at.place, "minItems is above maxItems", "correct one of them")
    : node;
}

function compileObject(compiling: Compiling, { schema, typed }: OfType, at: At): SchemaNode {
  const raw = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const kept = Object.entries(raw).filter(([, held]) => !isLeftOut(compiling, held, at));
  const left = Object.keys(raw).filter((name) => !kept.some(([key]) => key === name));
  const properties = kept.map(([name, held]) => {
    const place = `${at.place}.properties.${name}`;
    return [name, compile(compiling, held, { place, depth: at.depth + 1 })] as const;
  });
  const required = (Array.isArray(schema["required"]) ? schema["required"] : []).filter(
    (name): name is string => typeof name === "string" && !left.includes(name),
  );
  const others = compile(compiling, schema["additionalProperties"] ?? true, {
    place: `${at.place}.additionalProperties`,
    depth: at.depth + 1,
  });
  const node: ObjectNode = {
    kind: "object",
    typed,
    properties: new Map(properties),
    required: new Set(required),
    others,
  };
  const unknown = required.filter((name) => !node.properties.has(name));
  if (unknown.length > 0 && others.kind === "never")
    return fail(
      compiling,
      `${at.place}.required`,
      `names ${unknown.join(", ")}, which additionalProperties: false forbids`,
      "add it to properties",
    );
  return node;
}

function isLeftOut(compiling: Compiling, held: unknown, at: At): boolean {
  if (compiling.from.leaveOut === "nothing" || !isJsonObject(held)) return false;
  if (held["readOnly"] === true) return true;
  const reference = held["$ref"];
  if (typeof reference !== "string") return false;
  const target = resolve({ ...compiling, problems: [] }, reference, at)?.schema;
  return isJsonObject(target) && target["readOnly"] === true;
}
