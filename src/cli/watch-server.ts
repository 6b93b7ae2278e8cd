/** Waiting for a run of a service: shown live, ended with its report, and with the exit code of its verdict. */

import { EXIT, exitCodeOf } from "../core/exit-code.js";
import { REPORT_FORMATS } from "../reports/formats.js";
import type { CommandContext } from "./context.js";
import { createProgress } from "./progress.js";
import { writeReports, type ReportTarget } from "./report-files.js";
import { runAnswerSchema } from "./server-answers.js";
import { pathOfRun, type ServerClient } from "./server-client.js";

/** Waits until the run has ended. Ctrl-C ends the waiting only, and says so. */
export async function watchServerRun(
  { terminal, onSignal }: CommandContext,
  server: ServerClient,
  at: {
    readonly runId: string;
    readonly quiet: boolean;
    readonly report: readonly ReportTarget[];
  },
): Promise<number> {
  const { runId, quiet, report } = at;
  const path = pathOfRun(runId);
  const stop = new AbortController();
  const off = onSignal(() => stop.abort());
  try {
    const { plan, nodes } = await server.read(path, runAnswerSchema);
    const progress = createProgress(terminal, { plan: { title: plan.title, nodes }, quiet });
    const followed = { signal: stop.signal, onNotice: terminal.progress };
    for await (const { event } of server.follow(runId, followed)) progress.show(event);
  } finally {
    off();
  }
  if (stop.signal.aborted) {
    terminal.progress(
      `run ${runId} goes on at ${server.url}; cancel it with: turnpike cancel ${runId} --server ${server.url}`,
    );
    return EXIT.cancelled;
  }
  const { verdict, nodes } = await server.read(path, runAnswerSchema);
  const text = await server.readText(`${path}/report.${REPORT_FORMATS.text.extension}`);
  terminal.result(text.trimEnd());
  await writeReports(terminal, report, (format) =>
    server.readText(`${path}/report.${REPORT_FORMATS[format].extension}`),
  );
  return verdict === null
    ? EXIT.errored
    : exitCodeOf(
        verdict,
        nodes.flatMap(({ outcome }) => outcome ?? []),
      );
}
