/** `turnpike pause` and `resume`: one run of a service, or all of its queue. */

import type { Command } from "commander";
import type { CommandContext } from "./context.js";
import { queueAnswerSchema, receiptAnswerSchema } from "./server-answers.js";
import { addServerFlags, pathOfRun, serverOf } from "./server-client.js";

export function addPauseCommands(program: Command, context: CommandContext): void {
  const pause = program
    .command("pause")
    .argument("[run]", "id of a run; the whole queue of the service without one")
    .description("start no new task until it is resumed; what runs goes on to its end")
    .option("--by <name>", "who asks, for people", "cli");
  addServerFlags(pause).action(
    async (
      runId: string | undefined,
      options: { by: string } & Readonly<Record<string, unknown>>,
    ) => {
      const server = serverOf(context, options);
      if (runId === undefined) {
        await server.post("/v1/queue/pause", { body: {} }, queueAnswerSchema);
        return context.terminal.result("the queue is paused; no new task of any run starts");
      }
      const body = { by: options.by };
      await server.post(`${pathOfRun(runId)}/pause`, { body }, receiptAnswerSchema);
      context.terminal.result(`run ${runId} is paused; it starts nothing new`);
    },
  );
  const resume = program
    .command("resume")
    .argument("[run]", "id of a run; the whole queue of the service without one")
    .description("let a paused run, or the paused queue, go on");
  addServerFlags(resume).action(
    async (runId: string | undefined, options: Readonly<Record<string, unknown>>) => {
      const server = serverOf(context, options);
      if (runId === undefined) {
        await server.post("/v1/queue/resume", { body: {} }, queueAnswerSchema);
        return context.terminal.result("the queue goes on");
      }
      await server.post(`${pathOfRun(runId)}/resume`, { body: {} }, receiptAnswerSchema);
      context.terminal.result(`run ${runId} goes on`);
    },
  );
}
