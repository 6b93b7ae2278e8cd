/** Everything that is wrong with a request, judged by the zod schemas of its route. */

import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { Problem } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import { describeFault, keysAt } from "../core/schema-problems.js";

type Issue = z.core.$ZodIssue;

/**
 * Problems of all parts of the request. Fastify stops at the first part that fails, so this is asked only once one has;
 * parts it had accepted are judged again, which they pass because no schema of ours changes its input's type.
 */
export function requestProblems(request: FastifyRequest): Problem[] {
  const { params, querystring, headers, body } = request.routeOptions.schema ?? {};
  return [
    ...problemsOf(params, request.params, "path"),
    ...problemsOf(querystring, request.query, "query"),
    ...problemsOf(headers, request.headers, "headers"),
    ...problemsOf(body, request.body, ""),
  ];
}

/** Problems of one value; `place` stands before every path. */
function problemsOf(schema: unknown, value: unknown, place: string): Problem[] {
  if (!(schema instanceof z.ZodType)) return [];
  const absent = value === undefined || value === null;
  const read = schema.safeParse(value, { error: describeFault });
  if (read.success) return [];
  if (absent && place === "") {
    return [
      {
        path: "",
        message: "a JSON body is required",
        suggestedAction: "send one with Content-Type: application/json",
      },
    ];
  }
  return read.error.issues
    .flatMap(flatten)
    .flatMap((issue) => toProblems(issue, { schema, value, place }));
}

interface Subject {
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly place: string;
}

function toProblems(issue: Issue, { schema, value, place }: Subject): Problem[] {
  const path = dotted(place, issue.path);
  if (issue.code !== "unrecognized_keys") {
    const missing =
      issue.code !== "custom" && issue.path.length > 0 && valueAt(value, issue.path) === undefined;
    return [
      {
        path,
        message: missing ? "this is required" : issue.message,
      },
    ];
  }
  const known = keysAt(schema, issue.path);
  return issue.keys.map((key) => {
    const guess = nearest(key, known);
    return {
      path: dotted(path, [key]),
      message: `unknown key "${key}"; known here: ${known.length === 0 ? "none" : known.join(", ")}`,
      suggestedAction: guess === null ? "remove it" : `did you mean "${guess}"?`,
    };
  });
}

/** A failed union names the faults of the alternative that was meant: the one whose own type fits. */
function flatten(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const meant = issue.errors.find((branch) => !branch.some((fault) => fault.path.length === 0));
  if (meant === undefined) return [issue];
  return meant
    .map((fault) => ({ ...fault, path: [...issue.path, ...fault.path] }))
    .flatMap(flatten);
}

function dotted(place: string, path: readonly PropertyKey[]): string {
  return [place, ...path.map(String)].filter((part) => part !== "").join(".");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}
