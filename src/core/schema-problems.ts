/** Problems for people from what a zod schema has refused. */

import type { z } from "zod";
import type { Problem } from "./errors.js";
import { isJsonObject } from "./json-object.js";
import { nearest } from "./nearest.js";

/** One problem for each fault, placed below `place`; an unknown key is answered with the nearest known one. */
export function toProblems(
  error: z.ZodError,
  place: readonly string[],
  body: unknown,
  shape: Readonly<Record<string, unknown>>,
): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = [...place, ...issue.path.map(String)].join(".");
    if (issue.code !== "unrecognized_keys") {
      const missing =
        issue.code !== "custom" && issue.path.length > 0 && valueAt(body, issue.path) === undefined;
      return [{ path, message: missing ? "this key is required" : issue.message }];
    }
    return issue.keys.map((key) => {
      const guess = nearest(key, Object.keys(shape));
      return {
        path: [path, key].filter((part) => part !== "").join("."),
        message: `unknown key "${key}"; known here: ${Object.keys(shape).join(", ")}`,
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
  const kinds = issue.errors.map((faults) => {
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

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (isJsonObject(at) || Array.isArray(at) ? Reflect.get(at, key) : undefined),
    value,
  );
}
