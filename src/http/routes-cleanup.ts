/** Deleting test data that earlier runs have left on a target. */

import { z } from "zod";
import { durationSchema } from "../core/duration.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";
import { variablesSchema } from "./run-query.js";

export function addCleanupRoute(app: App, { service }: RouteContext): void {
  app.post(
    "/v1/cleanup",
    {
      schema: {
        operationId: "cleanUp",
        summary:
          "Deletes test data of earlier runs, found by its prefix; that of a living run stays",
        tags: ["runs"],
        body: z.strictObject({
          environment: z
            .union([z.string().min(1), z.array(z.string().min(1))])
            .optional()
            .describe("Layers whose lists are asked; the chosen environment without it."),
          olderThan: durationSchema
            .prefault("1d")
            .describe(
              "Time since the run has ended, or since its acceptance where it is not known here.",
            ),
          dryRun: z.boolean().default(false).describe("Only says what would be deleted."),
          variables: variablesSchema,
        }),
        response: {
          200: z
            .strictObject({
              dryRun: z.boolean(),
              found: z.array(
                z.strictObject({
                  name: z.string(),
                  id: z.string(),
                  run: z.string(),
                  task: z.string(),
                  fate: z.enum(["deleted", "would be deleted", "kept", "left"]),
                  why: z
                    .string()
                    .nullable()
                    .describe("Why it is kept, or what its DELETE came to where it is left."),
                }),
              ),
              trouble: z
                .string()
                .nullable()
                .describe("Why not everything could be looked at or deleted; null otherwise."),
            })
            .meta({ id: "OrphanSweep" }),
          ...refusals("INVALID_CONFIG", "INVALID_PLAN", "INVALID_ENVIRONMENT"),
        },
      },
    },
    async ({ body }) => {
      const { environment, olderThan, dryRun, variables } = body;
      const swept = await service.cleanOrphans({
        environment:
          environment === undefined
            ? null
            : typeof environment === "string"
              ? [environment]
              : environment,
        olderThanMs: olderThan,
        dryRun,
        variables: variables ?? {},
      });
      return { ...swept, found: [...swept.found] };
    },
  );
}
