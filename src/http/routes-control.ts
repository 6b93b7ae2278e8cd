/** Stopping runs, and running them again. */

import { z } from "zod";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";
import { runReceipt, runReceiptSchema } from "./run-document.js";
import { printable, runParamsSchema, variablesSchema } from "./run-query.js";

/** Seconds after which asking again makes sense. */
const RETRY_AFTER = "1";
const bySchema = printable.max(200).optional().describe("Who asks, for people.");

export function addControlRoutes(app: App, { service }: RouteContext): void {
  app.post(
    "/v1/runs/:id/cancel",
    {
      schema: {
        operationId: "cancelRun",
        summary: "Asks a run to stop; what runs is killed and nothing new starts",
        tags: ["runs"],
        params: runParamsSchema,
        body: z.strictObject({ by: bySchema }).nullish(),
        response: { 202: runReceiptSchema, ...refusals("NOT_FOUND", "CONFLICT") },
      },
    },
    async ({ params, body }, reply) => {
      const status = await service.cancelRun(params.id, body?.by ?? "api");
      return reply.code(202).header("retry-after", RETRY_AFTER).send(runReceipt(status, true));
    },
  );

  app.post(
    "/v1/runs/:id/rerun",
    {
      schema: {
        operationId: "rerunRun",
        summary:
          "Runs an ended run again as a new one, from the same files and the environments of now",
        tags: ["runs"],
        params: runParamsSchema,
        body: z
          .strictObject({
            failed: z
              .boolean()
              .optional()
              .describe("Only what did not pass, and what stands behind it; the rest is reused."),
            variables: variablesSchema,
            trigger: bySchema,
          })
          .nullish(),
        response: {
          202: runReceiptSchema.describe("The new run is accepted; Location names it."),
          ...refusals("NOT_FOUND", "CONFLICT", "INVALID_PLAN", "DRAINING"),
        },
      },
    },
    async ({ params, body }, reply) => {
      const status = await service.rerun(params.id, {
        only: body?.failed === true ? "failed" : "everything",
        variables: body?.variables ?? {},
        trigger: body?.trigger ?? "api",
      });
      const receipt = runReceipt(status, false);
      return reply
        .code(202)
        .header("location", receipt.links.self)
        .header("retry-after", RETRY_AFTER)
        .send(receipt);
    },
  );
}
