/** Problems for people from what a zod schema has refused. */

import { z } from "zod";
import type { Problem } from "./errors.js";
import { isJsonObject } from "./json-object.js";
import { nearest } from "./nearest.js";

/** One problem for each fault, placed below `place`; an unknown key is answered with the nearest known one. */
export function toProblems(
  error: z.ZodError,
  place: readonly string[],
  body: unknown,
  schema: z.ZodType,
): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = [...place, ...issue.path.map(String)].join(".");
    if (issue.code !== "unrecognized_keys") {
      const missing =
        issue.code !== "custom" && issue.path.length > 0 && valueAt(body, issue.path) === undefined;
      return [{ path, message: missing ? "this key is required" : issue.message }];
    }
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => {
      const guess = nearest(key, known);
      return {
        path: [path, key].filter((part) => part !== "").join("."),
        message: `unknown key "${key}"; known here: ${known.join(", ")}`,
        suggestedAction: guess === null ? "remove it" : `did you mean "${guess}"?`,
      };
    });
  });
}

/** One problem for each issue, by its own message, placed below `path`. */
export function placeIssues({ issues }: z.ZodError, path: string): Problem[] {
  return issues.map((issue) => ({ path: [path, ...issue.path].join("."), message: issue.message }));
}

/**
 * The `error` of a union with objects: what is wrong by the kind that was most likely meant, where zod would only say that none of
 * them fits. That is the one with the fewest faults, and one that is something else altogether only where all of them are.
 */
export function describeUnion(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "invalid_union") return undefined;
  return leastFaulty(issue.errors);
}

function leastFaulty(errors: readonly (readonly z.core.$ZodIssue[])[]): string | undefined {
  const kinds = errors.map((faults) => {
    const isOther = faults.some(
      ({ code, path }) => code !== "unrecognized_keys" && path.length === 0,
    );
    const texts = faults.flatMap((fault): string[] =>
      fault.code === "unrecognized_keys"
        ? fault.keys.map((key) => `unknown key "${[...fault.path, key].join(".")}"`)
        : [[fault.path.join("."), fault.message].filter((part) => part !== "").join(": ")],
    );
    return { texts, weight: texts.length + (isOther ? 1_000 : 0) };
  });
  const [likely] = kinds.toSorted((left, right) => left.weight - right.weight);
  return likely?.texts.join("; ");
}

/** Keys an object schema has at a path; empty where the path leads to none. */
export function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => keysAt(option, path));
  }
  if (schema instanceof z.ZodPipe) return keysAt(schema.in, path);
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return keysAt(schema.unwrap(), path);
  }
  const [first, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    return first === undefined
      ? Object.keys(schema.shape)
      : keysAt(schema.shape[String(first)], rest);
  }
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest);
  return [];
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};

const COUNTED: Readonly<Record<string, string>> = { string: "characters", array: "entries" };

/** The `error` of a parse: what must stand there and what does, where a schema has no words of its own and zod would use its. */
export function describeFault(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${nameOf(issue.expected)}, and is ${kindOf(issue.input)}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_small":
      return describeLimit(
        issue.origin,
        issue.inclusive === false ? "more than" : "at least",
        issue.minimum,
      );
    case "too_big":
      return describeLimit(
        issue.origin,
        issue.inclusive === false ? "less than" : "at most",
        issue.maximum,
      );
    case "invalid_union": {
      // The kind that fits, and has a fault inside, is the one that was meant.
      const fits = (faults: readonly z.core.$ZodIssue[]): boolean =>
        faults.every(
          ({ path, code }) =>
            path.length > 0 || (code !== "invalid_type" && code !== "invalid_value"),
        );
      const meant = issue.errors.filter(fits);
      if (meant.length > 0) return leastFaulty(meant);
      const kinds = issue.errors.flat().flatMap((fault) => {
        if (fault.code === "invalid_type") return [nameOf(fault.expected)];
        if (fault.code === "invalid_value") return fault.values.map((each) => JSON.stringify(each));
        return [];
      });
      return kinds.length === 0
        ? leastFaulty(issue.errors)
        : `must be ${[...new Set(kinds)].join(" or ")}, and is ${kindOf(issue.input)}`;
    }
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "not_multiple_of":
    case "unrecognized_keys":
      return undefined;
  }
}

function describeLimit(origin: string, limit: string, value: number | bigint): string | undefined {
  if (origin === "number" || origin === "int") return `must be ${limit} ${String(value)}`;
  const counted = COUNTED[origin];
  return counted === undefined ? undefined : `must have ${limit} ${String(value)} ${counted}`;
}

function nameOf(expected: string): string {
  return KINDS[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  return typeof value === "boolean" || typeof value === "number"
    ? String(value)
    : nameOf(typeof value);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (isJsonObject(at) || Array.isArray(at) ? Reflect.get(at, key) : undefined),
    value,
  );
}
