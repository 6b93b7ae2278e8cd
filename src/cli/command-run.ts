/** `turnpike run`: runs a plan or a collection on the embedded engine, shows it live, writes reports, and exits by the verdict. */

import { resolve } from "node:path";
import type { Command } from "commander";
import type { LoadedConfig } from "../config.js";
import type { Layer } from "../core/environment.js";
import type { Bail } from "../core/bail.js";
import { TurnpikeError } from "../core/errors.js";
import type { PlanFolder } from "../core/ports.js";
import { EXIT, exitCodeOf } from "../core/exit-code.js";
import { REPORT_FORMATS } from "../reports/formats.js";
import { renderText } from "../reports/text.js";
import {
  addCertificateFlags,
  readCertificates,
  type CertificateFlags,
} from "./certificate-files.js";
import { addConfigFlags, configOf, type CommandContext, type RunningTurnpike } from "./context.js";
import {
  addExportFlags,
  exportTargets,
  readCookieJar,
  writeExports,
  type ExportFlags,
} from "./export-files.js";
import { bailModifiers, collect, collectPair, wholeNumber } from "./flag-values.js";
import { addNewmanFlags, terminalOf, type OutputFlags } from "./newman-flags.js";
import { createProgress } from "./progress.js";
import { collectReport, writeReports, type ReportTarget } from "./report-files.js";
import { loadSubject, readEnvironment, type CollectionFlags } from "./subject.js";

interface RunOptions extends OutputFlags, ExportFlags, CertificateFlags {
  readonly environment: readonly string[] | false | undefined;
  readonly globals: string | undefined;
  readonly allowUnresolved: true | undefined;
  readonly envVar: Readonly<Record<string, string>>;
  readonly globalVar: Readonly<Record<string, string>>;
  readonly report: readonly ReportTarget[];
  readonly quiet: boolean | undefined;
  readonly iterationData: string | undefined;
  readonly iterationCount: number | undefined;
  readonly folder: readonly string[] | undefined;
  readonly bail: Bail | undefined;
  readonly csvTypes: boolean;
  readonly insecure: boolean | undefined;
  readonly ignoreRedirects: boolean | undefined;
  readonly timeout: number | undefined;
  readonly timeoutRequest: number | undefined;
  readonly timeoutScript: number | undefined;
  readonly delayRequest: number | undefined;
  readonly insecureFileRead: boolean;
}

export function addRunCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const run = program
    .command("run")
    .argument("<plan|collection>", "id or path of a plan, or path of a Postman collection")
    .description(
      "run a plan or a collection here, and exit by its verdict: 0 passed, 1 failed, 2 usage or invalid plan, 3 could not run, 4 timed out, 5 nothing ran, 130 cancelled",
    )
    .option(
      "-e, --environment <name|file>",
      "environment; several are layers, later ones win",
      collect,
    )
    .option("--no-environment", "run without an environment, also where the plan names one")
    .option("-g, --globals <file>", "Postman globals file")
    .option("--env-var <key=value>", "override a variable; may be repeated", collectPair, {})
    .option(
      "--allow-unresolved",
      "let every task send {{variables}} that nothing gives a value; the report says so",
    )
    .option(
      "--global-var <key=value>",
      "override a global variable; may be repeated",
      collectPair,
      {},
    )
    .option(
      "-r, --report <format=file>",
      `write a report; formats ${Object.keys(REPORT_FORMATS).join(", ")}; may be repeated`,
      collectReport,
      [],
    )
    .option("--timeout <ms>", "limit of the whole run", wholeNumber)
    .option("-q, --quiet", "show tasks, not every request");
  addCertificateFlags(run);
  addNewmanFlags(run);
  run
    .optionsGroup("For a single collection:")
    .option("-d, --iteration-data <file>", "CSV or JSON data, one row for each iteration")
    .option("-n, --iteration-count <n>", "number of iterations", wholeNumber)
    .option("--folder <name>", "run only this folder or request; may be repeated", collect)
    .option(
      "--bail [modifiers]",
      "stop the collection at its first failure; modifiers as Newman's: failure, folder",
      bailModifiers,
    )
    .option("--no-csv-types", "leave what looks like a number in CSV data a text: 007 stays 007")
    .option("-k, --insecure", "accept invalid TLS certificates")
    .option("--ignore-redirects", "do not follow redirects")
    .option("--timeout-request <ms>", "limit of each request", wholeNumber)
    .option("--timeout-script <ms>", "limit of each script", wholeNumber)
    .option("--delay-request <ms>", "pause between requests", wholeNumber)
    .option("--working-dir <folder>", "folder that uploads are read from; nothing outside it is")
    .option(
      "--no-insecure-file-read",
      "let an upload from outside that folder pass unsent, as Newman does, instead of failing",
    );
  addExportFlags(run);
  run.optionsGroup("Configuration:");
  addConfigFlags(run).action(
    async (name: string, options: RunOptions & Readonly<Record<string, unknown>>) => {
      const terminal = terminalOf(context.terminal, options);
      const code = await runCommand({ ...context, terminal }, name, options);
      end(options.suppressExitCode === true ? EXIT.passed : code);
    },
  );
}

async function runCommand(
  context: CommandContext,
  name: string,
  options: RunOptions & Readonly<Record<string, unknown>>,
): Promise<number> {
  const loaded = quietDefaults(configOf(context, options));
  const folder = await loadSubject(
    await context.openPlans(loaded.config, "unchecked"),
    name,
    collectionFlags(options),
  );
  const environment = await splitEnvironments(options);
  const globals =
    options.globals === undefined ? undefined : await readEnvironment(resolve(options.globals));
  const cookieJar =
    options.cookieJar === undefined ? undefined : await readCookieJar(options.cookieJar);
  const certificates = await readCertificates(options);
  const running = await context.open(loaded, {
    onNotice: context.terminal.progress,
    keepsSchedules: false,
    expectedRuns: expectedRuns(folder),
  });
  try {
    const { status } = await running.service.submitRun({
      subject: { kind: "folder", folder },
      ...environment,
      ...(globals !== undefined && { globals: globals.rows }),
      globalVariables: options.globalVar,
      ...(options.allowUnresolved === true && { allowUnresolved: true }),
      variables: options.envVar,
      ...(cookieJar !== undefined && { cookieJar }),
      ...(certificates !== undefined && { certificates }),
      trigger: "cli",
    });
    return await watch(context, running, { runId: status.run.id, options });
  } finally {
    await running.close(0);
  }
}

async function watch(
  context: CommandContext,
  running: RunningTurnpike,
  at: { readonly runId: string; readonly options: RunOptions },
): Promise<number> {
  const { terminal } = context;
  const { runId, options } = at;
  const { service } = running;
  const stopNow = new AbortController();
  const off = context.onSignal((signal) => {
    if (stopNow.signal.aborted) return;
    const by = signal === "SIGINT" ? "Ctrl-C" : signal;
    terminal.progress(`cancelling run ${runId} (${by}); once more to stop at once`);
    // It is refused where the run has just ended, and then there is nothing to cancel.
    service.cancelRun(runId, by).catch(() => undefined);
    context.onSignal(() => {
      stopNow.abort();
    });
  });
  const { run } = await service.viewRun(runId);
  const progress = createProgress(terminal, { plan: run.plan, quiet: options.quiet === true });
  progress.begin({ runId, url: running.url, lanes: running.lanes, resumed: running.resumed });
  for await (const { event } of service.followRun(runId, { signal: stopNow.signal }))
    progress.show(event);
  off();
  if (stopNow.signal.aborted) return EXIT.cancelled;
  const report = await service.reportRun(runId);
  for (const line of renderText(report, terminal.resultPalette)) terminal.result(line);
  await writeReports(context.terminal, options.report, (format) =>
    REPORT_FORMATS[format].render(report),
  );
  const targets = exportTargets(options);
  if (targets.size > 0) {
    const [exports] = (await service.takeExports(runId)).values();
    const by = `Turnpike/${context.version}`;
    await writeExports(terminal, targets, { exports, by, now: new Date() });
  }
  const { end, outcomes } = await service.viewRun(runId);
  return end === null ? EXIT.errored : exitCodeOf(end.verdict, [...outcomes.values()]);
}

/** As many as there are tasks; nobody knows where one of them is split. */
function expectedRuns({ plan }: PlanFolder): number | undefined {
  const tasks = plan.nodes.filter((node) => node.kind === "task");
  return tasks.some(({ shards }) => shards !== undefined) ? undefined : tasks.length;
}

/** Where nothing was chosen, a run takes a free port, so that it never collides with a service, and logs only what matters. */
function quietDefaults(loaded: LoadedConfig): LoadedConfig {
  const chosen = new Set(
    loaded.values.filter(({ source }) => source !== "default").map(({ key }) => key),
  );
  const config = {
    ...loaded.config,
    ...(chosen.has("port") ? {} : { port: 0 }),
    // Whoever types the command owns the variables.
    ...(chosen.has("secretVariables") ? {} : { secretVariables: ["*"] }),
    ...(chosen.has("logLevel") ? {} : { logLevel: "warn" as const }),
  };
  return { ...loaded, config };
}

function collectionFlags(options: RunOptions): CollectionFlags {
  const task = {
    iterations: options.iterationCount,
    folder: options.folder,
    bail: options.bail,
    csvTypes: options.csvTypes ? undefined : false,
    insecure: options.insecure,
    ignoreRedirects: options.ignoreRedirects,
    timeoutRequest: milliseconds(options.timeoutRequest),
    timeoutScript: milliseconds(options.timeoutScript),
    delayRequest: milliseconds(options.delayRequest),
    // Commander turns "--no-x" into x: false.
    refusedFiles: options.insecureFileRead ? undefined : "warn",
  };
  return {
    data: options.iterationData,
    workingDirectory: options.workingDir,
    folders: options.folder ?? [],
    cookieJar: options.cookieJar,
    exports: [...exportTargets(options).keys()],
    timeoutMs: options.timeout === 0 ? undefined : options.timeout,
    task: Object.fromEntries(Object.entries(task).filter(([, value]) => value !== undefined)),
  };
}

/** Newman's 0 means "no limit", which here is the absence of one. */
function milliseconds(value: number | undefined): string | undefined {
  return value === undefined || value === 0 ? undefined : `${String(value)}ms`;
}

/** Files become layers by content, names stay names. Files win over names, so a name behind a file would not do what its place says. */
async function splitEnvironments(
  options: RunOptions,
): Promise<{ environment?: readonly string[] | null; layers?: readonly Layer[] }> {
  if (options.environment === false) return { environment: null };
  if (options.environment === undefined) return {};
  const names: string[] = [];
  const layers: Layer[] = [];
  for (const given of options.environment) {
    const layer = await readEnvironment(given);
    if (layer !== undefined) layers.push(layer);
    else if (layers.length === 0) names.push(given);
    else
      throw new TurnpikeError(
        "INVALID_REQUEST",
        `-e ${given} is a name and stands behind a file, whose values would win; give the names first, or the path of its file`,
      );
  }
  return { environment: names.length === 0 ? null : names, layers };
}
