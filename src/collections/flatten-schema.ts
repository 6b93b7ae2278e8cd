/** One schema object from `$ref`, `allOf` and what stands beside them; what cannot be followed or put together is a problem. */

import type { Problem } from "../core/errors.js";
import { isJsonObject, type JsonObject } from "../core/json-object.js";
import { mergeSchemas } from "./merge-schemas.js";
import { keywordProblems } from "./schema-keywords.js";
import type { SchemaNode } from "./schema-node.js";
import { resolveReference } from "./schema-reference.js";

/** Deeper ones are hardly meant, and would exhaust the stack. */
const MAX_DEPTH = 100;
/** References beside other keywords are looked at anew each time, and could multiply. */
export const MAX_SCHEMAS = 20_000;
export const NEVER: SchemaNode = { kind: "never" };

export interface SchemaPlace {
  /** What `$ref` points into. */
  readonly document: unknown;
  /** Keys that lead to the schema. */
  readonly path: readonly string[];
  /** Where the document stands in the request. */
  readonly place: string;
  /** `readOnly` properties are the server's to fill in: data to be sent has none. */
  readonly leaveOut: "nothing" | "readOnly";
}

export interface Compiling {
  readonly from: SchemaPlace;
  readonly problems: Problem[];
  /** By the `$ref` that leads there; null while it is being made. */
  readonly made: Map<string, SchemaNode | null>;
  /** How many schemas may still be looked at. */
  readonly left: { schemas: number };
}

export interface At {
  readonly place: string;
  readonly depth: number;
}

/** One object without `$ref` and `allOf`; null where they lead in a circle or nowhere. */
export function flatten(
  compiling: Compiling,
  raw: JsonObject,
  at: At & { readonly through: readonly string[] },
): JsonObject | null {
  if (isTooMuch(compiling, at)) return null;
  const { $ref: reference, allOf, ...own } = raw;
  const depth = at.depth + 1;
  compiling.problems.push(...keywordProblems(raw, at.place));
  const parts: (JsonObject | null)[] = [own];
  if (typeof reference === "string") {
    const target = resolve(compiling, reference, at);
    if (at.through.includes(reference))
      fail(compiling, `${at.place}.$ref`, "leads back to itself", "remove it");
    else if (target !== null && isJsonObject(target.schema))
      parts.push(
        flatten(compiling, target.schema, {
          place: target.place,
          depth,
          through: [...at.through, reference],
        }),
      );
  }
  for (const [index, part] of (Array.isArray(allOf) ? allOf : []).entries()) {
    const place = `${at.place}.allOf.${String(index)}`;
    if (part === true) continue;
    if (isJsonObject(part)) parts.push(flatten(compiling, part, { ...at, place, depth }));
    else fail(compiling, place, "is no schema that can be put together", "write an object");
  }
  return parts.reduce((left, right) => {
    if (left === null || right === null) return null;
    const { merged, problems } = mergeSchemas(left, right, at.place);
    compiling.problems.push(...problems);
    return merged;
  });
}

export function isTooMuch(compiling: Compiling, { place, depth }: At): boolean {
  compiling.left.schemas -= 1;
  if (depth <= MAX_DEPTH && compiling.left.schemas > 0) return false;
  // Once is enough: everything around it is too much as well.
  if (depth > MAX_DEPTH || compiling.left.schemas === 0)
    fail(compiling, place, "is nested too deeply", "use $ref alone for what comes again");
  return true;
}

export function resolve(
  compiling: Compiling,
  reference: string,
  at: Pick<At, "place">,
): ReturnType<typeof resolveReference>["found"] {
  const { found, problem } = resolveReference(compiling.from, reference, at.place);
  if (problem !== null) compiling.problems.push(problem);
  return found;
}

export function fail(
  compiling: Compiling,
  path: string,
  message: string,
  suggestedAction: string,
): SchemaNode {
  compiling.problems.push({ path, message, suggestedAction });
  return NEVER;
}
