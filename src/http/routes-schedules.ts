/** Plans that are run by the clock. */

import { z } from "zod";
import { scheduleNameSchema, timetableSchema, type Schedule } from "../core/timetable.js";
import { TurnpikeError } from "../core/errors.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";
import { bySchema } from "./run-query.js";

const paramsSchema = z.strictObject({ name: scheduleNameSchema });
const scheduleSchema = timetableSchema
  .extend({
    name: z.string(),
    pausedBy: z.string().nullable().describe("Null unless it is paused."),
    nextAt: z.string().nullable().describe("When it runs next; null while it is paused."),
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

  app.get(
    "/v1/schedules/:name",
    {
      schema: {
        operationId: "getSchedule",
        summary: "Reads a schedule: when it runs next, and what came of its last time",
        tags: ["schedules"],
        params: paramsSchema,
        response: { 200: scheduleSchema, ...refusals("NOT_FOUND") },
      },
    },
    async ({ params: { name } }) => {
      const schedules = await service.schedules.list();
      return found(name, schedules.find((schedule) => schedule.name === name) ?? null);
    },
  );

  app.put(
    "/v1/schedules/:name",
    {
      schema: {
        operationId: "putSchedule",
        summary:
          "Runs a plan by the clock; replaces the schedule of that name, which stays paused if it was",
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
      throw unknown(name);
    },
  );
  addPauseRoutes(app, service);
}

function addPauseRoutes(app: App, service: RouteContext["service"]): void {
  app.post(
    "/v1/schedules/:name/pause",
    {
      schema: {
        operationId: "pauseSchedule",
        summary: "Starts nothing by a schedule until it is resumed; runs it has started go on",
        tags: ["schedules"],
        params: paramsSchema,
        body: z.strictObject({ by: bySchema }).nullish(),
        response: { 200: scheduleSchema, ...refusals("NOT_FOUND") },
      },
    },
    async ({ params: { name }, body }) =>
      found(name, await service.schedules.pause(name, body?.by ?? "api")),
  );
  app.post(
    "/v1/schedules/:name/resume",
    {
      schema: {
        operationId: "resumeSchedule",
        summary: "Lets a paused schedule go on; times that passed meanwhile are not made up for",
        tags: ["schedules"],
        params: paramsSchema,
        body: z.strictObject({}).nullish(),
        response: { 200: scheduleSchema, ...refusals("NOT_FOUND") },
      },
    },
    async ({ params: { name } }) => found(name, await service.schedules.resume(name)),
  );
}

/** Its document; NOT_FOUND for null. */
function found(name: string, schedule: Schedule | null): z.infer<typeof scheduleSchema> {
  if (schedule === null) throw unknown(name);
  return documentOf(schedule);
}

function unknown(name: string): TurnpikeError {
  return new TurnpikeError(
    "NOT_FOUND",
    `no schedule is called "${name}"; GET /v1/schedules lists them`,
  );
}

function documentOf({
  name,
  timetable,
  pausedBy,
  nextAt,
  last,
}: Schedule): z.infer<typeof scheduleSchema> {
  return {
    name,
    ...timetable,
    pausedBy,
    nextAt: nextAt === null ? null : new Date(nextAt).toISOString(),
    last: last === null ? null : { ...last, at: new Date(last.at).toISOString() },
  };
}
