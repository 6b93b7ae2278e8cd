/** `turnpike workers`: the processes that take tasks of a service. */

import type { Command } from "commander";
import type { CommandContext } from "./context.js";
import { workerListAnswerSchema } from "./server-answers.js";
import { addServerFlags, serverOf } from "./server-client.js";

export function addWorkersCommand(program: Command, context: CommandContext): void {
  const workers = program
    .command("workers")
    .description("list the processes that take tasks of a service, with their lanes and labels")
    .option("--json", "as JSON");
  addServerFlags(workers).action(
    async (options: { json?: boolean } & Readonly<Record<string, unknown>>) => {
      const server = serverOf(context, options);
      const { terminal } = context;
      if (options.json === true)
        return terminal.result((await server.readText("/v1/workers")).trimEnd());
      const answer = await server.read("/v1/workers", workerListAnswerSchema);
      for (const { id, lanes, busy, labels, version, lastSeen } of answer.workers) {
        const carried = labels.length === 0 ? "no labels" : `labels ${labels.join(", ")}`;
        terminal.result(
          `${id}  ${String(busy)} of ${String(lanes)} lanes busy, ${carried}, version ${version}, last seen ${lastSeen}`,
        );
      }
      if (answer.workers.length === 0)
        terminal.progress("no worker takes tasks of this service; start one with turnpike worker");
    },
  );
}
