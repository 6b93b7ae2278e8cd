/** The arguments of a corpus case, which are Newman's, as a job for a lane. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  environmentDocumentSchema,
  layerOf,
  plainLayer,
  render,
} from "../../src/core/environment.js";
import type { CollectionJob } from "../../src/core/collection-job.js";
import { jobOf } from "./collection.js";
import { LOOPBACK_ONLY } from "./lanes.js";
import { corpusDirectory, type CorpusCase } from "./corpus.js";

export interface CorpusJob {
  readonly job: CollectionJob;
  /** Newman's `--timeout`, of the whole run. */
  readonly timeoutMs: number | null;
}

/** Throws for a collection that is not JSON, which the command line refuses before any lane sees it. */
export function toCorpusJob(corpusCase: CorpusCase): CorpusJob {
  const { values, positionals } = parseArgs({
    args: [...corpusCase.args],
    allowPositionals: true,
    options: {
      environment: { type: "string", short: "e" },
      "iteration-data": { type: "string", short: "d" },
      "iteration-count": { type: "string", short: "n" },
      folder: { type: "string", multiple: true },
      "env-var": { type: "string", multiple: true },
      bail: { type: "boolean" },
      insecure: { type: "boolean" },
      "no-insecure-file-read": { type: "boolean" },
      timeout: { type: "string" },
      "timeout-request": { type: "string" },
      "timeout-script": { type: "string" },
      "working-dir": { type: "string" },
    },
  });
  const path = (given: string): string => resolve(corpusDirectory, given);
  const text = (given: string): string => readFileSync(path(given), "utf8").replace(/^\uFEFF/, "");
  const number = (given: string | undefined): number | null =>
    given === undefined ? null : Number(given);
  const environment = environmentDocumentSchema.parse(
    values.environment === undefined ? {} : JSON.parse(text(values.environment)),
  );
  const variables = Object.fromEntries(
    (values["env-var"] ?? []).map((pair) => pair.split(/=(.*)/s).slice(0, 2)),
  );
  const data = values["iteration-data"];
  const job = jobOf(JSON.parse(text(positionals[0] ?? "")), {
    environment: {
      name: environment.name ?? "none",
      rows: render([layerOf("environment", environment), plainLayer("--env-var", variables)]).rows,
    },
    data:
      data === undefined
        ? null
        : { format: data.endsWith(".csv") ? "csv" : "json", text: text(data) },
    iterations: number(values["iteration-count"]),
    folder: values.folder ?? [],
    workingDirectory: path(values["working-dir"] ?? "."),
    egress: LOOPBACK_ONLY,
    exports: ["environment", "globals"],
    refusedFiles: values["no-insecure-file-read"] === true ? "warn" : "fail",
    // As Newman has it, and as a single collection runs.
    allowUnresolved: true,
    bail: values.bail ?? false,
    insecure: values.insecure ?? false,
    timeoutRequestMs: number(values["timeout-request"]),
    timeoutScriptMs: number(values["timeout-script"]),
  });
  return { job, timeoutMs: number(values.timeout) };
}
