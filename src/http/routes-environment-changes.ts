/** Changing parts of an environment: its variables, and copies and merges of whole ones. */

import { z } from "zod";
import { nameParamsSchema } from "./document-name.js";
import { preconditionOf, quoteEtag, writeConditionSchema } from "./etag.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

const storedSchema = z.strictObject({ name: z.string(), etag: z.string() });
const variableParamsSchema = nameParamsSchema.extend({ key: z.string().min(1) });
const WRITE_REFUSALS = [
  "NOT_FOUND",
  "CONFLICT",
  "PRECONDITION_FAILED",
  "INVALID_ENVIRONMENT",
  "BODY_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
] as const;

export function addEnvironmentChangeRoutes(app: App, context: RouteContext): void {
  addVariableRoutes(app, context);
  addCopyRoutes(app, context);
}

/** The etag a change must find; undefined when anything will do. */
async function ifMatchOf(
  { service }: RouteContext,
  name: string,
  headers: { readonly "if-match"?: string | undefined },
): Promise<{ readonly ifMatch?: string }> {
  if (headers["if-match"] === undefined) return {};
  const current = await service.environments.get(name);
  const ifMatch = preconditionOf({ "if-match": headers["if-match"] }, current?.etag ?? null);
  return typeof ifMatch === "string" ? { ifMatch } : {};
}

function addVariableRoutes(app: App, context: RouteContext): void {
  const { environmentManager: manager } = context.service;
  app.put(
    "/v1/environments/:name/variables/:key",
    {
      schema: {
        operationId: "setVariable",
        summary: "Sets a variable; what is not given stays as it is, and so does every other row",
        tags: ["environments"],
        params: variableParamsSchema,
        headers: writeConditionSchema.omit({ "if-none-match": true }),
        body: z
          .strictObject({
            value: z.union([z.string(), z.number(), z.boolean()]).optional(),
            secret: z.boolean().optional(),
            enabled: z.boolean().optional(),
          })
          .refine((body) => Object.keys(body).length > 0, "give a value, secret or enabled"),
        response: { 200: storedSchema, ...refusals(...WRITE_REFUSALS) },
      },
    },
    async ({ params: { name, key }, headers, body }, reply) => {
      const target = { name, ...(await ifMatchOf(context, name, headers)) };
      const stored = await manager.set(target, key, {
        ...(body.value !== undefined && { value: body.value }),
        ...(body.secret !== undefined && { secret: body.secret }),
        ...(body.enabled !== undefined && { enabled: body.enabled }),
      });
      return reply.header("etag", quoteEtag(stored.etag)).send(stored);
    },
  );

  app.delete(
    "/v1/environments/:name/variables/:key",
    {
      schema: {
        operationId: "unsetVariable",
        summary: "Takes a variable out of an environment",
        tags: ["environments"],
        params: variableParamsSchema,
        headers: writeConditionSchema.omit({ "if-none-match": true }),
        response: { 200: storedSchema, ...refusals("NOT_FOUND", "PRECONDITION_FAILED") },
      },
    },
    async ({ params: { name, key }, headers }, reply) => {
      const target = { name, ...(await ifMatchOf(context, name, headers)) };
      const stored = await manager.unset(target, key);
      return reply.header("etag", quoteEtag(stored.etag)).send(stored);
    },
  );
}

function addCopyRoutes(app: App, context: RouteContext): void {
  const { environmentManager: manager } = context.service;
  app.post(
    "/v1/environments/:name/clone",
    {
      schema: {
        operationId: "cloneEnvironment",
        summary: "Copies an environment under another name",
        tags: ["environments"],
        params: nameParamsSchema,
        body: z.strictObject({ as: nameParamsSchema.shape.name }),
        response: { 201: storedSchema, ...refusals(...WRITE_REFUSALS) },
      },
    },
    async ({ params, body }, reply) => {
      const stored = await manager.clone(params.name, body.as);
      return reply
        .code(201)
        .header("etag", quoteEtag(stored.etag))
        .header("location", `/v1/environments/${encodeURIComponent(stored.name)}`)
        .send(stored);
    },
  );

  app.post(
    "/v1/environments/:name/merge",
    {
      schema: {
        operationId: "mergeEnvironments",
        summary: "Lays the enabled variables of other environments over this one; later ones win",
        tags: ["environments"],
        params: nameParamsSchema,
        headers: writeConditionSchema.omit({ "if-none-match": true }),
        body: z.strictObject({ from: z.array(z.string()).min(1).max(50) }),
        response: { 200: storedSchema, ...refusals(...WRITE_REFUSALS) },
      },
    },
    async ({ params: { name }, headers, body }, reply) => {
      const target = { name, ...(await ifMatchOf(context, name, headers)) };
      const stored = await manager.merge(target, body.from);
      return reply.header("etag", quoteEtag(stored.etag)).send(stored);
    },
  );
}
