/** `turnpike trigger` and `rerun`: have a service run a plan, a collection, or a run once more, and wait for it where asked to. */

import type { Command } from "commander";
import { TurnpikeError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import { REPORT_FORMATS } from "../reports/formats.js";
import type { CommandContext } from "./context.js";
import { collect, collectPair } from "./flag-values.js";
import { collectReport, type ReportTarget } from "./report-files.js";
import {
  collectionListAnswerSchema,
  planListAnswerSchema,
  receiptAnswerSchema,
} from "./server-answers.js";
import { addServerFlags, pathOfRun, serverOf, type ServerClient } from "./server-client.js";
import { watchServerRun } from "./watch-server.js";

interface WaitOptions {
  readonly wait: boolean | undefined;
  readonly quiet: boolean | undefined;
  readonly report: readonly ReportTarget[];
}

interface RerunOptions extends WaitOptions {
  readonly failed: boolean | undefined;
  readonly envVar: Readonly<Record<string, string>>;
  readonly by: string | undefined;
}

interface TriggerOptions extends WaitOptions {
  readonly environment: readonly string[] | false | undefined;
  readonly envVar: Readonly<Record<string, string>>;
  readonly by: string | undefined;
  readonly branch: string | undefined;
  readonly commit: string | undefined;
  readonly label: Readonly<Record<string, string>> | undefined;
  readonly allowUnresolved: true | undefined;
  readonly supersede: true | undefined;
  readonly idempotencyKey: string | undefined;
}

export function addTriggerCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const trigger = program
    .command("trigger")
    .argument("<plan|collection>", "id of a plan, or name of a collection, of the service")
    .description(
      "have a service run a plan or a collection, and print the id of the run; with --wait exit by its verdict, as `run` does",
    )
    .option(
      "-e, --environment <name>",
      "environment of the service; several are layers, later ones win",
      collect,
    )
    .option("--no-environment", "run without an environment, also where the plan names one")
    .option("--env-var <key=value>", "override a variable; may be repeated", collectPair, {})
    .option(
      "--allow-unresolved",
      "let every task send {{variables}} that nothing gives a value; the report says so",
    )
    .option("--by <name>", "who asks, for people: the job of a pipeline, a name")
    .option("--branch <name>", "branch of what is tested")
    .option("--commit <id>", "commit of what is tested")
    .option("--label <key=value>", "show and keep this with the run; may be repeated", collectPair)
    .option("--supersede", "cancel older runs of the same plan and branch that have not ended")
    .option(
      "--idempotency-key <key>",
      "the same key with the same request is the same run, however often it is sent",
    );
  addServerFlags(addWaitFlags(trigger)).action(
    async (name: string, options: TriggerOptions & Readonly<Record<string, unknown>>) => {
      refuseReportWithoutWait(options);
      const server = serverOf(context, options);
      const { id } = await submit(server, await subjectOf(server, name), options);
      await showAccepted(context, server, { id, options, end });
    },
  );
}

export function addRerunCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const rerun = program
    .command("rerun")
    .argument("<run>", "id of an ended run of a service")
    .description(
      "run an ended run again as a new one, from the same files and the environments of now, and print its id",
    )
    .option("--failed", "only what did not pass, and what stands behind it; the rest is reused")
    .option("--env-var <key=value>", "override a variable; may be repeated", collectPair, {})
    .option("--by <name>", "who asks, for people");
  addServerFlags(addWaitFlags(rerun)).action(
    async (runId: string, options: RerunOptions & Readonly<Record<string, unknown>>) => {
      refuseReportWithoutWait(options);
      const server = serverOf(context, options);
      const body = {
        failed: options.failed === true,
        variables: options.envVar,
        trigger: options.by ?? "cli",
      };
      const path = `${pathOfRun(runId)}/rerun`;
      const { id } = await server.post(path, { body }, receiptAnswerSchema);
      await showAccepted(context, server, { id, options, end });
    },
  );
}

function addWaitFlags(command: Command): Command {
  return command
    .option("-w, --wait", "wait for the end, show it live, and print the report")
    .option("-q, --quiet", "with --wait: show tasks, not every request")
    .option(
      "-r, --report <format=file>",
      `with --wait: write a report; formats ${Object.keys(REPORT_FORMATS).join(", ")}; may be repeated`,
      collectReport,
      [],
    );
}

function refuseReportWithoutWait({ report, wait }: WaitOptions): void {
  if (report.length === 0 || wait === true) return;
  throw new TurnpikeError(
    "INVALID_REQUEST",
    "--report needs --wait: a run has its report when it ends",
  );
}

/** Prints the id of an accepted run, or waits for its end. */
async function showAccepted(
  context: CommandContext,
  server: ServerClient,
  accepted: {
    readonly id: string;
    readonly options: WaitOptions;
    readonly end: (code: number) => void;
  },
): Promise<void> {
  const { id, options, end } = accepted;
  const { wait, report, quiet = false } = options;
  context.terminal.progress(`run ${id} at ${server.url}/v1/runs/${id}`);
  if (wait === true) end(await watchServerRun(context, server, { runId: id, quiet, report }));
  else context.terminal.result(id);
}

async function submit(
  server: ServerClient,
  subject: object,
  options: TriggerOptions,
): Promise<{ readonly id: string }> {
  const { environment, envVar, by, branch, commit, label, supersede, idempotencyKey } = options;
  const { allowUnresolved } = options;
  const body = {
    ...subject,
    variables: envVar,
    trigger: by ?? "cli",
    // What was not given is undefined, which JSON leaves out.
    branch,
    commit,
    labels: label,
    supersede,
    allowUnresolved,
    ...(environment === undefined
      ? {}
      : { environment: environment === false ? null : environment }),
  };
  const headers = idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey };
  return server.post("/v1/runs", { body, headers }, receiptAnswerSchema);
}

/** Tells a plan of the service from a collection; NOT_FOUND with what there is. */
async function subjectOf(server: ServerClient, name: string): Promise<object> {
  const { plans } = await server.read("/v1/plans", planListAnswerSchema);
  if (plans.some(({ id }) => id === name)) return { plan: name };
  const { collections } = await server.read("/v1/collections", collectionListAnswerSchema);
  if (collections.some((collection) => collection.name === name)) return { collection: name };
  const known = [...plans.map(({ id }) => id), ...collections.map((collection) => collection.name)];
  const guess = nearest(name, known);
  throw new TurnpikeError(
    "NOT_FOUND",
    `${server.url} has neither a plan nor a collection "${name}"; it has ${known.join(", ") || "none"}${guess === null ? "" : `; did you mean "${guess}"?`}`,
  );
}
