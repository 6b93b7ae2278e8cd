/** Which keywords of a schema a value violates, and where. */

import { createContext, Script } from "node:vm";
import { z } from "zod";
import { isJsonObject } from "../core/json-object.js";
import type { Format, NumberNode, SchemaNode, StringNode, UnionNode } from "./schema-node.js";

export type ValuePath = readonly (string | number)[];

export interface Violation {
  readonly path: ValuePath;
  readonly keyword: string;
}

/** A pattern may take for ever on a text, and would stop the whole service. */
const MATCH_MS = 2000;
const matchScript = new Script("pattern.test(text)");
const matchContext = createContext({ pattern: /^/, text: "" });

/** Nothing where the value is valid. */
export function violationsOf(
  node: SchemaNode,
  value: unknown,
  path: ValuePath = [],
): readonly Violation[] {
  const violation = (keyword: string): readonly Violation[] => [{ path, keyword }];
  switch (node.kind) {
    case "any":
      return [];
    case "never":
      return violation("false schema");
    case "null":
      return value === null ? [] : violation("type");
    case "boolean":
      return typeof value === "boolean" ? [] : violation("type");
    case "choice": {
      const text = JSON.stringify(value);
      return node.values.some((one) => JSON.stringify(one) === text) ? [] : violation(node.keyword);
    }
    case "string":
      if (typeof value !== "string") return node.typed ? violation("type") : [];
      return stringFaults(node, value).flatMap(violation);
    case "number":
      if (typeof value !== "number") return node.typed ? violation("type") : [];
      return numberFaults(node, value).flatMap(violation);
    case "list": {
      if (!Array.isArray(value)) return node.typed ? violation("type") : [];
      const values: readonly unknown[] = value;
      return [
        ...(values.length < node.minItems ? violation("minItems") : []),
        ...(values.length > (node.maxItems ?? Number.POSITIVE_INFINITY)
          ? violation("maxItems")
          : []),
        ...(node.unique && hasDoubles(values) ? violation("uniqueItems") : []),
        ...values.flatMap((item, at) => violationsOf(node.items, item, [...path, at])),
      ];
    }
    case "object": {
      if (!isJsonObject(value)) return node.typed ? violation("type") : [];
      const entries = Object.entries(value);
      return [
        ...[...node.required].flatMap((name) =>
          Object.hasOwn(value, name) ? [] : [{ path: [...path, name], keyword: "required" }],
        ),
        ...entries.flatMap(([name, held]) => {
          const known = node.properties.get(name);
          if (known !== undefined) return violationsOf(known, held, [...path, name]);
          return violationsOf(node.others, held, [...path, name]).length === 0
            ? []
            : [{ path: [...path, name], keyword: "additionalProperties" }];
        }),
      ];
    }
    case "union":
      return unionFaults(node, value, path);
    case "reference":
      return violationsOf(node.target(), value, path);
  }
}

export function isValid(node: SchemaNode, value: unknown): boolean {
  return violationsOf(node, value).length === 0;
}

/** A pattern that does not come to an end on a text: no values can be made for it. */
export class EndlessPattern extends Error {
  override readonly name = "EndlessPattern";
}

/** True where the pattern is found in the text, as JSON Schema means it. Throws EndlessPattern. */
export function matches(pattern: RegExp, text: string): boolean {
  Object.assign(matchContext, { pattern, text });
  try {
    return matchScript.runInContext(matchContext, { timeout: MATCH_MS }) === true;
  } catch (cause) {
    // Taken for a mismatch, it would make what is drawn depend on how busy the machine is.
    throw new EndlessPattern(
      `the pattern ${pattern.source} takes more than ${String(MATCH_MS / 1000)} s on a text`,
      { cause },
    );
  }
}

function unionFaults(node: UnionNode, value: unknown, path: ValuePath): readonly Violation[] {
  const found = node.branches.map((branch) => violationsOf(branch, value, path));
  const valid = found.filter((faults) => faults.length === 0).length;
  if (valid === 1 || (valid > 1 && node.keyword !== "oneOf")) return [];
  if (valid > 1) return [{ path, keyword: "oneOf" }];
  // Of several types the one the value has says more than all of them together.
  const nearer = found.filter((faults) =>
    faults.every((fault) => fault.path.length > path.length || fault.keyword !== "type"),
  );
  return nearer.length === 1 && nearer[0] !== undefined
    ? nearer[0]
    : [{ path, keyword: node.keyword }];
}

function stringFaults(node: StringNode, text: string): readonly string[] {
  const length = [...text].length;
  return [
    ...(length < node.minLength ? ["minLength"] : []),
    ...(length > (node.maxLength ?? Number.POSITIVE_INFINITY) ? ["maxLength"] : []),
    ...(node.pattern !== null && !matches(node.pattern, text) ? ["pattern"] : []),
    ...(node.format !== null && !hasFormat(node.format, text) ? ["format"] : []),
  ];
}

function numberFaults({ whole, min, max, multipleOf }: NumberNode, value: number): string[] {
  // What is written as a whole number is one, however it is stored.
  if (whole && !Number.isInteger(value)) return ["type"];
  const faults: string[] = [];
  if (min !== null && (min.exclusive ? value <= min.value : value < min.value))
    faults.push(min.exclusive ? "exclusiveMinimum" : "minimum");
  if (max !== null && (max.exclusive ? value >= max.value : value > max.value))
    faults.push(max.exclusive ? "exclusiveMaximum" : "maximum");
  if (multipleOf !== null && !Number.isInteger(value / multipleOf)) faults.push("multipleOf");
  return faults;
}

const FORMAT_SCHEMAS = {
  byte: z.base64(),
  date: z.iso.date(),
  "date-time": z.iso.datetime({ offset: true }),
  email: z.email(),
  hostname: z.hostname(),
  ipv4: z.ipv4(),
  ipv6: z.ipv6(),
  time: z
    .string()
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/),
  uri: z.url(),
  uuid: z.uuid(),
} as const satisfies Record<Format, z.ZodType>;

function hasFormat(format: Format, text: string): boolean {
  return FORMAT_SCHEMAS[format].safeParse(text).success;
}

function hasDoubles(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size < values.length;
}
