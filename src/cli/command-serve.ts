/** `turnpike serve`: the service, until it is told to stop. */

import type { Command } from "commander";
import { formatDuration } from "../core/duration.js";
import { EXIT } from "../core/exit-code.js";
import { addConfigFlags, configOf, type CommandContext } from "./context.js";
import { createLastResort } from "./last-resort.js";

export function addServeCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const serve = program
    .command("serve")
    .description(
      "serve the API and work on runs until stopped; Ctrl-C finishes what is underway, a second one stops at once",
    );
  addConfigFlags(serve).action(async (options: Readonly<Record<string, unknown>>) => {
    const loaded = configOf(context, options);
    const { terminal } = context;
    const running = await context.open(loaded, {
      onNotice: terminal.progress,
      keepsSchedules: true,
    });
    terminal.result(
      `turnpike ${context.version} serves at ${running.url} (${String(running.lanes)} lanes)`,
    );
    terminal.result(
      `  API ${running.url}/v1/runs   queue ${running.url}/queues   document ${running.url}/openapi.json`,
    );
    if (running.resumed.length > 0) {
      terminal.result(
        `  going on with ${running.resumed.join(", ")}, left unfinished by an earlier process`,
      );
    }
    const { drainTimeout } = loaded.config;
    context.onSignal(createLastResort(context, drainTimeout));
    await waitForSignal(context);
    terminal.progress(
      `stopping: waiting up to ${formatDuration(drainTimeout)} for tasks underway; again to stop at once`,
    );
    const again = waitForSignal(context).then(() => running.close(0));
    await Promise.race([running.close(drainTimeout), again]);
    end(EXIT.passed);
  });
}

function waitForSignal({ onSignal }: CommandContext): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = onSignal((signal) => {
      stop();
      resolve(signal);
    });
  });
}
