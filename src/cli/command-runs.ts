/** `turnpike runs`, `status`, `logs` and `cancel`: looking after the runs of a service. */

import type { Command } from "commander";
import { formatDuration } from "../core/duration.js";
import { colourOf, type Palette } from "../reports/palette.js";
import { environmentText, MARKS, originTexts, wordOf } from "../reports/wording.js";
import type { CommandContext } from "./context.js";
import { wholeNumber } from "./flag-values.js";
import { createProgress, outcomeText } from "./progress.js";
import {
  receiptAnswerSchema,
  runAnswerSchema,
  runPageAnswerSchema,
  type RunAnswer,
  type SummaryAnswer,
} from "./server-answers.js";
import { addServerFlags, pathOfRun, serverOf } from "./server-client.js";
import { watchServerRun } from "./watch-server.js";

/** Flags of `runs` that stand in the query under their own name. */
const FILTERS = ["plan", "environment", "branch", "verdict", "since", "until", "cursor"];

interface RunFlags extends Readonly<Record<string, unknown>> {
  readonly json?: boolean;
  readonly wait?: boolean;
  readonly follow?: boolean;
  readonly quiet?: boolean;
}

export function addRunsCommands(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  addListCommand(program, context);
  addStatusCommand(program, context, end);
  addLogsCommand(program, context);
  const cancel = program
    .command("cancel")
    .argument("<run>", "id of a run of a service")
    .description("ask a run to stop; what runs is killed and nothing new starts")
    .option("--by <name>", "who asks, for people", "cli");
  addServerFlags(cancel).action(async (runId: string, options: RunFlags & { by: string }) => {
    const server = serverOf(context, options);
    await server.post(
      `${pathOfRun(runId)}/cancel`,
      { body: { by: options.by } },
      receiptAnswerSchema,
    );
    context.terminal.result(`run ${runId} is being cancelled`);
  });
}

function addListCommand(program: Command, context: CommandContext): void {
  const runs = program
    .command("runs")
    .description("list the runs of a service, newest first")
    .option("--limit <n>", "how many, at most 100", wholeNumber, 20)
    .option("--plan <name>", "only runs of this plan")
    .option("-e, --environment <name>", "only runs with this environment among their layers")
    .option("--branch <name>", "only runs of this branch")
    .option(
      "--verdict <verdict>",
      "only runs that ended so: passed, failed, errored, timed_out, cancelled",
    )
    .option("--since <time>", "accepted at this time or later, such as 2026-11-23T09:30:00Z")
    .option("--until <time>", "accepted before this time")
    .option("--cursor <cursor>", "go on where an earlier list ended")
    .option("--json", "as JSON");
  addServerFlags(runs).action(async (options: RunFlags & { limit: number }) => {
    const query = new URLSearchParams({ limit: String(options.limit) });
    for (const name of FILTERS) {
      const value = options[name];
      if (typeof value === "string") query.set(name, value);
    }
    const path = `/v1/runs?${query.toString()}`;
    const server = serverOf(context, options);
    const { terminal } = context;
    if (options.json === true) return terminal.result((await server.readText(path)).trimEnd());
    const page = await server.read(path, runPageAnswerSchema);
    for (const line of tableOf(page.runs, terminal.resultPalette)) terminal.result(line);
    if (page.next !== null) terminal.progress(`there are more; go on with --cursor ${page.next}`);
  });
}

function addStatusCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const status = program
    .command("status")
    .argument("<run>", "id of a run of a service")
    .description("show a run with its tasks; with --wait wait for its end and exit by its verdict")
    .option("-w, --wait", "wait for the end, show it live, and print the report")
    .option("-q, --quiet", "with --wait: show tasks, not every request")
    .option("--json", "as JSON");
  addServerFlags(status).action(async (runId: string, options: RunFlags) => {
    const server = serverOf(context, options);
    const { terminal } = context;
    if (options.wait === true) {
      const { quiet = false } = options;
      return end(await watchServerRun(context, server, { runId, quiet, report: [] }));
    }
    if (options.json === true)
      return terminal.result((await server.readText(pathOfRun(runId))).trimEnd());
    const run = await server.read(pathOfRun(runId), runAnswerSchema);
    for (const line of statusLines(run, terminal.resultPalette)) terminal.result(line);
  });
}

function addLogsCommand(program: Command, context: CommandContext): void {
  const logs = program
    .command("logs")
    .argument("<run>", "id of a run of a service")
    .description("print what happened in a run: starts, requests, failures, outcomes")
    .option("-f, --follow", "go on until the run has ended")
    .option("-q, --quiet", "tasks and failures, not every request");
  addServerFlags(logs).action(async (runId: string, options: RunFlags) => {
    const server = serverOf(context, options);
    const { result, progress, resultPalette } = context.terminal;
    const { plan, nodes, state } = await server.read(pathOfRun(runId), runAnswerSchema);
    const shown = createProgress(
      { progress: result, progressPalette: resultPalette },
      { plan: { title: plan.title, nodes }, quiet: options.quiet === true },
    );
    if (options.follow !== true && state !== "ended") {
      for (const event of await server.readEvents(runId)) shown.show(event);
      progress(`run ${runId} goes on; follow it with --follow`);
      return;
    }
    const stop = new AbortController();
    const off = context.onSignal(() => stop.abort());
    const signal = AbortSignal.any([stop.signal, context.terminal.unread]);
    for await (const { event } of server.follow(runId, { signal, onNotice: progress }))
      shown.show(event);
    off();
    if (context.terminal.unread.aborted) return;
    const { verdict } = await server.read(pathOfRun(runId), runAnswerSchema);
    result(`run ${runId} ${verdict === null ? "goes on" : wordOf(verdict)}`);
  });
}

function stateOf({
  state,
  verdict,
  pausedBy,
}: Pick<SummaryAnswer, "state" | "verdict" | "pausedBy">): string {
  if (verdict !== null) return wordOf(verdict);
  return pausedBy === null ? state : "paused";
}

function tableOf(runs: readonly SummaryAnswer[], palette: Palette): string[] {
  const head = ["run", "plan", "state", "environment", "branch", "began", "took", "by"];
  const rows = runs.map((run) => [
    run.id,
    run.plan.name,
    stateOf(run),
    environmentText(run),
    run.branch ?? "-",
    run.createdAt,
    run.endedAt === null
      ? "-"
      : formatDuration(Date.parse(run.endedAt) - Date.parse(run.createdAt)),
    run.trigger,
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [
    palette.dim(line(head)),
    ...rows.map((row, position) => {
      const verdict = runs[position]?.verdict ?? "running";
      return palette[colourOf(verdict)](line(row));
    }),
  ];
}

function statusLines(run: RunAnswer, palette: Palette): string[] {
  const width = Math.max(0, ...run.nodes.map(({ id }) => id.length));
  const nodes = run.nodes.map(({ id, state, outcome, waitingFor }) => {
    const status = outcome?.status ?? (state === "running" ? "running" : "waiting");
    const wait = waitingFor === null ? "" : ` for ${waitingFor}`;
    const text = outcome === null ? wordOf(status) + wait : outcomeText(outcome, palette);
    return `  ${palette[colourOf(status)](MARKS[status])} ${id.padEnd(width)}  ${text}`;
  });
  const paused = run.pausedBy === null ? [] : [`paused by ${run.pausedBy}`];
  const cancelled = run.cancelledBy === null ? [] : [`cancelled by ${run.cancelledBy}`];
  const facts = [
    `environment ${environmentText(run)}`,
    ...originTexts(run),
    `by ${run.trigger}`,
    ...paused,
    ...cancelled,
  ];
  return [
    `${palette.bold(run.plan.title)}  run ${run.id}, ${facts.join(", ")}`,
    ...nodes,
    palette[colourOf(run.verdict ?? "running")](stateOf(run).toUpperCase()),
  ];
}
