/** `turnpike trigger`: has a service run a plan or a collection, and waits for it where asked to. */

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
import { addServerFlags, serverOf, type ServerClient } from "./server-client.js";
import { watchServerRun } from "./watch-server.js";

interface TriggerOptions {
  readonly environment: readonly string[] | false | undefined;
  readonly envVar: Readonly<Record<string, string>>;
  readonly by: string | undefined;
  readonly branch: string | undefined;
  readonly commit: string | undefined;
  readonly label: Readonly<Record<string, string>> | undefined;
  readonly supersede: true | undefined;
  readonly idempotencyKey: string | undefined;
  readonly wait: boolean | undefined;
  readonly quiet: boolean | undefined;
  readonly report: readonly ReportTarget[];
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
    .option("--by <name>", "who asks, for people: the job of a pipeline, a name")
    .option("--branch <name>", "branch of what is tested")
    .option("--commit <id>", "commit of what is tested")
    .option("--label <key=value>", "show and keep this with the run; may be repeated", collectPair)
    .option("--supersede", "cancel older runs of the same plan and branch that have not ended")
    .option(
      "--idempotency-key <key>",
      "the same key with the same request is the same run, however often it is sent",
    )
    .option("-w, --wait", "wait for the end, show it live, and print the report")
    .option("-q, --quiet", "with --wait: show tasks, not every request")
    .option(
      "-r, --report <format=file>",
      `with --wait: write a report; formats ${Object.keys(REPORT_FORMATS).join(", ")}; may be repeated`,
      collectReport,
      [],
    );
  addServerFlags(trigger).action(
    async (name: string, options: TriggerOptions & Readonly<Record<string, unknown>>) => {
      if (options.report.length > 0 && options.wait !== true)
        throw new TurnpikeError(
          "INVALID_REQUEST",
          "--report needs --wait: a run has its report when it ends",
        );
      const server = serverOf(context, options);
      const { id } = await submit(server, await subjectOf(server, name), options);
      context.terminal.progress(`run ${id} at ${server.url}/v1/runs/${id}`);
      if (options.wait !== true) {
        context.terminal.result(id);
        return;
      }
      const { report, quiet = false } = options;
      end(await watchServerRun(context, server, { runId: id, quiet, report }));
    },
  );
}

async function submit(
  server: ServerClient,
  subject: object,
  options: TriggerOptions,
): Promise<{ readonly id: string }> {
  const { environment, envVar, by, branch, commit, label, supersede, idempotencyKey } = options;
  const body = {
    ...subject,
    variables: envVar,
    trigger: by ?? "cli",
    // What was not given is undefined, which JSON leaves out.
    branch,
    commit,
    labels: label,
    supersede,
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
