/** Stopping, pausing and resuming runs, running them again, and the switch of the whole queue. */

import { z } from "zod";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";
import { runReceipt, runReceiptSchema } from "./run-document.js";
import { bySchema, runParamsSchema, variablesSchema } from "./run-query.js";

/** Seconds after which asking again makes sense. */
const RETRY_AFTER = "1";

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

  addPauseRoutes(app, service);
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

const queueSchema = z
  .strictObject({ paused: z.boolean().describe("While true no new task of any run starts.") })
  .meta({ id: "Queue" });

function addPauseRoutes(app: App, service: RouteContext["service"]): void {
  for (const action of ["pause", "resume"] as const) {
    app.post(
      `/v1/runs/:id/${action}`,
      {
        schema: {
          operationId: `${action}Run`,
          summary:
            action === "pause"
              ? "Starts nothing new of a run until it is resumed; what runs goes on"
              : "Lets a paused run go on",
          tags: ["runs"],
          params: runParamsSchema,
          body: z.strictObject({ by: bySchema }).nullish(),
          response: { 200: runReceiptSchema, ...refusals("NOT_FOUND", "CONFLICT") },
        },
      },
      async ({ params: { id }, body }) => {
        if (action === "pause") await service.pauseRun(id, body?.by ?? "api");
        else await service.resumeRun(id);
        const view = await service.viewRun(id);
        return runReceipt(view, view.active.length > 0 || view.outcomes.size > 0);
      },
    );
    app.post(
      `/v1/queue/${action}`,
      {
        schema: {
          operationId: `${action}Queue`,
          summary:
            action === "pause"
              ? "Starts no new task of any run until the queue is resumed, also over restarts"
              : "Lets the queue go on",
          tags: ["queue"],
          body: z.strictObject({}).nullish(),
          response: { 200: queueSchema, ...refusals() },
        },
      },
      async () => {
        await service.queue[action]();
        return { paused: await service.queue.isPaused() };
      },
    );
  }
  app.get(
    "/v1/queue",
    {
      schema: {
        operationId: "getQueue",
        summary: "Says whether the queue is paused",
        tags: ["queue"],
        response: { 200: queueSchema, ...refusals() },
      },
    },
    async () => ({ paused: await service.queue.isPaused() }),
  );
}
