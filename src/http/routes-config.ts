/** The configuration in use, and judging one before it is used. */

import { z } from "zod";
import { maskValues } from "../core/resolve-config.js";
import { problemItemSchema, refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

export function addConfigRoutes(app: App, { service }: RouteContext): void {
  app.get(
    "/v1/config",
    {
      schema: {
        operationId: "getConfig",
        summary: "Shows each key with its value and where it comes from; secrets are masked",
        tags: ["config"],
        response: {
          200: z.strictObject({
            values: z.array(
              z.strictObject({
                key: z.string(),
                value: z.unknown().describe("Null when the key is not set."),
                source: z.string(),
                secret: z.boolean(),
              }),
            ),
          }),
          ...refusals(),
        },
      },
    },
    async () => ({
      values: maskValues(service.config).map(({ key, value, source, secret }) => ({
        key,
        value: value ?? null,
        source,
        secret,
      })),
    }),
  );

  app.post(
    "/v1/config/check",
    {
      schema: {
        operationId: "checkConfig",
        summary: "Judges a configuration as turnpike.yaml would be judged; nothing is changed",
        tags: ["config"],
        body: z.strictObject({
          document: z
            .record(z.string(), z.unknown())
            .describe("Keys and values as turnpike.yaml holds them."),
        }),
        response: {
          200: z.strictObject({ valid: z.boolean(), problems: z.array(problemItemSchema) }),
          ...refusals("BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"),
        },
      },
    },
    async ({ body }) => {
      const check = service.checkConfig(body.document);
      return { valid: check.ok, problems: check.ok ? [] : [...check.problems] };
    },
  );
}
