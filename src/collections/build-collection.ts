/** A Postman v2.1 collection with its test scripts, built from a short description. */

import { createHash } from "node:crypto";
import { z } from "zod";
import {
  toScriptRequest,
  urlOf,
  type BuildRequest,
  type CollectionPlan,
} from "./collection-request.js";
import { generateScripts } from "./generate-scripts.js";
import type { NegativeCase } from "./negative-cases.js";

const SCHEMA_URL = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

const eventSchema = z.strictObject({
  listen: z.enum(["prerequest", "test"]),
  script: z.strictObject({ type: z.literal("text/javascript"), exec: z.array(z.string()) }),
});
const itemSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  event: z.array(eventSchema),
  request: z.strictObject({
    description: z.string().optional(),
    method: z.string(),
    header: z.array(z.strictObject({ key: z.string(), value: z.string() })),
    body: z
      .strictObject({
        mode: z.literal("raw"),
        raw: z.string(),
        options: z.strictObject({ raw: z.strictObject({ language: z.enum(["json", "text"]) }) }),
      })
      .optional(),
    url: z.string(),
  }),
});
const folderSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  item: z.array(itemSchema),
});

/** The part of Postman's v2.1 format that we write. */
const builtDocumentSchema = z.strictObject({
  info: z.strictObject({
    _postman_id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    schema: z.literal(SCHEMA_URL),
  }),
  item: z.array(z.union([folderSchema, itemSchema])),
  variable: z.array(z.strictObject({ key: z.string(), value: z.string() })),
});

export const builtCollectionSchema = z
  .strictObject({
    collection: builtDocumentSchema,
    requests: z.int(),
    folders: z.int(),
    assertions: z.int(),
    /** Variables the collection uses and nothing in it sets: the environment has to. */
    requiredVariables: z.array(z.string()),
  })
  .meta({ id: "BuiltCollection" });
export type BuiltCollection = z.output<typeof builtCollectionSchema>;
type Item = z.output<typeof itemSchema>;

/** Builds what passed `buildCollectionSchema`. Ids come from names and places, so the same description gives the same bytes. */
export function buildCollection(plan: CollectionPlan): BuiltCollection {
  const folders = plan.folders.map(({ name, description, requests }, folder) => ({
    id: idOf([plan.name, "folder", folder, name]),
    name,
    ...(description === undefined ? {} : { description }),
    item: requests.flatMap((request, position) => itemsOf(plan, request, [folder, position])),
  }));
  const loose = plan.requests.flatMap((request, position) => itemsOf(plan, request, [position]));
  const items = [...folders.flatMap(({ item }) => item), ...loose];
  const collection: BuiltCollection["collection"] = {
    info: {
      _postman_id: idOf([plan.name]),
      name: plan.name,
      ...(plan.description === undefined ? {} : { description: plan.description }),
      schema: SCHEMA_URL,
    },
    item: [...folders, ...loose],
    variable: Object.entries(plan.variables).map(([key, value]) => ({ key, value: String(value) })),
  };
  return {
    collection,
    requests: items.length,
    folders: folders.length,
    assertions: items.map(countAssertions).reduce((sum, count) => sum + count, 0),
    requiredVariables: requiredVariables(plan, items),
  };
}

function itemsOf(plan: CollectionPlan, request: BuildRequest, place: readonly number[]): Item[] {
  const asked = toScriptRequest(request, plan.baseUrlVariable);
  const { preRequest, test, negativeCases } = generateScripts(asked);
  const id = (what: string): string => idOf([plan.name, ...place, request.name, what]);
  const main = toItem({
    id: id("request"),
    name: request.name,
    preRequest,
    test,
    method: request.method,
    url: urlOf(request, plan.baseUrlVariable),
    ...bodyOf(request),
  });
  const described =
    request.description === undefined
      ? main
      : { ...main, request: { ...main.request, description: request.description } };
  // The refusals come first: a request that deletes its resource would leave them nothing to be refused on.
  return [
    ...negativeCases.map((negative, at) =>
      negativeItem(negative, id(`refusal ${String(at)}`), preRequest),
    ),
    described,
  ];
}

function negativeItem(negative: NegativeCase, id: string, preRequest: string[]): Item {
  const { method, url, headers, body } = negative.request;
  return toItem({
    id,
    name: negative.name,
    preRequest,
    test: negative.test,
    method,
    url,
    headers,
    body,
  });
}

function bodyOf({ headers, body }: BuildRequest): {
  headers: Record<string, string>;
  body: string | null;
} {
  if (body === undefined) return { headers, body: null };
  const named = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return {
    headers: named ? headers : { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify(body, null, 2),
  };
}

function toItem(parts: {
  readonly id: string;
  readonly name: string;
  readonly preRequest: string[];
  readonly test: string[];
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}): Item {
  const { id, name, preRequest, test, method, url, headers, body } = parts;
  const script = (exec: string[]) => ({ type: "text/javascript" as const, exec });
  const isJson = Object.values(headers).some((value) => value.includes("json"));
  return {
    id,
    name,
    event: [
      ...(preRequest.length === 0
        ? []
        : [{ listen: "prerequest" as const, script: script(preRequest) }]),
      { listen: "test" as const, script: script(test) },
    ],
    request: {
      method,
      header: Object.entries(headers).map(([key, value]) => ({ key, value })),
      ...(body === null
        ? {}
        : {
            body: {
              mode: "raw" as const,
              raw: body,
              options: { raw: { language: isJson ? ("json" as const) : ("text" as const) } },
            },
          }),
      url,
    },
  };
}

function countAssertions({ event }: Item): number {
  return event.flatMap(({ script }) => script.exec).filter((line) => line.startsWith("pm.test("))
    .length;
}

/** In alphabetical order; dynamic variables (`{{$guid}}`) need nobody to set them. */
function requiredVariables(plan: CollectionPlan, items: readonly Item[]): string[] {
  const requests = [...plan.folders.flatMap((folder) => folder.requests), ...plan.requests];
  const provided = new Set([
    ...Object.keys(plan.variables),
    ...requests.flatMap(({ set, expect }) => [
      ...Object.keys(set),
      ...Object.values(expect.capture),
    ]),
  ]);
  const used = JSON.stringify(items).matchAll(/\{\{([^{}\s]+)\}\}/g);
  const names = [...used].map(([, name = ""]) => name);
  return [...new Set(names)].filter((name) => !name.startsWith("$") && !provided.has(name)).sort();
}

/** A UUID that the parts alone decide (RFC 9562, version 8). */
function idOf(parts: readonly (string | number)[]): string {
  const hex = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
