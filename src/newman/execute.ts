/** One Newman run inside the child: options in, records and a summary out, and nothing of the run left in memory afterwards. */

import { Agent as HttpAgent } from "node:http";
import { parseIterationData } from "../collections/iteration-data.js";
import { NO_COUNTS, type Counts, type RequestRecord } from "../core/evidence.js";
import { formatProblem, TurnpikeError } from "../core/errors.js";
import type { Exports } from "../core/exports.js";
import type { Failure } from "../core/collection-job.js";
import { createHttpsAgent, giveCertificates } from "./certificates.js";
import { collect } from "./collect.js";
import { limitIterations } from "./iteration-range.js";
import { exportScopes, openCookieJar, outputsOf } from "./exported-scopes.js";
import type { JobMessage } from "./messages.js";
import type { Newman, NewmanFailure, NewmanOptions, NewmanSummary } from "./newman.js";
import type { TakeTurn } from "./paced-requests.js";
import { containRun, type StartedRun } from "./started-run.js";
import { cut, messageOf, textOf } from "./text.js";

const MB = 1_048_576;
const MAX_FAILURES = 10;
const MAX_FAILURE_LENGTH = 1_024;
/** As Node's own global agents have it, so that connections behave as under Newman's command line. */
const AGENT_OPTIONS = { keepAlive: true, scheduling: "lifo", timeout: 5_000 } as const;

export interface Execution {
  readonly counts: Counts;
  readonly assertionsSkipped: number;
  readonly failures: readonly Failure[];
  readonly runError: string | null;
  /** By name; what nothing has set is not here. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly exports: Exports;
}

/** Runs a collection to its end. Rejects when Newman ends a run twice, or in a way it never should. */
export function execute(
  newman: Newman,
  job: JobMessage,
  {
    onRecords,
    takeTurn,
  }: {
    readonly onRecords: (records: readonly RequestRecord[], counts: Counts) => void;
    readonly takeTurn: TakeTurn;
  },
): Promise<Execution> {
  const prepared = prepare(job);
  if ("runError" in prepared) return Promise.resolve({ ...NOTHING, ...prepared });
  // Idle sockets of a shared agent would hold the whole finished run in memory for as long as the server keeps them.
  const agents = {
    http: new HttpAgent(AGENT_OPTIONS),
    https: createHttpsAgent(AGENT_OPTIONS, job.certificates ?? {}),
  };
  return new Promise<Execution>((resolve, reject) => {
    const failures: Failure[] = [];
    let failureCount = 0;
    let assertionsSkipped = 0;
    let ends = 0;
    let answered = false;

    const describeError = (error: unknown): string => describeRequestError(error, job);
    const list = (more: readonly Failure[]): void => {
      failures.push(...more.slice(0, Math.max(0, MAX_FAILURES - failures.length)));
    };
    /** Takes over what Newman piles up until the end of the run, so that memory does not grow with its length. */
    const takeOver = (summary: NewmanSummary): Counts => {
      for (const execution of summary.run.executions.splice(0)) {
        for (const key of Object.keys(execution)) delete execution[key];
      }
      const taken = summary.run.failures.splice(0);
      failureCount += taken.length;
      list(taken.map((failure) => toFailure(failure, describeError)));
      return countsOf(summary, failureCount);
    };
    const emitter = newman.run({ ...prepared.options, requestAgents: agents }, (error, summary) => {
      ends++;
      if (ends > 1) {
        const twice = new Error("Newman ended the same run twice");
        reject(twice);
        // Where the first end has been answered already, nothing this process still does can be trusted.
        if (answered) throw twice;
        return;
      }
      collector.close();
      // The stock runtime ends a run a second time in the same turn when a script outlives its timeout.
      setImmediate(() => {
        answered = true;
        const counts = summary === undefined ? NO_COUNTS : takeOver(summary);
        const runError = error ?? summary?.run.error ?? null;
        resolve({
          counts,
          assertionsSkipped,
          failures,
          runError: runError === null ? null : messageOf(runError),
          outputs: outputsOf(summary, job.outputs),
          exports: exportScopes(summary, job.exports, prepared.options.cookieJar ?? null),
        });
      });
    });
    const collector = collect(emitter, {
      now: Date.now,
      allowUnresolved: job.allowUnresolved,
      creations: job.creations,
      describeError,
      onItem: ({ records, uncounted, refused, unresolved }) => {
        for (const record of records) {
          assertionsSkipped += record.assertions.filter(
            ({ outcome }) => outcome === "skipped",
          ).length;
        }
        const counts = emitter.summary === undefined ? NO_COUNTS : takeOver(emitter.summary);
        list(uncounted);
        list(unresolved);
        if (job.refusedFiles === "fail") list(refused);
        if (records.length > 0) onRecords(records, counts);
      },
    });
    let started: StartedRun | undefined;
    let requestLimit = job.requestLimit;
    emitter.on("start", (_error, { run }) => {
      started = run;
      // A collection that is longer than the limit is no cycle.
      requestLimit = Math.max(requestLimit, run.state?.items?.length ?? 0);
      containRun(run, job, takeTurn);
      if (job.certificates !== null) giveCertificates(run, job.certificates);
      if (job.iterationRange !== null) limitIterations(run, job.iterationRange);
    });
    const inIteration = { iteration: 0, requests: 0 };
    emitter.on("beforeItem", (_error, { cursor, item }) => {
      const iteration = cursor?.iteration ?? 0;
      if (iteration !== inIteration.iteration) inIteration.requests = 0;
      inIteration.iteration = iteration;
      inIteration.requests++;
      if (inIteration.requests !== requestLimit + 1) return;
      const name = textOf(item?.name ?? "");
      const limit = requestLimit.toLocaleString("en");
      const message = `this iteration has executed ${limit} requests, and "${name}" would be the next: its setNextRequest does not end; if it does, raise requestLimit`;
      list([{ kind: "request", iteration, item: name, message }]);
      started?.abort();
    });
  }).finally(() => {
    agents.http.destroy();
    agents.https.destroy();
  });
}

const NOTHING = {
  counts: NO_COUNTS,
  assertionsSkipped: 0,
  failures: [],
  outputs: {},
  exports: {},
} as const;

/** Newman takes a text for a path or URL to load, and dies of `null`; iteration data has rules of its own. */
function prepare(
  job: JobMessage,
): { readonly options: Omit<NewmanOptions, "requestAgents"> } | { readonly runError: string } {
  const { collection } = job;
  if (typeof collection !== "object" || collection === null) {
    const what = collection === null ? "null" : `a ${typeof collection}`;
    return { runError: `the collection is ${what}, not an object` };
  }
  try {
    return { options: toOptions(job, collection) };
  } catch (error) {
    if (!(error instanceof TurnpikeError)) throw error;
    return { runError: [error.message, ...error.problems.map(formatProblem)].join("; ") };
  }
}

function toOptions(job: JobMessage, collection: object): Omit<NewmanOptions, "requestAgents"> {
  // An absent option and a false one are not the same to Newman, so only what was asked for is passed on.
  return {
    collection,
    environment: {
      ...(job.environment.name !== "" && { name: job.environment.name }),
      values: job.environment.rows,
    },
    globals: { values: job.globals },
    ...(job.data !== null && { iterationData: parseIterationData(job.data) }),
    ...(job.iterations !== null && { iterationCount: job.iterations }),
    ...(job.folder.length > 0 && { folder: job.folder }),
    workingDir: job.workingDirectory,
    insecureFileRead: false,
    reporters: [],
    ...((job.cookieJar !== null || job.exports.includes("cookie-jar")) && {
      cookieJar: openCookieJar(job.cookieJar),
    }),
    ...(job.certificates !== null && { sslClientCertList: [...job.certificates.list] }),
    ...(job.bail !== false && { bail: typeof job.bail === "string" ? [job.bail] : job.bail }),
    ...(job.insecure && { insecure: true }),
    ...(job.ignoreRedirects && { ignoreRedirects: true }),
    ...(job.timeoutRequestMs !== null && { timeoutRequest: job.timeoutRequestMs }),
    ...(job.timeoutScriptMs !== null && { timeoutScript: job.timeoutScriptMs }),
    ...(job.delayRequestMs !== null && { delayRequest: job.delayRequestMs }),
  };
}

function countsOf({ run: { stats } }: NewmanSummary, failures: number): Counts {
  return {
    iterations: stats.iterations.total,
    requests: stats.requests.total,
    requestsFailed: stats.requests.failed,
    assertions: stats.assertions.total,
    assertionsFailed: stats.assertions.failed,
    scriptsFailed: stats.testScripts.failed + stats.prerequestScripts.failed,
    failures,
  };
}

/** The text of a failed request, in words that say what to do. */
function describeRequestError(error: unknown, { maxResponseBytes }: JobMessage): string {
  const message = messageOf(error);
  if (message !== "Maximum response size reached") return message;
  return `the response is larger than ${String(maxResponseBytes / MB)} MB, the limit that maxResponseMb sets`;
}

function toFailure(
  { error, at, source, cursor }: NewmanFailure,
  describeError: (error: unknown) => string,
): Failure {
  const place = textOf(at ?? "");
  const kind = place.startsWith("assertion")
    ? "assertion"
    : place.includes("script")
      ? "script"
      : "request";
  const message = kind === "request" ? describeError(error) : messageOf(error);
  const test = error?.test === undefined ? "" : `${textOf(error.test)}: `;
  return {
    kind,
    iteration: cursor?.iteration ?? 0,
    item: textOf(source?.name ?? ""),
    message: cut(kind === "assertion" ? `${test}${message}` : message, MAX_FAILURE_LENGTH),
  };
}
