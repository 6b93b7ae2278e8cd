/** The processes with lanes that take tasks of this service. */

import { z } from "zod";
import { workerStateSchema } from "../core/worker.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

const workerSchema = z
  .strictObject({
    ...workerStateSchema.shape,
    labels: z.array(z.string()).describe("Tasks that ask for these with `runsOn` may run there."),
    tasks: workerStateSchema.shape.tasks.unwrap().describe("What it ran when it was last seen."),
    startedAt: z.string(),
    lastSeen: z.string(),
  })
  .meta({ id: "Worker" });

export function addWorkerListRoute(app: App, { service }: RouteContext): void {
  app.get(
    "/v1/workers",
    {
      schema: {
        operationId: "listWorkers",
        summary: "Lists the processes that take tasks, this service included if it has lanes",
        tags: ["queue"],
        response: { 200: z.strictObject({ workers: z.array(workerSchema) }), ...refusals() },
      },
    },
    async () => {
      const workers = await service.workers();
      return {
        workers: workers.map((worker) => ({
          ...worker,
          startedAt: new Date(worker.startedAt).toISOString(),
          lastSeen: new Date(worker.lastSeen).toISOString(),
        })),
      };
    },
  );
}
