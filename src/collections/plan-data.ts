/** What a plan says in `data.generate`: the request of the data generator, with schemas given as files of the plan's folder. */

import { z } from "zod";
import type { Problem } from "../core/errors.js";
import { isJsonObject } from "../core/json-object.js";
import { toProblems } from "../core/schema-problems.js";
import {
  dataSourceKeys,
  generateDataSchema,
  seedSchema,
  type DataRequest,
} from "./data-request.js";
import { readYaml } from "./yaml-document.js";

/** In the texts of columns that are `prefixed`; each attempt of the task puts in its own. */
const PREFIX_VARIABLE = "{{prefix}}";

const planDataSchema = z.strictObject({
  ...dataSourceKeys,
  seed: seedSchema.optional(),
  /** The schema itself, or the path of its file. */
  schema: z.union([z.string().min(1), z.record(z.string(), z.unknown()), z.boolean()]).optional(),
  openapi: z.strictObject({ file: z.string().min(1), ref: z.string().min(1) }).optional(),
});

/** The files that `generate` names, with their places below it; it may have other faults. */
export function filesOfPlanData(
  generate: unknown,
): readonly { readonly place: string; readonly path: string }[] {
  if (!isJsonObject(generate)) return [];
  const { schema, openapi } = generate;
  const file = isJsonObject(openapi) ? openapi["file"] : undefined;
  return [
    ...(typeof schema === "string" ? [{ place: "schema", path: schema }] : []),
    ...(typeof file === "string" ? [{ place: "openapi.file", path: file }] : []),
  ];
}

export type PlanData =
  | { readonly ok: true; readonly request: DataRequest }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The request, with `seed` where the plan says none. Files that are not there are somebody else's to report. */
export function readPlanData(
  generate: unknown,
  given: { readonly files: ReadonlyMap<string, Uint8Array>; readonly seed: string },
): PlanData {
  const read = planDataSchema.safeParse(generate);
  if (!read.success)
    return {
      ok: false,
      problems: toProblems(read.error, [], generate, planDataSchema),
    };
  const { schema, openapi, seed = given.seed, ...rest } = read.data;
  const document =
    typeof schema === "string"
      ? readSchema(schema, given.files)
      : ({ ok: true, document: schema } as const);
  if (!document.ok) return document;
  const text = openapi === undefined ? undefined : given.files.get(openapi.file);
  const body = {
    ...rest,
    seed,
    prefix: PREFIX_VARIABLE,
    ...(document.document !== undefined && { schema: document.document }),
    ...(openapi !== undefined && {
      openapi: { ref: openapi.ref, document: new TextDecoder().decode(text) },
    }),
  };
  const request = generateDataSchema.safeParse(body);
  return request.success
    ? { ok: true, request: request.data }
    : {
        ok: false,
        problems: toProblems(request.error, [], body, generateDataSchema),
      };
}

function readSchema(
  path: string,
  files: ReadonlyMap<string, Uint8Array>,
):
  | { readonly ok: true; readonly document: unknown }
  | { readonly ok: false; readonly problems: readonly Problem[] } {
  const read = readYaml("", files.get(path) ?? new Uint8Array());
  if (read.ok) return read;
  return {
    ok: false,
    problems: read.problems.map(({ path: line, message }) => ({
      path: "schema",
      message: `${path}${line}: ${message}`,
    })),
  };
}

/** A problem of a data request at its place in the plan. */
export function inTask(id: string, problem: Problem): Problem {
  const path = problem.path.replace(/^openapi\.document/, "openapi.file");
  return { ...problem, path: `tasks.${id}.data.generate.${path}` };
}
