/** Executing one task: environment rendered, collection run in a lane, evidence stored while it comes in, outcome judged. */

import { dataFormatOf } from "../collections/iteration-data.js";
import { excludeItems } from "../collections/exclude-items.js";
import { onlyUnits } from "../collections/only-units.js";
import { readCollection } from "../collections/read-collection.js";
import { withRelativeUploads } from "../collections/upload-paths.js";
import { fillIn, secretsOf, type Rendered } from "../core/environment.js";
import { secretsOfCertificates } from "../core/certificates.js";
import { checkpointsBehind } from "../core/decide.js";
import { TurnpikeError } from "../core/errors.js";
import { retryCauseOf } from "../core/attempts.js";
import { NO_COUNTS } from "../core/evidence.js";
import { cleanExports, type Exports } from "../core/exports.js";
import { cleansUp } from "../core/cleanup.js";
import { ledgerCounts, openLedger } from "../core/ledger.js";
import { judge, judgeOutputs } from "../core/judge.js";
import { pacedHosts } from "../core/limits.js";
import { shorten, type Outcome } from "../core/outcome.js";
import type { TaskNode } from "../core/plan.js";
import type { CollectionJob } from "../core/collection-job.js";
import type { NodeWake } from "../core/ports.js";
import { createRedact } from "../core/redact.js";
import type { RetryCause } from "../core/retries.js";
import { deadlineOf, prefixOf, type Run } from "../core/run.js";
import { executionOf, partOf } from "../core/shards.js";
import { setDeadlines } from "./checkpoint-deadlines.js";
import type { Dependencies, WorkDependencies } from "./dependencies.js";
import { waitedFor } from "./account-waits.js";
import { createEvidenceWriter } from "./evidence-writer.js";
import { getInputs, type Inputs } from "./inputs.js";
import { outputLayers, outputRows, secretOutputs } from "./outputs.js";
import { takeTurnOf } from "./pace-hosts.js";
import { appendEvents } from "./record.js";
import { layerNames, OWN_LAYERS, renderFor } from "./render-task.js";
import { sealCreations } from "./seal-creations.js";
import { watchForStop } from "./watch-for-stop.js";

/** Thrown when an execution may not record: its lock went to somebody else, or the service is handing over. */
export class OwnershipLost extends Error {
  override readonly name = "OwnershipLost";
}

/** An attempt that has ended, with the cause it may be tried again for. */
export interface Execution {
  readonly outcome: Outcome;
  readonly retryCause: RetryCause | null;
  /** What it hands on, not yet stored. */
  readonly outputs: ReturnType<typeof outputRows>;
  /** What its caller asked for, not yet stored. */
  readonly exports: Exports;
}

/** Runs one attempt of a task and answers its outcome, not yet recorded. Throws OwnershipLost when it must not be, and QueueUnreachable. */
export async function runTask(
  deps: WorkDependencies,
  run: Run,
  node: TaskNode,
  wake: Pick<NodeWake, "signal" | "lease" | "waits" | "stillOwner">,
): Promise<Execution> {
  await setDeadlines(deps, run, node);
  const attempt = await deps.store.nextAttempt(run.id, node.id);
  const prefix = prefixOf(run.id, node.id, attempt);
  const startedAt = deps.clock.now();
  const outcome = (verdict: Pick<Outcome, "status" | "cause" | "reason" | "counts">): Outcome => ({
    node: node.id,
    kind: "task",
    attempt,
    startedAt,
    endedAt: deps.clock.now(),
    prefix,
    ...verdict,
    reason: verdict.reason === null ? null : shorten(verdict.reason),
  });
  if (attempt > deps.maxStarts + node.retries.max)
    return { outcome: outcome(exhausted(attempt - 1)), retryCause: null, outputs: [], exports: {} };
  const inputs = await getInputs(deps.blobs, run.inputs);
  const handed = await outputLayers(deps, run, node);
  const rendered = renderFor(deps, { run, node, inputs, handed, attempt, prefix, startedAt });
  const redact = createRedact([
    ...rendered.secrets,
    ...secretsOf(inputs.globals),
    ...secretsOfCertificates(inputs.certificates),
    ...inputs.guardedSecrets.map(({ value }) => value),
  ]);
  // The store may have been away for longer than a lock lasts: whoever has the task by now sends alone.
  if (!(await wake.stillOwner()))
    throw new OwnershipLost(`${node.id} of run ${run.id} belongs to another worker now`);
  const start = { at: startedAt, attempt, prefix, ...waitedFor(wake, { attempt, startedAt }) };
  await appendEvents(deps, run.id, [{ type: "node.started", node: node.id, ...start }]);
  const ledger = openLedger();
  const ledgerKey = cleansUp(node) ? (inputs.ledgerKey ?? null) : null;
  const writer = createEvidenceWriter(deps, { runId: run.id, node: node.id, attempt });
  const stop = watchForStop(deps, {
    runId: run.id,
    checkpoints: checkpointsBehind(executionOf(run.plan), node.id),
    timeoutMs: node.timeoutMs,
    always: node.always,
    runEndsInMs: node.always ? Number.POSITIVE_INFINITY : deadlineOf(run) - deps.clock.now(),
    signal: wake.signal,
  });
  try {
    const missing = await waitForTargets(deps, { node, rendered, signal: stop.signal });
    if (missing !== null) {
      const verdict = { status: "errored", cause: "health", counts: NO_COUNTS } as const;
      return {
        outcome: outcome(redact({ ...verdict, reason: missing })),
        retryCause: null,
        outputs: [],
        exports: {},
      };
    }
    const result = await deps.workingDirectories.use(run.uploads, async (workingDirectory) => {
      const job = await createJob(deps, {
        run,
        node,
        attempt,
        prefix,
        inputs,
        rendered,
        workingDirectory,
      });
      return deps.runner.run(job, {
        signal: stop.signal,
        lease: wake.lease,
        onRecords: (records) => {
          for (const record of records) if (record.ledger !== undefined) ledger.add(record.ledger);
          writer.write(redact(sealCreations(records, ledgerKey)));
        },
        takeTurn: (host) => takeTurnOf(deps, host, stop.signal),
      });
    });
    await writer.close();
    if (wake.signal.aborted)
      throw new OwnershipLost(`task ${node.id} of run ${run.id} is handed over`);
    const outputs = outputRows(result.ended === "finished" ? (result.outputs ?? {}) : {}, rendered);
    const judgement = judgeOutputs(judge(result, node, stop.reason()), node, outputs);
    const redactAll = createRedact(secretOutputs(outputs));
    return {
      outcome: {
        ...outcome(redactAll(redact(judgement))),
        ...ledgerCounts(ledger.read()),
      },
      retryCause: retryCauseOf(result, judgement),
      outputs,
      exports: cleanExports(result.ended === "finished" ? (result.exports ?? {}) : {}, {
        rendered,
        globals: inputs.globals,
        ownLayers: OWN_LAYERS,
        privateLayer: inputs.vault.name,
      }),
    };
  } finally {
    stop.close();
    await writer.close();
  }
}

function exhausted(starts: number): Pick<Outcome, "status" | "cause" | "reason" | "counts"> {
  const reason = `given up after ${String(starts)} starts, of which none came to its end: the workers died, or were stopped; maxStarts allows more`;
  return { status: "errored", cause: "starts_exhausted", reason, counts: NO_COUNTS };
}

/** What to tell people about a target that is not there; null when all of them are, or when the task was stopped meanwhile. */
function waitForTargets(
  { healthGate }: Pick<WorkDependencies, "healthGate">,
  at: { readonly node: TaskNode; readonly rendered: Rendered; readonly signal: AbortSignal },
): Promise<string | null> {
  const { node, rendered, signal } = at;
  const targets = node.health.map((target) => ({
    ...target,
    url: fillIn(target.url, rendered.rows),
  }));
  return healthGate.wait(targets, { egress: node.egress, insecure: node.insecure, signal });
}

async function createJob(
  { blobs, limits }: Pick<Dependencies, "blobs" | "limits">,
  from: {
    readonly run: Run;
    readonly node: TaskNode;
    readonly attempt: number;
    readonly prefix: string;
    readonly inputs: Inputs;
    readonly rendered: Rendered;
    readonly workingDirectory: string;
  },
): Promise<CollectionJob> {
  const { run, node, inputs, rendered, workingDirectory } = from;
  const text = async (path: string): Promise<string> => {
    const hash = run.files[path];
    if (hash === undefined)
      throw new TurnpikeError("INTERNAL", `run ${run.id} holds no file ${path}`);
    return new TextDecoder().decode(await blobs.get(hash));
  };
  const collection = readCollection(await text(node.collection));
  if (!collection.ok)
    throw new TurnpikeError(
      "INTERNAL",
      `run ${run.id} holds a file ${node.collection} that is no collection`,
    );
  const part = partOf(node);
  return {
    collection: withRelativeUploads(
      part?.by === "folders"
        ? onlyUnits(collection.collection, part)
        : excludeItems(collection.collection, node.exclude).collection,
      run.workingDirectory,
    ),
    environment: {
      name: [...layerNames(run, node), ...inputs.layers.map(({ name }) => name)].join(" + "),
      rows: rendered.rows,
    },
    globals: inputs.globals,
    data:
      node.data === undefined
        ? null
        : {
            format: dataFormatOf(node.data),
            text: await text(node.data),
            csvTypes: node.csvTypes,
          },
    iterations: node.iterations ?? null,
    iterationRange: part?.by === "iterations" ? part.range : null,
    folder: node.folder,
    workingDirectory,
    refusedFiles: node.refusedFiles,
    allowUnresolved: node.allowUnresolved,
    egress: node.egress,
    pacedHosts: pacedHosts(limits),
    guardedSecrets: inputs.guardedSecrets,
    ...(node.runHeader === true && { runHeader: `${run.id}/${node.id}/${String(from.attempt)}` }),
    creations: { prefix: from.prefix, rules: node.creates ?? {} },
    requestLimit: node.requestLimit,
    outputs: node.outputs,
    exports: node.exports ?? [],
    cookieJar: inputs.cookieJar ?? null,
    certificates: inputs.certificates ?? null,
    bail: node.bail,
    insecure: node.insecure,
    ignoreRedirects: node.ignoreRedirects,
    timeoutRequestMs: node.timeoutRequest ?? null,
    timeoutScriptMs: node.timeoutScript ?? null,
    delayRequestMs: node.delayRequest ?? null,
  };
}
