/** The service describing itself: the entry with its links, and the OpenAPI document made from the routes' schemas. */

import { z } from "zod";
import { apiDocument } from "./api-document.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

const LINKS = {
  openapi: "/openapi.json",
  plans: "/v1/plans",
  collections: "/v1/collections",
  environments: "/v1/environments",
  runs: "/v1/runs",
  config: "/v1/config",
  queues: "/queues",
  health: "/healthz",
  readiness: "/readyz",
  metrics: "/metrics",
} as const;

export function addDescriptionRoutes(app: App, { service }: RouteContext): void {
  app.get(
    "/",
    {
      schema: {
        operationId: "getEntry",
        summary: "Names the service and where its parts are",
        tags: ["description"],
        response: {
          200: z.strictObject({
            name: z.string(),
            version: z.string(),
            links: z.record(z.string(), z.string()),
          }),
          ...refusals(),
        },
      },
    },
    async () => ({ name: "turnpike", version: service.version, links: { ...LINKS } }),
  );

  app.get(
    "/openapi.json",
    {
      schema: {
        operationId: "getOpenapi",
        summary: "This API as an OpenAPI 3.1 document",
        tags: ["description"],
        response: { 200: z.record(z.string(), z.unknown()), ...refusals() },
      },
    },
    async () => ({ ...apiDocument(app) }),
  );
}
