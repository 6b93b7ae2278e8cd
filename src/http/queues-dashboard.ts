/** The dashboard of the queues at /queues: bull-board, for looking only. Works on every backend BullMQ has. */

import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import type { Queue } from "bullmq";
import { TurnpikeError } from "../core/errors.js";
import type { App } from "./route-context.js";

const READ_ONLY = "the dashboard is for looking; cancel a run with POST /v1/runs/{id}/cancel";
const BASE_PATH = "/queues";
/** The page brings its own scripts and styles; its web font stays away, because nothing here asks another machine. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'";

/**
 * For `queuesDashboard` of the app. Retrying, promoting or removing a job by hand would break a run (a removed child
 * turns its checkpoint green), so every queue is read-only: the page offers nothing, and the server refuses the calls.
 */
export function queuesDashboard(
  eachQueue: (tell: (queue: Queue) => void) => void,
): (app: App) => Promise<void> {
  return async (app) => {
    const adapter = new FastifyAdapter();
    adapter.setBasePath(BASE_PATH);
    const board = createBullBoard({
      queues: [],
      serverAdapter: adapter,
      options: {
        uiConfig: {
          boardTitle: "Turnpike",
          hideRedisDetails: true,
          hideDocsLink: true,
          // On the embedded backend it finds none and warns about it; /metrics tells how many lanes there are.
          showWorkers: false,
        },
      },
    });
    eachQueue((queue) => {
      board.addQueue(new BullMQAdapter(queue, { readOnlyMode: true }));
    });
    // Its own handler would answer a refused token with 500; what it cannot answer goes on to the app's.
    adapter.setErrorHandler((error) => {
      throw error;
    });
    await app.register(
      async (scope) => {
        scope.addHook("onRequest", async (request, reply) => {
          void reply.header("content-security-policy", PAGE_POLICY);
          if (request.method === "GET" || request.method === "HEAD") return;
          // Refused here and not left to each handler, some of which (pausing all queues) have no check of their own.
          void reply.header("allow", "GET, HEAD");
          throw new TurnpikeError("METHOD_NOT_ALLOWED", READ_ONLY);
        });
        await scope.register(adapter.registerPlugin());
      },
      { prefix: BASE_PATH },
    );
  };
}
