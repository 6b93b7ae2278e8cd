/** Makes the OpenAPI 3.1 document from the zod schemas of the routes. */

import { STATUS_CODES } from "node:http";
import swagger from "@fastify/swagger";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { App } from "./route-context.js";
import type { JsonObject } from "../core/json-object.js";

const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g;

/** Registers before any route is added, because it listens to them. */
export async function documentRoutes(
  app: App,
  about: { readonly version: string; readonly needsToken: boolean },
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.1",
      info: {
        title: "Turnpike",
        version: about.version,
        description:
          "Runs plans of Postman collections in parallel, with checkpoints that verify the evidence.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/" }],
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
      security: about.needsToken ? [{ bearer: [] }] : [],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
}

/** The document as it is served; the app must be ready. */
export function apiDocument(app: App): JsonObject {
  const document = objectOf(app.swagger());
  const paths = mapValues(objectOf(document["paths"]), (methods) =>
    mapValues(objectOf(methods), tellOperation),
  );
  const components = objectOf(document["components"]);
  const schemas = usedSchemas(paths, objectOf(components["schemas"]));
  return { ...document, paths, components: { ...components, schemas } };
}

/** Puts right what the plugin cannot know: a body that may be left out, and a word for answers without a description. */
function tellOperation(operation: unknown): unknown {
  const { requestBody, responses, ...rest } = objectOf(operation);
  const told = mapValues(objectOf(responses), (response, status) => {
    const { description, ...content } = objectOf(response);
    return {
      description:
        description === "Default Response" ? (STATUS_CODES[status] ?? status) : description,
      ...content,
    };
  });
  if (requestBody === undefined) return { ...rest, responses: told };
  const required = !allowsNull(requestBody);
  return { ...rest, requestBody: { ...objectOf(requestBody), required }, responses: told };
}

function allowsNull(requestBody: unknown): boolean {
  const schemas = Object.values(objectOf(objectOf(requestBody)["content"])).map((media) =>
    objectOf(objectOf(media)["schema"]),
  );
  return schemas.some(
    ({ anyOf }) =>
      Array.isArray(anyOf) && anyOf.some((option) => objectOf(option)["type"] === "null"),
  );
}

/** The transform writes each named schema once as input and once as output; those nothing refers to are left out. */
function usedSchemas(paths: JsonObject, schemas: JsonObject): JsonObject {
  const used = new Set<string>();
  const pending = referencesOf(paths);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    pending.push(...referencesOf(schemas[name]));
  }
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
}

function referencesOf(value: unknown): string[] {
  return [...JSON.stringify(value ?? null).matchAll(REFERENCE)].map(([, name]) => name ?? "");
}

function mapValues(
  object: JsonObject,
  change: (value: unknown, key: string) => unknown,
): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, change(value, key)]),
  );
}

function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
