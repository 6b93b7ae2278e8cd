/** `turnpike workers`: the processes that take tasks of a service. */

import { hostname } from "node:os";
import type { Command } from "commander";
import type { z } from "zod";
import { EXIT } from "../core/exit-code.js";
import type { CommandContext } from "./context.js";
import { workerListAnswerSchema } from "./server-answers.js";
import { addServerFlags, serverOf } from "./server-client.js";

type WorkersOptions = { json?: boolean; here?: boolean } & Readonly<Record<string, unknown>>;

export function addWorkersCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const workers = program
    .command("workers")
    .description(
      "list the processes that take tasks of a service, with lanes, labels, and what each runs",
    )
    .option("--json", "as JSON")
    .option("--here", "only those on this machine; the exit code is 3 when there is none");
  addServerFlags(workers).action(async (options: WorkersOptions) => {
    const { terminal } = context;
    const answer = await serverOf(context, options).read("/v1/workers", workerListAnswerSchema);
    const listed = answer.workers.filter(
      ({ host }) => options.here !== true || host === hostname(),
    );
    if (options.json === true) terminal.result(JSON.stringify({ workers: listed }, null, 2));
    else for (const line of listed.flatMap(linesOf)) terminal.result(line);
    if (listed.length > 0) return;
    const where = options.here === true ? ` on ${hostname()}` : "";
    terminal.progress(
      `no worker${where} takes tasks of this service; start one with turnpike worker`,
    );
    if (options.here === true) end(EXIT.errored);
  });
}

function linesOf(worker: z.output<typeof workerListAnswerSchema>["workers"][number]): string[] {
  const { id, lanes, busy, labels, tasks, version, lastSeen } = worker;
  const carried = labels.length === 0 ? "no labels" : `labels ${labels.join(", ")}`;
  return [
    `${id}  ${String(busy)} of ${String(lanes)} lanes busy, ${carried}, version ${version}, last seen ${lastSeen}`,
    ...tasks.map(({ runId, node }) => `  runs ${node} of ${runId}`),
  ];
}
