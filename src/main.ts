/** Entry: makes what commands work with and turns their answer into the exit code. */

import { readFileSync } from "node:fs";
import type { CommandContext } from "./cli/context.js";
import { runProgram } from "./cli/program.js";
import { createTerminal } from "./cli/terminal.js";
import { loadConfig } from "./config.js";

const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string };

/** Ctrl-C, a supervisor's request, and a terminal that was closed. */
const STOPS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const context: CommandContext = {
  version,
  terminal: createTerminal({
    stdout: process.stdout,
    stderr: process.stderr,
    variables: process.env,
  }),
  loadConfig: (from) => loadConfig({ ...from, variables: process.env }),
  // The engine takes most of a second to load; commands that do not run anything do without it.
  openPlans: async (config, environments) =>
    (await import("./wire-documents.js")).openPlans(config, environments),
  openEnvironments: async (config) =>
    (await import("./wire-documents.js")).openEnvironmentFiles(config),
  openVault: async (config) => (await import("./wire-documents.js")).openVault(config),
  findService: async (config) => (await import("./wire-documents.js")).findService(config),
  examine: async (config) => (await import("./wire-doctor.js")).examine(config),
  input: process.stdin,
  open: async (loaded, options) =>
    (await import("./wire.js")).openTurnpike(loaded, { ...options, version }),
  openWorker: async (loaded, options) =>
    (await import("./wire-worker.js")).openWorker(loaded, { ...options, version }),
  onSignal(listener) {
    for (const signal of STOPS) process.on(signal, listener);
    return () => {
      for (const signal of STOPS) process.off(signal, listener);
    };
  },
  exit: (code) => process.exit(code),
};

process.exitCode = await runProgram(context, process.argv);
