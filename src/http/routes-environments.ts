/** Postman environments kept as files: list, read, write, delete, render. Secret values never leave. */

import { z } from "zod";
import type { EnvironmentDocument } from "../core/environment.js";
import { maskValue } from "../core/redact.js";
import { documentListSchema, nameParamsSchema } from "./document-name.js";
import { maskEnvironment, refuseMasks } from "./environment-mask.js";
import { listDocuments, readDocument, writeDocument, type DocumentKind } from "./documents.js";
import { readConditionSchema, writeConditionSchema } from "./etag.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

/** Stricter than what is read from files: a row that is none would be kept and never count. Rows may carry more keys. */
const environmentSchema = z
  .looseObject({
    id: z.string().optional(),
    name: z.string().min(1).optional(),
    values: z.array(
      z.looseObject({
        key: z.string().min(1),
        value: z.unknown().optional(),
        type: z.string().optional(),
        enabled: z.boolean().optional(),
        disabled: z.boolean().optional(),
        secret: z.boolean().optional(),
      }),
    ),
  })
  .meta({ id: "Environment" });
/** A file may hold rows that are none; they are shown as they are. */
const shownEnvironmentSchema = z.looseObject({
  name: z.string().optional(),
  values: z.array(z.unknown()),
});
const storedSchema = z.strictObject({ name: z.string(), etag: z.string() });

export function addEnvironmentRoutes(app: App, context: RouteContext): void {
  const environments: DocumentKind<EnvironmentDocument> = {
    store: context.service.environments,
    noun: "environment",
  };

  app.get(
    "/v1/environments",
    {
      schema: {
        operationId: "listEnvironments",
        summary: "Lists the environments",
        tags: ["environments"],
        response: { 200: z.strictObject({ environments: documentListSchema }), ...refusals() },
      },
    },
    async () => ({ environments: await listDocuments(environments) }),
  );

  app.get(
    "/v1/environments/:name",
    {
      schema: {
        operationId: "getEnvironment",
        summary: "Shows an environment as Postman exports it; values of secrets are masked",
        tags: ["environments"],
        params: nameParamsSchema,
        headers: readConditionSchema,
        response: {
          200: shownEnvironmentSchema,
          304: z.undefined().describe("The caller holds this version already."),
          ...refusals("NOT_FOUND"),
        },
      },
    },
    async ({ params, headers }, reply) => {
      const document = await readDocument(environments, { name: params.name, headers }, reply);
      return document === null ? reply.code(304).send() : reply.send(maskEnvironment(document));
    },
  );

  app.put(
    "/v1/environments/:name",
    {
      schema: {
        operationId: "putEnvironment",
        summary: "Writes an environment as a whole",
        tags: ["environments"],
        params: nameParamsSchema,
        headers: writeConditionSchema,
        body: environmentSchema,
        response: {
          200: storedSchema,
          201: storedSchema,
          ...refusals(
            "INVALID_ENVIRONMENT",
            "PRECONDITION_FAILED",
            "BODY_TOO_LARGE",
            "UNSUPPORTED_MEDIA_TYPE",
          ),
        },
      },
    },
    async ({ params, headers, body }, reply) => {
      refuseMasks(body);
      const request = { name: params.name, document: body, headers };
      return reply.send(await writeDocument(environments, request, reply));
    },
  );

  app.delete(
    "/v1/environments/:name",
    {
      schema: {
        operationId: "deleteEnvironment",
        summary: "Deletes an environment; where it was chosen, nothing is chosen any more",
        tags: ["environments"],
        params: nameParamsSchema,
        response: { 204: z.undefined().describe("It is gone."), ...refusals("NOT_FOUND") },
      },
    },
    async ({ params }, reply) => {
      await context.service.environmentManager.delete(params.name);
      return reply.code(204).send();
    },
  );

  addRenderRoute(app, context);
}

function addRenderRoute(app: App, { service }: RouteContext): void {
  app.post(
    "/v1/environments/render",
    {
      schema: {
        operationId: "renderEnvironment",
        summary:
          "Renders layers and overrides, and says which layer gave each value and which it hid",
        tags: ["environments"],
        body: z.strictObject({
          layers: z
            .array(z.string())
            .max(50)
            .default([])
            .describe("Names of environments; later ones win."),
          variables: z
            .record(z.string().min(1), z.string())
            .default({})
            .describe("Overrides; they win over every layer."),
        }),
        response: {
          200: z.strictObject({
            rows: z.array(
              z.strictObject({
                key: z.string(),
                value: z.unknown(),
                secret: z.boolean(),
                from: z.string(),
                hides: z.array(z.string()),
              }),
            ),
          }),
          ...refusals("NOT_FOUND", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"),
        },
      },
    },
    async ({ body }) => {
      const { rows } = await service.renderEnvironment(body);
      return {
        rows: rows.map(({ key, value, secret, from, hides }) => ({
          key,
          value: secret ? maskValue(value) : value,
          secret,
          from,
          hides: [...hides],
        })),
      };
    },
  );
}
