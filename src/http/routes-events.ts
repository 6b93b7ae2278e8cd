/** The events of a run: a live stream, or a page of what there is so far. */

import { Readable } from "node:stream";
import { z } from "zod";
import { runEventSchema } from "../core/event.js";
import { eventStream } from "./event-stream.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";
import { runParamsSchema } from "./run-query.js";
import { signalOf } from "./wait-preference.js";

const eventIdSchema = z.string().regex(/^[\w.:-]{1,64}$/, "use the id of an event of this run");
const eventPageSchema = z
  .array(z.strictObject({ id: z.string(), event: runEventSchema }))
  .describe("In order. The next page begins after the last id.");

export function addEventRoutes(app: App, { service, closing }: RouteContext): void {
  app.get(
    "/v1/runs/:id/events",
    {
      exposeHeadRoute: false,
      schema: {
        operationId: "followRun",
        summary:
          "Streams the events of a run until it has ended; with Accept: application/json, those there are so far",
        tags: ["runs"],
        params: runParamsSchema,
        querystring: z.strictObject({
          after: eventIdSchema.optional().describe("Only events after this id."),
          limit: z.coerce
            .number()
            .int()
            .min(1)
            .max(1000)
            .default(500)
            .describe("Length of a JSON page."),
        }),
        headers: z.looseObject({
          "last-event-id": eventIdSchema
            .optional()
            .describe("As `after`; a browser that connects again sends it by itself."),
        }),
        response: { ...documentedAnswer(), ...refusals("NOT_FOUND") },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const after = request.headers["last-event-id"] ?? request.query.after;
      const from = after === undefined ? {} : { after };
      if (prefersJson(request.headers.accept)) {
        const page = await service.readEvents(id, { ...from, limit: request.query.limit });
        return reply.type("application/json").send(JSON.stringify(page));
      }
      // Unknown ids must be answered before the headers of a stream have gone.
      await service.viewRun(id);
      const { signal, release } = signalOf(request, closing);
      const stream = Readable.from(eventStream(service.followRun(id, { ...from, signal })), {
        objectMode: false,
      });
      stream.once("close", release);
      return reply
        .headers({
          "content-type": "text/event-stream; charset=utf-8",
          "x-accel-buffering": "no",
          // The connection ends with the stream; kept open it would hold up a stopping service.
          connection: "close",
        })
        .send(stream);
    },
  );
}

function prefersJson(accept: string | undefined): boolean {
  return (
    accept !== undefined &&
    /\bapplication\/json\b/i.test(accept) &&
    !/\btext\/event-stream\b/i.test(accept)
  );
}

/** For the API document only: a stream is not serialised by a schema, and the page is checked when it is written. */
function documentedAnswer(): object {
  return {
    200: {
      description: "Events",
      content: {
        "text/event-stream": { schema: z.string() },
        "application/json": { schema: eventPageSchema },
      },
    },
  };
}
