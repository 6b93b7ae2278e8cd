/** Lists and deletions on the target of a task, run in a lane under the rules that hold for the task itself. */

import { z } from "zod";
import {
  deleteCollection,
  deletionId,
  foundVariable,
  listCollection,
} from "../collections/cleanup-collection.js";
import type { RenderedRow } from "../core/environment.js";
import type { RequestRecord } from "../core/evidence.js";
import { pacedHosts } from "../core/limits.js";
import type { Lease } from "../core/lease.js";
import type { Creation } from "../core/ledger-entry.js";
import type { TaskNode } from "../core/plan.js";
import type { CollectionJob, CollectionResult } from "../core/collection-job.js";
import type { Found, ListRule } from "../core/sweep.js";
import type { WorkDependencies } from "./dependencies.js";
import { takeTurnOf } from "./pace-hosts.js";

const REQUEST_TIMEOUT_MS = 30_000;

/** What holds for the requests of a clean-up. */
export interface Target {
  readonly rules: Pick<TaskNode, "egress" | "insecure" | "timeoutRequest">;
  readonly rows: readonly RenderedRow[];
  readonly guardedSecrets: CollectionJob["guardedSecrets"];
  readonly certificates: CollectionJob["certificates"];
  readonly signal: AbortSignal;
  readonly lease: Lease;
  readonly onRecords: (records: readonly RequestRecord[]) => void;
}

type RunnerDependencies = Pick<
  WorkDependencies,
  "runner" | "workingDirectories" | "rates" | "limits" | "log"
>;

interface Deletions {
  /** Why they did not all come to an answer; null when they did. */
  readonly trouble: string | null;
  /** What each came to, in the order of the targets: `DELETE answered 403`, or why no answer came; null for one that was never sent. */
  readonly ends: readonly (string | null)[];
}

/** Sends the deletions in the given order. */
export async function deleteAll(
  deps: RunnerDependencies,
  targets: readonly Creation[],
  at: Target,
): Promise<Deletions> {
  if (targets.length === 0) return { trouble: null, ends: [] };
  const ends = new Map<string, string>();
  const onRecords = (records: readonly RequestRecord[]): void => {
    for (const record of records) ends.set(record.itemId, endOfDeletion(record));
    at.onRecords(records);
  };
  const asked = { at: { ...at, onRecords }, outputs: [] };
  const result = await runCollection(deps, deleteCollection(targets), asked);
  return {
    trouble: troubleOf(result, new Set(["request"])),
    ends: targets.map((_, position) => ends.get(deletionId(position)) ?? null),
  };
}

/** `DELETE answered 409`, or why no answer came. */
export function endOfDeletion({
  status,
  requestError,
}: Pick<RequestRecord, "status" | "requestError">): string {
  return status === null
    ? `DELETE: ${requestError ?? "no answer"}`
    : `DELETE answered ${String(status)}`;
}

const pairsSchema = z.array(z.tuple([z.string(), z.string()]));

/** What the lists hold that begins like a prefix. */
export async function listAll(
  deps: RunnerDependencies,
  lists: readonly ListRule[],
  at: Target,
): Promise<{ readonly found: readonly Found[]; readonly trouble: string | null }> {
  if (lists.length === 0) return { found: [], trouble: null };
  const outputs = lists.map((_, rule) => foundVariable(rule));
  const result = await runCollection(deps, listCollection(lists), { at, outputs });
  const trouble = troubleOf(result, new Set(["request", "script"]));
  const values = result.ended === "finished" ? (result.outputs ?? {}) : {};
  const found = outputs.flatMap((name, rule): Found[] => {
    const value = values[name];
    if (typeof value !== "string") return [];
    const pairs = pairsSchema.parse(JSON.parse(value));
    return pairs.map(([id, text]) => ({ rule, id, name: text }));
  });
  return { found, trouble };
}

function troubleOf(result: CollectionResult, kinds: ReadonlySet<string>): string | null {
  switch (result.ended) {
    case "crashed":
      return `Newman's process died: ${result.cause}`;
    case "stopped":
      return "it was stopped before its end";
    case "finished": {
      const firsts = new Map<string, string>();
      for (const { kind, item, message } of result.failures)
        if (kinds.has(kind) && !firsts.has(item)) firsts.set(item, `${item}: ${message}`);
      return result.runError ?? (firsts.size === 0 ? null : [...firsts.values()].join("; "));
    }
  }
}

function runCollection(
  deps: RunnerDependencies,
  collection: object,
  { at, outputs }: { readonly at: Target; readonly outputs: readonly string[] },
): Promise<CollectionResult> {
  const { rules, rows, guardedSecrets, certificates, signal, lease, onRecords } = at;
  return deps.workingDirectories.use({}, (workingDirectory) =>
    deps.runner.run(
      {
        collection,
        environment: { name: "clean-up", rows },
        globals: [],
        data: null,
        iterations: null,
        iterationRange: null,
        folder: [],
        workingDirectory,
        refusedFiles: "fail",
        allowUnresolved: true,
        egress: rules.egress,
        guardedSecrets,
        pacedHosts: pacedHosts(deps.limits),
        // It deletes, and creates nothing.
        creations: { prefix: "", rules: {} },
        requestLimit: 1_000_000,
        outputs,
        exports: [],
        cookieJar: null,
        certificates,
        bail: false,
        insecure: rules.insecure,
        ignoreRedirects: false,
        timeoutRequestMs: rules.timeoutRequest ?? REQUEST_TIMEOUT_MS,
        timeoutScriptMs: null,
        delayRequestMs: null,
      },
      { signal, lease, onRecords, takeTurn: (host) => takeTurnOf(deps, host, signal) },
    ),
  );
}
