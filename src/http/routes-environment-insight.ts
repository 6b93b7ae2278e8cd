/** Looking into environments: which layer gives a value, how two differ, what is likely wrong, and which one is chosen. */

import { z } from "zod";
import type { Explanation } from "../core/environment-explain.js";
import { nameParamsSchema } from "./document-name.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

const layersSchema = z.array(z.string()).max(50);

export function addEnvironmentInsightRoutes(app: App, context: RouteContext): void {
  addComparisonRoutes(app, context);
  addChoiceRoutes(app, context);
}

const effectSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("wins") }),
  z.strictObject({ kind: z.literal("hidden"), by: z.string() }),
  z.strictObject({ kind: z.literal("disabled") }),
  z.strictObject({ kind: z.literal("doubled"), by: z.string() }),
]);

function addComparisonRoutes(app: App, context: RouteContext): void {
  const { environmentManager: manager } = context.service;
  app.post(
    "/v1/environments/explain",
    {
      schema: {
        operationId: "explainVariable",
        summary: "Says which layer gives a variable its value, which rows it hides, and why",
        tags: ["environments"],
        body: z.strictObject({
          layers: layersSchema.describe("Names of environments; later ones win."),
          variables: z.record(z.string().min(1), z.string()).default({}),
          key: z.string().min(1),
        }),
        response: {
          200: z.strictObject({
            key: z.string(),
            secret: z.boolean(),
            from: z.string().nullable().describe("Null when no layer gives it a value."),
            value: z.unknown(),
            steps: z.array(
              z.strictObject({
                layer: z.string(),
                place: z.string().nullable(),
                value: z.unknown(),
                effect: effectSchema,
              }),
            ),
          }),
          ...refusals("NOT_FOUND", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"),
        },
      },
    },
    async ({ body }) => withList(await manager.explain(body)),
  );

  app.get(
    "/v1/environments/:name/diff",
    {
      schema: {
        operationId: "diffEnvironments",
        summary: "Compares an environment with another: missing keys, differing values, secrets",
        tags: ["environments"],
        params: nameParamsSchema,
        querystring: z.strictObject({ with: z.string().min(1) }),
        response: {
          200: z.strictObject({
            left: z.string(),
            right: z.string(),
            differences: z.array(
              z.discriminatedUnion("kind", [
                z.strictObject({
                  key: z.string(),
                  kind: z.literal("missing"),
                  in: z.enum(["left", "right"]),
                  secret: z.boolean(),
                }),
                z.strictObject({
                  key: z.string(),
                  kind: z.literal("differs"),
                  left: z.unknown(),
                  right: z.unknown(),
                  secret: z.boolean(),
                }),
                z.strictObject({
                  key: z.string(),
                  kind: z.literal("secrecy"),
                  secretIn: z.enum(["left", "right"]),
                }),
              ]),
            ),
          }),
          ...refusals("NOT_FOUND"),
        },
      },
    },
    async ({ params, query }) => ({
      left: params.name,
      right: query.with,
      differences: [...(await manager.diff(params.name, query.with))],
    }),
  );

  app.get(
    "/v1/environments/:name/lint",
    {
      schema: {
        operationId: "lintEnvironment",
        summary: "Names what is likely wrong with an environment",
        tags: ["environments"],
        params: nameParamsSchema,
        response: {
          200: z.strictObject({
            findings: z.array(
              z.strictObject({
                rule: z.string(),
                severity: z.enum(["error", "warning"]),
                path: z.string(),
                key: z.string().nullable(),
                message: z.string(),
                suggestedAction: z.string(),
              }),
            ),
          }),
          ...refusals("NOT_FOUND"),
        },
      },
    },
    async ({ params }) => ({ findings: [...(await manager.lint(params.name))] }),
  );
}

const choiceSchema = z.strictObject({
  environment: layersSchema
    .nullable()
    .describe("Layers; an empty list is no environment, null leaves it to each plan."),
});

function addChoiceRoutes(app: App, context: RouteContext): void {
  const { environmentManager: manager } = context.service;
  app.get(
    "/v1/environment",
    {
      schema: {
        operationId: "getChosenEnvironment",
        summary: "Says which environment runs use that choose none",
        tags: ["environments"],
        response: { 200: choiceSchema, ...refusals() },
      },
    },
    async () => {
      const chosen = await manager.chosen();
      return { environment: chosen === null ? null : [...chosen] };
    },
  );

  app.put(
    "/v1/environment",
    {
      schema: {
        operationId: "chooseEnvironment",
        summary: "Chooses the environment of runs that choose none, as Postman's drop-down does",
        tags: ["environments"],
        body: choiceSchema,
        response: {
          200: choiceSchema,
          ...refusals("NOT_FOUND", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"),
        },
      },
    },
    async ({ body }) => {
      await manager.choose(body.environment);
      return body;
    },
  );
}

function withList({ steps, ...rest }: Explanation): Omit<Explanation, "steps"> & {
  steps: Explanation["steps"][number][];
} {
  return { ...rest, steps: [...steps] };
}
