/** What the use cases ask of whoever runs a collection, and what comes back. Pure types. */

import type { Bail } from "./bail.js";
import type { Certificates } from "./certificates.js";
import type { CreationSigns } from "./creation-rules.js";
import type { EgressRules } from "./egress.js";
import type { RenderedRow } from "./environment.js";
import type { Counts, RequestRecord } from "./evidence.js";
import type { Lease } from "./lease.js";
import type { ExportName, Exports } from "./exports.js";

/** One collection run, ready to be executed. */
export interface CollectionJob {
  readonly collection: unknown;
  /** The name is what scripts see; empty where no environment was chosen. */
  readonly environment: { readonly name: string; readonly rows: readonly RenderedRow[] };
  readonly globals: readonly Pick<RenderedRow, "key" | "value" | "type">[];
  /** Iteration data as its file holds it; parsed by the rules Newman has. */
  readonly data: {
    readonly format: "csv" | "json";
    readonly text: string;
    /** False leaves every value of CSV a text. */
    readonly csvTypes?: boolean | undefined;
  } | null;
  readonly iterations: number | null;
  /** Run only the iterations from `from` up to and without `to`, numbered as in the whole run; null for all. */
  readonly iterationRange: { readonly from: number; readonly to: number } | null;
  readonly folder: readonly string[];
  /** Files outside of it are never read. */
  readonly workingDirectory: string;
  /** Whether a file that was refused fails the run (the default), or is only warned of, as by Newman's `--no-insecure-file-read`. */
  readonly refusedFiles: "fail" | "warn";
  /** Whether a request may go out with variables that nothing gave a value. */
  readonly allowUnresolved: boolean;
  /** What the collection may connect to. */
  readonly egress: EgressRules;
  /** `host` or `host:port` of those whose requests wait for `takeTurn`. */
  readonly pacedHosts: readonly string[];
  /** Values that may be sent to some hosts only. */
  readonly guardedSecrets: readonly {
    readonly name: string;
    readonly value: string;
    readonly domains: readonly string[];
  }[];
  /** What every request says in its header X-Turnpike-Run; absent where it has none. */
  readonly runHeader?: string;
  /** By what its ledger recognises creations. */
  readonly creations: CreationSigns;
  /** Requests one iteration may execute, before it counts as a cycle without end. */
  readonly requestLimit: number;
  /** Variables whose values are wanted at the end. */
  readonly outputs: readonly string[];
  /** Scopes whose state at the end is answered whole. */
  readonly exports: readonly ExportName[];
  /** Cookies it begins with, as the text of an exported jar. */
  readonly cookieJar: string | null;
  readonly certificates: Certificates | null;
  readonly bail: Bail;
  readonly insecure: boolean;
  readonly ignoreRedirects: boolean;
  /** Of each request from its start to its last byte, redirects included. */
  readonly timeoutRequestMs: number | null;
  readonly timeoutScriptMs: number | null;
  readonly delayRequestMs: number | null;
}

/** How an execution ended: `finished` with Newman's own totals, or not. A failure is a value here, never a throw. */
export type CollectionResult =
  | {
      readonly ended: "finished";
      readonly counts: Counts;
      /** Newman's total of assertions holds the skipped ones too; this says how many of it were not executed. */
      readonly assertionsSkipped: number;
      /** First few failures, for the reason of the outcome. */
      readonly failures: readonly Failure[];
      /** Newman's own error for the run as a whole (a collection it cannot load, an unknown folder). */
      readonly runError: string | null;
      /** Of the variables asked for those that stand in the environment, else in the globals; absent where none was asked for. */
      readonly outputs?: Readonly<Record<string, unknown>>;
      /** What the job asked for in `exports`. */
      readonly exports?: Exports;
    }
  /** The process that ran it died or fell silent; `cause` says in plain words how. */
  | { readonly ended: "crashed"; readonly cause: string; readonly counts: Counts }
  /** The signal was aborted and the process killed. */
  | { readonly ended: "stopped"; readonly counts: Counts };

export interface Failure {
  readonly kind: "assertion" | "request" | "script";
  readonly iteration: number;
  readonly item: string;
  readonly message: string;
}

export interface CollectionRunner {
  /** Runs one collection in a lane; waits for a free one. Records arrive while it runs, in order. Never rejects. */
  run(
    job: CollectionJob,
    options: {
      readonly signal: AbortSignal;
      /** With its end the process stops by itself, whatever its parent does; without one it has no such end. */
      readonly lease?: Lease;
      readonly onRecords: (records: readonly RequestRecord[]) => void;
      /** Milliseconds until a request to a paced host may go. Never rejects. */
      readonly takeTurn?: (host: string) => Promise<number>;
    },
  ): Promise<CollectionResult>;
}
