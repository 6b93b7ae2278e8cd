/** What building a collection is asked: folders and requests with what each response should be, checked as a whole. */

import { z } from "zod";
import {
  checkScriptOptions,
  requestSampleSchema,
  responseSampleSchema,
  scriptOptionsSchema,
  variableNameSchema,
  type ScriptRequest,
} from "./script-request.js";

/** What the response should be, and how that is checked. */
const expectSchema = z.strictObject({
  ...responseSampleSchema.shape,
  ...scriptOptionsSchema.omit({ set: true, negativeCases: true }).shape,
});

const requestSchema = z.strictObject({
  ...requestSampleSchema.shape,
  description: z.string().max(20_000).optional(),
  /** Path behind the base URL, beginning with `/`; or give `url`. */
  path: z
    .string()
    .max(4000)
    .startsWith("/", "a path begins with /; for another host give url")
    .optional(),
  query: z.record(z.string().min(1), z.string()).default({}),
  /** Variables to set before the request is sent. */
  set: scriptOptionsSchema.shape.set,
  expect: expectSchema,
  negativeCases: scriptOptionsSchema.shape.negativeCases,
});
export type BuildRequest = z.output<typeof requestSchema>;

const requestsSchema = z.array(requestSchema).max(500);

export const buildCollectionSchema = z
  .strictObject({
    name: z.string().min(1).max(200),
    description: z.string().max(20_000).optional(),
    /** Variable that holds where the API is; its value normally comes from the environment. */
    baseUrlVariable: variableNameSchema.default("base_url"),
    /** Variables of the collection itself. */
    variables: z
      .record(variableNameSchema, z.union([z.string(), z.number(), z.boolean()]))
      .default({}),
    folders: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(200),
          description: z.string().max(20_000).optional(),
          requests: requestsSchema.min(1),
        }),
      )
      .max(100)
      .default([]),
    /** Requests outside of folders; they stand behind the folders. */
    requests: requestsSchema.default([]),
  })
  .superRefine((asked, context) => {
    const report = (path: readonly PropertyKey[], message: string): void => {
      context.addIssue({ code: "custom", path: [...path], message });
    };
    const places = placesOf(asked);
    if (places.length === 0) report(["requests"], "a collection needs at least one request");
    for (const { request, place } of places) {
      if ((request.path === undefined) === (request.url === undefined)) {
        report([...place, "path"], "give either path or url");
      }
      checkScriptOptions(
        toScriptRequest(request, asked.baseUrlVariable),
        ([option = "", ...rest], message) => {
          const inExpect = option === "negativeCases" ? [] : ["expect"];
          report([...place, ...inExpect, option, ...rest], message);
        },
      );
    }
  })
  .meta({ id: "BuildCollectionRequest" });
export type CollectionPlan = z.output<typeof buildCollectionSchema>;

/** The whole URL of a request, query included. */
export function urlOf(request: BuildRequest, baseUrlVariable: string): string {
  const base = request.url ?? `{{${baseUrlVariable}}}${request.path ?? ""}`;
  const query = Object.entries(request.query).map(
    ([key, value]) => `${encodeQuery(key)}=${encodeQuery(value)}`,
  );
  if (query.length === 0) return base;
  const [, before = "", fragment = ""] = /^([^#]*)(.*)$/s.exec(base) ?? [];
  return `${before}${before.includes("?") ? "&" : "?"}${query.join("&")}${fragment}`;
}

/** The same request as script generation is asked. */
export function toScriptRequest(request: BuildRequest, baseUrlVariable: string): ScriptRequest {
  const { name, method, headers, body } = request;
  const { status, headers: answered, body: sample, ...options } = request.expect;
  return {
    request: {
      name,
      method,
      headers,
      url: urlOf(request, baseUrlVariable),
      ...(body === undefined ? {} : { body }),
    },
    response: { status, headers: answered, ...(sample === undefined ? {} : { body: sample }) },
    options: { ...options, set: request.set, negativeCases: request.negativeCases },
  };
}

function placesOf(asked: {
  readonly folders: readonly { readonly requests: readonly BuildRequest[] }[];
  readonly requests: readonly BuildRequest[];
}): { readonly request: BuildRequest; readonly place: readonly PropertyKey[] }[] {
  return [
    ...asked.folders.flatMap(({ requests }, folder) =>
      requests.map((request, position) => ({
        request,
        place: ["folders", folder, "requests", position],
      })),
    ),
    ...asked.requests.map((request, position) => ({ request, place: ["requests", position] })),
  ];
}

/** Variables stay as they are written, `{{$guid}}` and `{{größe}}` as well; only what stands between them is encoded. */
function encodeQuery(text: string): string {
  return text
    .split(/(\{\{[^{}\s]+\}\})/)
    .map((part, index) => (index % 2 === 1 ? part : encodeURIComponent(part)))
    .join("");
}
