/** `turnpike cleanup`: deletes test data that earlier runs have left on a target. */

import type { Command } from "commander";
import { parseDuration } from "../core/duration.js";
import { TurnpikeError } from "../core/errors.js";
import { EXIT } from "../core/exit-code.js";
import { keyNames } from "../core/config.js";
import type { CleanOrphansRequest, OrphanSweep } from "../service/service.js";
import { printableLine } from "../reports/printable.js";
import { collect, collectPair } from "./flag-values.js";
import { configOf, type CommandContext } from "./context.js";
import { orphanSweepAnswerSchema } from "./server-answers.js";
import { addServerFlags, serverOf, type ServerClient } from "./server-client.js";

/** Lists of many pages take their time; a connection without an answer ends at 300 s. */
const SWEEP_LIMIT_MS = 290_000;

interface CleanupOptions extends Readonly<Record<string, unknown>> {
  readonly environment?: readonly string[];
  readonly olderThan: string;
  readonly dryRun?: boolean;
  readonly envVar: Readonly<Record<string, string>>;
  readonly json?: boolean;
}

export function addCleanupCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const cleanup = program
    .command("cleanup")
    .description("delete test data that earlier runs have left, found by its prefix")
    .option(
      "-e, --environment <name>",
      "environment whose lists are asked; may be repeated",
      collect,
    )
    .option("--older-than <duration>", "since the end of the run that made it", "1d")
    .option("--dry-run", "only say what would be deleted")
    .option("--env-var <key=value>", "override a variable; may be repeated", collectPair, {})
    .option("--json", "as JSON");
  const further = keyNames().filter((name) => name !== "server");
  addServerFlags(cleanup, further).action(async (options: CleanupOptions) => {
    end(await cleanUp(context, options));
  });
}

async function cleanUp(context: CommandContext, options: CleanupOptions): Promise<number> {
  const { terminal } = context;
  const olderThanMs = parseDuration(options.olderThan);
  if (olderThanMs === null)
    throw new TurnpikeError(
      "INVALID_REQUEST",
      `--older-than ${options.olderThan} is no duration; write for example 12h or 1d, at most 24d`,
    );
  const request: CleanOrphansRequest = {
    environment: options.environment ?? null,
    olderThanMs,
    dryRun: options.dryRun === true,
    variables: options.envVar,
  };
  const swept = await sweep(context, options, request);
  if (options.json === true) terminal.result(JSON.stringify(swept, null, 2));
  else for (const line of linesOf(swept)) terminal.result(line);
  const isClean = swept.trouble === null && swept.found.every(({ fate }) => fate !== "left");
  return isClean ? EXIT.passed : EXIT.errored;
}

/** By the service that is named, by the one that uses the data directory right now, or else here. */
async function sweep(
  context: CommandContext,
  options: CleanupOptions,
  request: CleanOrphansRequest,
): Promise<OrphanSweep> {
  const loaded = configOf(context, options);
  if (loaded.config.server !== undefined) return sweepAt(serverOf(context, options), request);
  const beside = await context.findService(loaded.config);
  if (beside !== null) {
    context.terminal.progress(
      `${loaded.config.dataDirectory} is used by the service at ${beside}, which cleans up with its own configuration`,
    );
    return sweepAt(serverOf(context, { ...options, server: beside }), request);
  }
  const config = { ...loaded.config, port: 0, secretVariables: ["*"], logLevel: "warn" as const };
  const running = await context.open(
    { ...loaded, config },
    { onNotice: context.terminal.progress, keepsSchedules: false },
  );
  try {
    return await running.service.cleanOrphans(request);
  } finally {
    await running.close(0);
  }
}

function sweepAt(
  server: ServerClient,
  { environment, olderThanMs, ...request }: CleanOrphansRequest,
): Promise<OrphanSweep> {
  const body = {
    ...request,
    ...(environment !== null && { environment }),
    olderThan: `${String(olderThanMs)}ms`,
  };
  return server.post("/v1/cleanup", { body, limitMs: SWEEP_LIMIT_MS }, orphanSweepAnswerSchema);
}

function linesOf({ found, trouble }: OrphanSweep): string[] {
  const count = (wanted: string): number => found.filter(({ fate }) => fate === wanted).length;
  const fates = ["deleted", "would be deleted", "left", "kept"].flatMap((fate) =>
    count(fate) === 0 ? [] : [`${String(count(fate))} ${fate}`],
  );
  return [
    ...found.map(
      ({ name, id, fate, why }) =>
        // The target says these, and whoever wrote on it.
        `${fate.padEnd(16)}  ${printableLine(name)}  ${printableLine(id)}${why === null ? "" : `  (${printableLine(why)})`}`,
    ),
    fates.length === 0 ? "no test data found" : fates.join(", "),
    ...(trouble === null
      ? []
      : [`not everything could be looked at or deleted: ${printableLine(trouble)}`]),
  ];
}
