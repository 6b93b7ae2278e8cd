/** Whether the service lives, whether it can take runs, and its numbers for monitoring. */

import { z } from "zod";
import { metricsText } from "./metrics-text.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

const checkSchema = z.strictObject({
  name: z.string(),
  status: z.enum(["ok", "failed"]),
  durationMs: z.number(),
  detail: z.string().nullable(),
});
const readinessSchema = z.strictObject({
  status: z.enum(["ready", "not_ready"]),
  checks: z.array(checkSchema),
});

export function addHealthRoutes(app: App, { service, isDraining }: RouteContext): void {
  app.get(
    "/healthz",
    {
      schema: {
        operationId: "getHealth",
        summary: "Says that the process lives",
        tags: ["health"],
        security: [],
        response: {
          200: z.strictObject({
            status: z.literal("ok"),
            version: z.string(),
            uptimeSeconds: z.number(),
          }),
          ...refusals(),
        },
      },
    },
    async () => ({
      status: "ok" as const,
      version: service.version,
      uptimeSeconds: Math.round((Date.now() - service.startedAt) / 100) / 10,
    }),
  );

  app.get(
    "/readyz",
    {
      schema: {
        operationId: "getReadiness",
        summary: "Checks everything that must work for runs to be taken",
        tags: ["health"],
        security: [],
        response: { 200: readinessSchema, 503: readinessSchema, ...refusals() },
      },
    },
    async (_request, reply) => {
      const checks: z.infer<typeof checkSchema>[] = (await service.checkReadiness()).map(
        ({ name, ok, durationMs, detail }) => ({
          name,
          status: ok ? "ok" : "failed",
          durationMs,
          detail,
        }),
      );
      if (isDraining()) {
        checks.push({
          name: "accepting runs",
          status: "failed",
          durationMs: 0,
          detail: "the service is shutting down",
        });
      }
      const ready = checks.every(({ status }) => status === "ok");
      return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not_ready", checks });
    },
  );

  app.get(
    "/metrics",
    {
      schema: {
        operationId: "getMetrics",
        summary: "Numbers in the Prometheus text format",
        tags: ["health"],
        response: {
          200: { description: "Metrics", content: { "text/plain": { schema: z.string() } } },
          ...refusals(),
        },
      },
    },
    async (_request, reply) => {
      const text = metricsText(await service.measure(), service);
      return reply.type("text/plain; version=0.0.4; charset=utf-8").send(text);
    },
  );
}
