/** What every route works with: the typed app, the use cases, and what is known of the process's end. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Service } from "../service/service.js";

/** A Fastify app whose handlers take their types from the zod schemas of the route. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface RouteContext {
  readonly service: Service;
  /** True from the first signal to stop: what runs goes on, nothing new is accepted. */
  readonly isDraining: () => boolean;
  /** Aborted when the app closes, so that streams and long waits end by themselves. */
  readonly closing: AbortSignal;
}
