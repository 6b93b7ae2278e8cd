/** Texts and numbers of a JSON Schema: their bounds from all the keywords that say some. */

import type { Problem } from "../core/errors.js";
import type { JsonObject } from "../core/json-object.js";
import { nearest } from "../core/nearest.js";
import { PLAIN_TYPES } from "./data-fields.js";
import { regexOf } from "./schema-keywords.js";
import {
  FORMATS,
  type Bound,
  type NumberNode,
  type SchemaNode,
  type StringNode,
} from "./schema-node.js";

interface LeafSchema {
  readonly schema: JsonObject;
  readonly type: "string" | "number" | "integer";
  readonly typed: boolean;
}

interface Leaf {
  readonly node: SchemaNode;
  readonly problems: readonly Problem[];
}

/** A leaf whose bounds exclude every value is a problem. */
export function leafOf(of: LeafSchema, place: string): Leaf {
  return of.type === "string" ? stringOf(of, place) : numberOf(of, place);
}

function stringOf({ schema, typed }: LeafSchema, place: string): Leaf {
  const { pattern, format, minLength, maxLength, "x-faker": drawnAs } = schema;
  const node: StringNode = {
    kind: "string",
    typed,
    minLength: typeof minLength === "number" ? minLength : 0,
    maxLength: typeof maxLength === "number" ? maxLength : null,
    pattern: typeof pattern === "string" ? regexOf(pattern) : null,
    format: FORMATS.find((known) => known === format) ?? null,
    drawnAs: typeof drawnAs === "string" ? drawnAs : null,
  };
  const problems: Problem[] = [];
  if (node.maxLength !== null && node.minLength > node.maxLength)
    problems.push(contradiction(place, "minLength is above maxLength"));
  if (node.pattern !== null && node.format !== null)
    problems.push({
      path: place,
      message: "values cannot be made for a pattern and a format at once",
      suggestedAction: "keep one of them",
    });
  if (node.drawnAs !== null && !PLAIN_TYPES.includes(node.drawnAs)) {
    const guess = nearest(node.drawnAs, PLAIN_TYPES);
    problems.push({
      path: `${place}.x-faker`,
      message: `no values are called "${node.drawnAs}"; there are ${PLAIN_TYPES.join(", ")}`,
      suggestedAction: guess === null ? "use one of them" : `did you mean "${guess}"?`,
    });
  }
  return { node, problems };
}

const INT32 = 2 ** 31;

function numberOf({ schema, type, typed }: LeafSchema, place: string): Leaf {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema;
  const formatMin = format === "int32" ? [{ value: -INT32, exclusive: false }] : [];
  const formatMax = format === "int32" ? [{ value: INT32 - 1, exclusive: false }] : [];
  const node: NumberNode = {
    kind: "number",
    typed,
    // OpenAPI documents say "type: number, format: int32" as well.
    whole: type === "integer" || format === "int32" || format === "int64",
    min: narrowest([...formatMin, ...boundsOf(minimum, exclusiveMinimum)], 1),
    max: narrowest([...formatMax, ...boundsOf(maximum, exclusiveMaximum)], -1),
    multipleOf: typeof multipleOf === "number" ? multipleOf : null,
  };
  const { min, max } = node;
  const isEmpty =
    min !== null &&
    max !== null &&
    (min.value > max.value || (min.value === max.value && (min.exclusive || max.exclusive)));
  const problem = contradiction(place, "the lowest value is above the highest");
  return { node, problems: isEmpty ? [problem] : [] };
}

/** OpenAPI 3.0 and draft 4 say `exclusiveMinimum: true` beside `minimum`; later drafts give it a number of its own. */
function boundsOf(inclusive: unknown, exclusive: unknown): readonly Bound[] {
  return [
    ...(typeof inclusive === "number" ? [{ value: inclusive, exclusive: exclusive === true }] : []),
    ...(typeof exclusive === "number" ? [{ value: exclusive, exclusive: true }] : []),
  ];
}

/** `direction` is 1 where the highest bound counts, -1 where the lowest does. */
function narrowest(bounds: readonly Bound[], direction: 1 | -1): Bound | null {
  return (
    bounds.toSorted(
      (left, right) =>
        direction * (right.value - left.value) || Number(right.exclusive) - Number(left.exclusive),
    )[0] ?? null
  );
}

function contradiction(path: string, message: string): Problem {
  return { path, message, suggestedAction: "correct one of them" };
}
