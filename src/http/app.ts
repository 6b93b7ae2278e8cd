/** The HTTP app: everything the API answers, put together. Building and listening are separate. */

import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import Fastify, { LogController, type FastifyBaseLogger } from "fastify";
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import type { Service } from "../service/service.js";
import { collectMethods, refuseOtherMethods } from "./allowed-methods.js";
import { documentRoutes } from "./api-document.js";
import { acceptJsonOnly } from "./json-body.js";
import { PROBLEM_MEDIA_TYPE, problemDocument, sendProblem } from "./problem.js";
import type { App } from "./route-context.js";
import { addCleanupRoute } from "./routes-cleanup.js";
import { addCollectionRoutes } from "./routes-collections.js";
import { addControlRoutes } from "./routes-control.js";
import { addConfigRoutes } from "./routes-config.js";
import { addEnvironmentChangeRoutes } from "./routes-environment-changes.js";
import { addEnvironmentInsightRoutes } from "./routes-environment-insight.js";
import { addEnvironmentRoutes } from "./routes-environments.js";
import { addEventRoutes } from "./routes-events.js";
import { addGenerateRoutes } from "./routes-generate.js";
import { addHealthRoutes } from "./routes-health.js";
import { addDescriptionRoutes } from "./routes-openapi.js";
import { addPlanRoutes } from "./routes-plans.js";
import { addReportRoutes } from "./routes-reports.js";
import { addRunRoutes } from "./routes-runs.js";
import { addWorkerRoutes, type WorkerAccess } from "./routes-worker.js";
import { addWorkerListRoute } from "./routes-workers.js";
import { addScheduleRoutes } from "./routes-schedules.js";
import { guardRequests } from "./security.js";

export interface AppOptions {
  readonly service: Service;
  readonly log: FastifyBaseLogger;
  /** Without one only requests addressed to this machine are answered. */
  readonly token?: string;
  readonly bodyLimitBytes: number;
  readonly isDraining: () => boolean;
  /** What workers on other machines may reach; without it there are none. */
  readonly workers?: WorkerAccess;
  /** Adds the dashboard of the queues at /queues; see queues-dashboard.ts. */
  readonly queuesDashboard?: (app: App) => Promise<void>;
}

/** An app ready to listen or to be injected into. Closing it ends streams and long waits first. */
export async function createApp(options: AppOptions): Promise<App> {
  const { service, log, token, isDraining } = options;
  const app: App = Fastify({
    loggerInstance: log,
    genReqId: () => randomUUID(),
    bodyLimit: options.bodyLimitBytes,
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: sendProblem,
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<ZodTypeProvider>();
  const closing = new AbortController();
  app.addHook("preClose", async () => closing.abort());
  app.addHook("onSend", async (_request, reply) => {
    // A kept connection would hold the close back until it times out.
    if (closing.signal.aborted) void reply.header("connection", "close");
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendProblem);
  acceptJsonOnly(app);
  guardRequests(app, token, options.workers?.token);
  logAnswers(app);
  app.setNotFoundHandler((request) => {
    const path = request.url.split("?", 1)[0] ?? "";
    throw new TurnpikeError("NOT_FOUND", `there is nothing at ${path}; GET / names what there is`);
  });
  await documentRoutes(app, { version: service.version, needsToken: token !== undefined });
  keepApiAnswersFresh(app);
  const methods = collectMethods(app);
  const context = { service, isDraining, closing: closing.signal };
  addDescriptionRoutes(app, context);
  addHealthRoutes(app, context);
  addConfigRoutes(app, context);
  addPlanRoutes(app, context);
  addEnvironmentRoutes(app, context);
  addEnvironmentChangeRoutes(app, context);
  addEnvironmentInsightRoutes(app, context);
  addCollectionRoutes(app, context);
  addRunRoutes(app, context);
  addControlRoutes(app, context);
  addWorkerListRoute(app, context);
  addScheduleRoutes(app, context);
  addCleanupRoute(app, context);
  addEventRoutes(app, context);
  addReportRoutes(app, context);
  addGenerateRoutes(app);
  if (options.workers !== undefined) await addWorkerRoutes(app, options.workers);
  refuseOtherMethods(app, new Map(methods));
  if (options.queuesDashboard !== undefined) await options.queuesDashboard(app);
  await app.ready();
  return app;
}

/** Routes of the API refuse query keys they do not know, and nothing they answer is kept by a cache unless they say so. */
function keepApiAnswersFresh(app: App): void {
  app.addHook("onRoute", (route) => {
    if (!route.url.startsWith("/v1/") || route.schema?.hide === true) return;
    route.schema = { querystring: z.strictObject({}), ...route.schema };
  });
  app.addHook("onRequest", async (request, reply) => {
    if (request.url.startsWith("/v1/")) void reply.header("cache-control", "no-store");
  });
}

function logAnswers(app: App): void {
  app.addHook("onResponse", async (request, reply) => {
    const durationMs = Math.round(reply.elapsedTime);
    request.log.debug(
      { method: request.method, url: request.url, status: reply.statusCode, durationMs },
      "answered",
    );
  });
}

/** What is not HTTP at all reaches no route; it is answered on the bare socket. */
function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const detail =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "the headers are too large"
      : "this is not a valid HTTP request";
  const body = JSON.stringify(
    problemDocument({ code: "INVALID_REQUEST", detail, problems: [] }, randomUUID()),
  );
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
  );
}
