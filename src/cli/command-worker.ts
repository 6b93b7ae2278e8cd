/** `turnpike worker`: lanes for the tasks of a service on this or another machine, until it is told to stop. */

import type { Command } from "commander";
import type { ConfigKeyName } from "../core/config.js";
import { formatDuration } from "../core/duration.js";
import { EXIT } from "../core/exit-code.js";
import { addConfigFlags, configOf, type CommandContext } from "./context.js";
import { createLastResort } from "./last-resort.js";

const KEYS: readonly ConfigKeyName[] = [
  "redisUrl",
  "namespace",
  "lanes",
  "labels",
  "laneMemoryMb",
  "laneRuns",
  "maxResponseMb",
  "maxStarts",
  "postgresUrl",
  "postgresMaxConnections",
  "firestoreProject",
  "firestoreMaxConcurrent",
  "publicUrl",
  "drainTimeout",
  "logLevel",
];

export function addWorkerCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const worker = program
    .command("worker")
    .description(
      "take tasks of the service that shares this Redis, on any number of machines; Ctrl-C finishes or hands over what is underway, a second one hands over at once",
    );
  addConfigFlags(worker, KEYS).action(async (options: Readonly<Record<string, unknown>>) => {
    const loaded = configOf(context, options);
    const { terminal } = context;
    const stopped = new AbortController();
    const lastResort = createLastResort(context, loaded.config.drainTimeout);
    let onSecond = (): void => undefined;
    context.onSignal(() => {
      lastResort();
      if (stopped.signal.aborted) onSecond();
      stopped.abort();
    });
    const running = await context.openWorker(loaded, {
      onNotice: terminal.progress,
      signal: stopped.signal,
    });
    const where = running.service === null ? "" : ` for ${running.service}`;
    terminal.result(
      `turnpike ${context.version} worker ${running.id} takes tasks of namespace ${running.namespace}${where} (${String(running.lanes)} lanes)`,
    );
    if (!stopped.signal.aborted)
      await new Promise((resolve) => stopped.signal.addEventListener("abort", resolve));
    const { drainTimeout } = loaded.config;
    terminal.progress(
      `stopping: waiting up to ${formatDuration(drainTimeout)} for tasks underway, then handing them over; again to hand over at once`,
    );
    const closing = running.close(drainTimeout);
    onSecond = () => void running.close(0);
    await closing;
    end(EXIT.passed);
  });
}
