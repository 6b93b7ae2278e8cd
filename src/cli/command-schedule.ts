/** `turnpike schedule`: plans that a service runs by the clock. */

import type { Command } from "commander";
import type { CommandContext } from "./context.js";
import { collect, collectPair } from "./flag-values.js";
import {
  scheduleAnswerSchema,
  scheduleListAnswerSchema,
  type ScheduleAnswer,
} from "./server-answers.js";
import { addServerFlags, serverOf } from "./server-client.js";

interface SetOptions extends Readonly<Record<string, unknown>> {
  readonly cron: string;
  readonly timezone: string;
  readonly environment: readonly string[] | false | undefined;
  readonly envVar: Readonly<Record<string, string>> | undefined;
}

export function addScheduleCommands(program: Command, context: CommandContext): void {
  const schedule = program.command("schedule").description("run plans of a service by the clock");
  const list = schedule
    .command("list")
    .description("list the schedules: when each runs next, and what came of its last time")
    .option("--json", "as JSON");
  addServerFlags(list).action(
    async (options: { json?: boolean } & Readonly<Record<string, unknown>>) => {
      const { terminal } = context;
      const { schedules } = await serverOf(context, options).read(
        "/v1/schedules",
        scheduleListAnswerSchema,
      );
      if (options.json === true) terminal.result(JSON.stringify({ schedules }, null, 2));
      else for (const each of schedules) terminal.result(lineOf(each));
      if (schedules.length === 0)
        terminal.progress("no plan is run by the clock; turnpike schedule set adds one");
    },
  );
  const set = schedule
    .command("set")
    .argument("<name>", "name of the schedule; one of that name is replaced")
    .argument("<plan>", "id of a plan of the service")
    .description("run a plan by the clock")
    .requiredOption(
      "--cron <expression>",
      'such as "30 4 * * 1-5": minute, hour, day, month, weekday',
    )
    .option("--timezone <zone>", "such as Europe/Berlin", "UTC")
    .option("-e, --environment <name>", "may be repeated; later ones win", collect)
    .option("--no-environment", "run without an environment, also where the plan names one")
    .option(
      "--env-var <key=value>",
      "override a variable; it stands in the queue in clear",
      collectPair,
    );
  addServerFlags(set).action(async (name: string, plan: string, options: SetOptions) => {
    const { cron, timezone, environment, envVar: variables } = options;
    const layers = environment === false ? null : environment;
    const body = { plan, cron, timezone, environment: layers, variables };
    const made = await serverOf(context, options).put(pathOf(name), body, scheduleAnswerSchema);
    context.terminal.result(lineOf(made));
  });
  const remove = schedule
    .command("delete")
    .argument("<name>", "name of the schedule")
    .description("end a schedule; runs it has started go on");
  addServerFlags(remove).action(
    async (name: string, options: Readonly<Record<string, unknown>>) => {
      await serverOf(context, options).remove(pathOf(name));
      context.terminal.result(`schedule ${name} is deleted`);
    },
  );
  addPauseCommands(schedule, context);
}

function addPauseCommands(schedule: Command, context: CommandContext): void {
  const pause = schedule
    .command("pause")
    .argument("<name>", "name of the schedule")
    .description("start nothing by it until it is resumed; runs it has started go on")
    .option("--by <name>", "who asks, for people", "cli");
  addServerFlags(pause).action(
    async (name: string, options: { by: string } & Readonly<Record<string, unknown>>) => {
      const request = { body: { by: options.by } };
      const path = `${pathOf(name)}/pause`;
      const answer = await serverOf(context, options).post(path, request, scheduleAnswerSchema);
      context.terminal.result(lineOf(answer));
    },
  );
  const resume = schedule
    .command("resume")
    .argument("<name>", "name of the schedule")
    .description("let it go on with its next time; what passed meanwhile is not made up for");
  addServerFlags(resume).action(
    async (name: string, options: Readonly<Record<string, unknown>>) => {
      const path = `${pathOf(name)}/resume`;
      const answer = await serverOf(context, options).post(
        path,
        { body: {} },
        scheduleAnswerSchema,
      );
      context.terminal.result(lineOf(answer));
    },
  );
}

function pathOf(name: string): string {
  return `/v1/schedules/${encodeURIComponent(name)}`;
}

function lineOf({ name, plan, cron, timezone, pausedBy, nextAt, last }: ScheduleAnswer): string {
  const came =
    last === null
      ? ""
      : `, last at ${last.at}: ${last.runId === null ? (last.problem ?? "no run") : `run ${last.runId}`}`;
  return `${name}  ${plan}  "${cron}" ${timezone}, ${pausedBy === null ? `next at ${nextAt ?? "no time"}` : `paused by ${pausedBy}`}${came}`;
}
