/** Cleaning up after a task: what its ledger and the lists of its environment show as left is deleted, in reverse order, until nothing is. */

import type { CleanupNode } from "../core/cleanup.js";
import type { RunEvent } from "../core/event.js";
import type { RequestRecord } from "../core/evidence.js";
import { entriesOf, foldLedger } from "../core/ledger.js";
import type { Creation, LedgerEntry } from "../core/ledger-entry.js";
import { shorten, type Outcome } from "../core/outcome.js";
import type { TaskNode } from "../core/plan.js";
import type { NodeWake } from "../core/ports.js";
import { createRedact } from "../core/redact.js";
import { prefixOf, type Run } from "../core/run.js";
import { shardIds } from "../core/shards.js";
import { isOfTask, type Found } from "../core/sweep.js";
import type { WorkDependencies } from "./dependencies.js";
import { createEvidenceWriter } from "./evidence-writer.js";
import { getInputs } from "./inputs.js";
import { outputLayers } from "./outputs.js";
import { outcomeOf } from "./record.js";
import { deleteAll, endOfDeletion } from "./run-cleanup.js";
import { renderFor } from "./render-task.js";
import { OwnershipLost } from "./run-task.js";
import { openCreation } from "./seal-creations.js";
import { findTestData, sweepTarget } from "./sweep-target.js";
import type { NotNow } from "./take-permits.js";
import { allEvents } from "./view-run.js";

/** What could not be deleted is tried again after 1, 2, 4 and 8 seconds: a target may want the inner things gone first. */
const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 1_000;
const TIMEOUT_MS = 600_000;
const TELLING_HEADER = /authorization|cookie|key|token|secret|password|session/i;

interface CleanUp {
  readonly run: Run;
  readonly node: CleanupNode;
  readonly task: TaskNode;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly wake: Pick<NodeWake, "signal" | "lease">;
}

/**
 * Answers the outcome of the clean-up, which no verdict asks for, or when it should come again. Repeating is harmless: what is gone
 * is gone, and a DELETE that finds nothing has done its work. Throws OwnershipLost.
 */
export async function cleanUp(deps: WorkDependencies, at: CleanUp): Promise<Outcome | NotNow> {
  const { run, node, task, outcomes } = at;
  const awaited = node.after === "run" ? run.plan.nodes.map(({ id }) => id) : node.needs;
  if (awaited.some((id) => !outcomes.has(id))) return { state: "later" };
  const settle = (settlement: Pick<Outcome, "status" | "cause" | "reason">): Outcome =>
    outcomeOf(node, settlement, deps.clock.now());
  const nothing = settle({ status: "passed", cause: null, reason: "nothing to delete" });
  if (hasNothingLeft(at)) return nothing;
  const events = await allEvents(deps, run.id);
  if (!wasStarted(task, events)) return nothing;
  const attempt = await deps.store.nextAttempt(run.id, node.id);
  const startedAt = deps.clock.now();
  const { left, trouble } = await deleteWhatIsLeft(deps, at, { attempt, events });
  if (at.wake.signal.aborted) throw new OwnershipLost(`${node.id} of run ${run.id} is handed over`);
  const facts = { attempt, startedAt };
  if (left.length === 0 && trouble === null)
    return { ...settle({ status: "passed", cause: null, reason: null }), ...facts };
  // Looking again finds the same; only what could not be looked at may be there in a moment.
  if (attempt < MAX_ATTEMPTS && (node.does === "delete" || trouble !== null))
    return {
      state: "later",
      afterMs: FIRST_PAUSE_MS * 2 ** (attempt - 1),
      reason: "cleans up again",
    };
  const why = [
    ...(left.length === 0 ? [] : [`${String(left.length)} left on the target: ${left.join(", ")}`]),
    ...(trouble === null ? [] : [trouble]),
  ];
  const reason = shorten(why.join("; "));
  deps.log.warn({ runId: run.id, task: task.id, reason }, "a task has left test data");
  return { ...settle({ status: "failed", cause: "cleanup", reason }), ...facts };
}

/** The only attempt of a task that came to its end says for certain what it left; any other may have left more. */
function hasNothingLeft({ task, outcomes }: CleanUp): boolean {
  const outcome = outcomes.get(task.id);
  if (outcome === undefined) return false;
  if (outcome.reusedFrom !== undefined) return true;
  const isWhole =
    outcome.attempt === 1 && outcome.status === "passed" && shardIds(task).length === 0;
  return isWhole && outcome.ledger === undefined && (task.sweep ?? []).length === 0;
}

/** By the log, because an attempt whose worker died and that was cancelled afterwards stands in no outcome. */
function wasStarted(task: TaskNode, events: readonly RunEvent[]): boolean {
  const parts = new Set([task.id, ...shardIds(task)]);
  return events.some((event) => event.type === "node.started" && parts.has(event.node));
}

async function deleteWhatIsLeft(
  deps: WorkDependencies,
  at: CleanUp,
  known: { readonly attempt: number; readonly events: readonly RunEvent[] },
): Promise<{ readonly left: readonly string[]; readonly trouble: string | null }> {
  const { run, node, task, wake } = at;
  const { attempt, events } = known;
  const inputs = await getInputs(deps.blobs, run.inputs);
  const entries = entriesOf(events, new Set([task.id, ...shardIds(task), node.id]));
  const left = foldLedger(entries).left.toReversed();
  const creations = left.map((entry) => openEntry(entry, inputs.ledgerKey));
  const rendered = renderFor(deps, {
    run,
    node: task,
    inputs,
    handed: await outputLayers(deps, run, task),
    attempt: 1,
    prefix: prefixOf(run.id, task.id, 1),
    startedAt: run.createdAt,
  });
  const redact = createRedact([
    ...rendered.secrets,
    ...secretHeaders(creations),
    ...inputs.guardedSecrets.map(({ value }) => value),
  ]);
  const writer = createEvidenceWriter(deps, { runId: run.id, node: node.id, attempt });
  const tooLong = new AbortController();
  const limit = setTimeout(() => {
    tooLong.abort();
  }, TIMEOUT_MS);
  const ends = new Map<string, string>();
  const seen: LedgerEntry[] = [...entries];
  const target = {
    rules: task,
    rows: rendered.rows,
    guardedSecrets: inputs.guardedSecrets,
    certificates: inputs.certificates ?? null,
    signal: AbortSignal.any([wake.signal, tooLong.signal]),
    lease: wake.lease,
    onRecords: (records: readonly RequestRecord[]) => {
      const masked = redact(records);
      for (const record of masked) {
        if (record.ledger !== undefined) seen.push(record.ledger);
        if (record.method === "DELETE") ends.set(record.url, endOfDeletion(record));
      }
      writer.write(masked.filter(({ method }) => method === "DELETE"));
    },
  };
  try {
    const isMine = (found: Found): boolean => isOfTask(found, { run: run.id, task: task.id });
    const beginning = `Test_${task.id}`;
    if (node.does === "look") {
      const rules = task.sweep ?? [];
      const { found, trouble } = await findTestData(deps, rules, { ...target, beginning });
      const names = found.filter(isMine).map(({ name }) => name);
      return { left: redact(names), trouble: trouble === null ? null : redact(trouble) };
    }
    const { trouble } = await deleteAll(
      deps,
      creations.flatMap((one) => one ?? []),
      target,
    );
    const swept = await sweepTarget(deps, task.sweep ?? [], {
      ...target,
      beginning,
      isOurs: (found) => Promise.resolve(isMine(found)),
    });
    const urls = foldLedger(seen).left.map(({ url }) => describe(url, ends));
    const names = swept.left.map(({ name, why }) => (why === null ? name : `${name} (${why})`));
    const reason = swept.trouble ?? trouble;
    return { left: redact([...urls, ...names]), trouble: reason === null ? null : redact(reason) };
  } finally {
    clearTimeout(limit);
    await writer.close();
  }
}

function openEntry(entry: LedgerEntry, key: string | undefined): Creation | null {
  return key === undefined ? null : openCreation(entry, key);
}

/** `http://host/items/7 (DELETE answered 409)`. */
function describe(url: string, ends: ReadonlyMap<string, string>): string {
  const end = [...ends].find(([sent]) => sent === url || sent.startsWith(`${url}?`))?.[1];
  return end === undefined ? url : `${url} (${end})`;
}

/** A token that a script fetched is in no environment, and still nobody else's business. */
function secretHeaders(creations: readonly (Creation | null)[]): string[] {
  return creations.flatMap((creation) =>
    (creation?.headers ?? []).flatMap(([key, value]) =>
      TELLING_HEADER.test(key) ? [value, value.split(" ").at(-1) ?? ""] : [],
    ),
  );
}
