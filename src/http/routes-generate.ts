/** Generators: test scripts, test data and whole collections, made from what the caller describes. Nothing is stored. */

import { buildCollection, builtCollectionSchema } from "../collections/build-collection.js";
import { buildCollectionSchema } from "../collections/collection-request.js";
import { generateDataSchema } from "../collections/data-request.js";
import { generateData, generatedDataSchema } from "../collections/generate-data.js";
import { generateScripts, generatedScriptsSchema } from "../collections/generate-scripts.js";
import { generateScriptsSchema } from "../collections/script-request.js";
import { refusals } from "./problem.js";
import type { App } from "./route-context.js";

const BODY_REFUSALS = ["BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const;

export function addGenerateRoutes(app: App): void {
  app.post(
    "/v1/generate/scripts",
    {
      schema: {
        operationId: "generateScripts",
        summary: "Writes pre-request and test scripts for a request and the response it should get",
        tags: ["generate"],
        body: generateScriptsSchema,
        response: { 200: generatedScriptsSchema, ...refusals(...BODY_REFUSALS) },
      },
    },
    async ({ body }) => generateScripts(body),
  );

  app.post(
    "/v1/generate/data",
    {
      schema: {
        operationId: "generateData",
        summary:
          "Makes rows of test data from fields or a schema; the same seed gives the same bytes",
        tags: ["generate"],
        body: generateDataSchema,
        response: { 200: generatedDataSchema, ...refusals(...BODY_REFUSALS) },
      },
    },
    async ({ body }) => generateData(body),
  );

  app.post(
    "/v1/generate/collections",
    {
      schema: {
        operationId: "generateCollection",
        summary: "Builds a Postman collection from a list of requests",
        tags: ["generate"],
        body: buildCollectionSchema,
        response: {
          200: builtCollectionSchema,
          ...refusals("INVALID_COLLECTION", ...BODY_REFUSALS),
        },
      },
    },
    async ({ body }) => buildCollection(body),
  );
}
