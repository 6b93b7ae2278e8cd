/** What script generation is asked: a request, the response it should get, and what to check; checked before anything is written. */

import { z } from "zod";
import { parseJsonPath, valueAtPath } from "./json-path.js";
import { isJsonObject } from "../core/json-object.js";

const METHOD = /^[A-Za-z][A-Za-z-]{0,19}$/;
const VARIABLE = /^[^\s{}]{1,128}$/;
export const variableNameSchema = z
  .string()
  .regex(VARIABLE, "a variable's name has no spaces and no braces, and at most 128 characters");

export const requestSampleSchema = z.strictObject({
  name: z.string().min(1).max(200),
  method: z.string().regex(METHOD, "not an HTTP method").default("GET"),
  /** Absolute, or beginning with a variable; needed for negative cases only. */
  url: z.string().min(1).max(4000).optional(),
  headers: z.record(z.string().min(1), z.string()).default({}),
  /** The JSON body. */
  body: z.unknown().optional(),
});

export const responseSampleSchema = z.strictObject({
  status: z.int().min(100).max(599),
  headers: z.record(z.string().min(1), z.string()).default({}),
  /** A JSON body as the API answers it; schema and required fields are taken from it. */
  body: z.unknown().optional(),
});

export const NEGATIVE_KINDS = [
  "unknown-resource",
  "broken-json",
  "wrong-media-type",
  "missing-field",
  "wrong-type",
] as const;

export const scriptOptionsSchema = z.strictObject({
  maxResponseTimeMs: z.int().min(1).max(3_600_000).default(2000),
  /** True infers it from the sample, false asserts none, an object is used as it is. */
  schema: z.union([z.boolean(), z.record(z.string(), z.unknown())]).default(true),
  /** Headers the response must carry. */
  requireHeaders: z.array(z.string().min(1).max(200)).max(50).default([]),
  /** Values of the response to keep for later requests: JSON path -> variable. */
  capture: z.record(z.string().min(1), variableNameSchema).default({}),
  /** Variables to set before the request is sent; values may use other variables, such as `{{prefix}}`. */
  set: z.record(variableNameSchema, z.string()).default({}),
  /** Where captured and set variables are kept. */
  scope: z.enum(["environment", "collectionVariables", "globals"]).default("environment"),
  negativeCases: z.array(z.enum(NEGATIVE_KINDS)).default([]),
});

export const generateScriptsSchema = z
  .strictObject({
    request: requestSampleSchema,
    response: responseSampleSchema,
    options: scriptOptionsSchema.prefault({}),
  })
  .superRefine(({ request, response, options }, context) => {
    checkScriptOptions({ request, response, options }, (path, message) => {
      context.addIssue({ code: "custom", path: ["options", ...path], message });
    });
  })
  .meta({ id: "GenerateScriptsRequest" });

export type RequestSample = z.output<typeof requestSampleSchema>;
export type ResponseSample = z.output<typeof responseSampleSchema>;
export type ScriptOptions = z.output<typeof scriptOptionsSchema>;
export interface ScriptRequest {
  readonly request: RequestSample;
  readonly response: ResponseSample;
  readonly options: ScriptOptions;
}

/** What the single values cannot show: paths that lead nowhere in the sample, negative cases without what they are made from. */
export function checkScriptOptions(
  { request, response, options }: ScriptRequest,
  report: (path: readonly string[], message: string) => void,
): void {
  for (const path of Object.keys(options.capture)) {
    const segments = parseJsonPath(path);
    if (segments === null) {
      report(
        ["capture", path],
        `"${path}" is not a path; write for example id, data.items[0].id or $["odd key"]`,
      );
    } else if (response.body !== undefined) {
      const value = valueAtPath(response.body, segments);
      if (value === undefined)
        report(["capture", path], `the sample body has nothing at "${path}"`);
      else if (typeof value === "object" && value !== null) {
        report(
          ["capture", path],
          `"${path}" is a whole object or list in the sample; capture one of its values`,
        );
      }
    }
  }
  for (const [position, kind] of options.negativeCases.entries()) {
    const place = ["negativeCases", String(position)];
    if (request.url === undefined) report(place, `"${kind}" needs request.url`);
    if (kind !== "unknown-resource" && !isJsonObject(request.body)) {
      report(place, `"${kind}" needs request.body to be a JSON object`);
    }
  }
}
