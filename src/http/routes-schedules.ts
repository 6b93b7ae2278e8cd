/** Plans that are run by the clock. */

import { z } from "zod";
import { timetableSchema, type Schedule } from "../core/timetable.js";
import { TurnpikeError } from "../core/errors.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

const paramsSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, "use letters, digits, - and _, at most 64"),
});
const scheduleSchema = timetableSchema
  .extend({
    name: z.string(),
    nextAt: z.string().nullable().describe("When it runs next."),
    last: z
      .strictObject({
        at: z.string(),
        runId: z.string().nullable().describe("The run it started."),
        problem: z.string().nullable().describe("Why none could be started."),
      })
      .nullable()
      .describe("What came of its last time; null before that."),
  })
  .meta({ id: "Schedule" });

export function addScheduleRoutes(app: App, { service }: RouteContext): void {
  app.get(
    "/v1/schedules",
    {
      schema: {
        operationId: "listSchedules",
        summary: "Lists the schedules with the time each runs next",
        tags: ["schedules"],
        response: { 200: z.strictObject({ schedules: z.array(scheduleSchema) }), ...refusals() },
      },
    },
    async () => ({ schedules: (await service.schedules.list()).map(documentOf) }),
  );

  app.put(
    "/v1/schedules/:name",
    {
      schema: {
        operationId: "putSchedule",
        summary: "Runs a plan by the clock; replaces the schedule of that name",
        tags: ["schedules"],
        params: paramsSchema,
        body: timetableSchema,
        response: { 200: scheduleSchema, ...refusals("NOT_FOUND", "INVALID_PLAN") },
      },
    },
    async ({ params, body }) => documentOf(await service.schedules.put(params.name, body)),
  );

  app.delete(
    "/v1/schedules/:name",
    {
      schema: {
        operationId: "deleteSchedule",
        summary: "Ends a schedule; runs it has started go on",
        tags: ["schedules"],
        params: paramsSchema,
        response: { 204: z.null(), ...refusals("NOT_FOUND") },
      },
    },
    async ({ params: { name } }, reply) => {
      if (await service.schedules.remove(name)) return reply.code(204).send(null);
      throw new TurnpikeError(
        "NOT_FOUND",
        `no schedule is called "${name}"; GET /v1/schedules lists them`,
      );
    },
  );
}

function documentOf({ name, timetable, nextAt, last }: Schedule): z.infer<typeof scheduleSchema> {
  return {
    name,
    ...timetable,
    nextAt: nextAt === null ? null : new Date(nextAt).toISOString(),
    last: last === null ? null : { ...last, at: new Date(last.at).toISOString() },
  };
}
