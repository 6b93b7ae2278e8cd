/** A known path asked with a method it has not: 405 with the methods it has. */

import type { FastifyInstance } from "fastify";
import { TurnpikeError } from "../core/errors.js";

/** Notes which methods each path gets from now on. */
export function collectMethods(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const methods = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return methods;
}

/** Adds routes for all other methods of the collected paths. They answer before a body is read. */
export function refuseOtherMethods(
  app: FastifyInstance,
  collected: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  const known = [...collected].map(([url, methods]) => ({ url, allowed: [...methods].sort() }));
  for (const { url, allowed } of known) {
    const allow = allowed.join(", ");
    app.route({
      method: app.supportedMethods.filter((method) => !allowed.includes(method)),
      url,
      schema: { hide: true },
      onRequest: async (request, reply) => {
        void reply.header("allow", allow);
        throw new TurnpikeError(
          "METHOD_NOT_ALLOWED",
          `${request.method} is not possible here; use ${allow}`,
        );
      },
      handler: async () => undefined,
    });
  }
}
