/** Writing what happened: events into the log of a run, outcomes into their write-once place. */

import { NO_COUNTS } from "../core/evidence.js";
import type { RunEvent } from "../core/event.js";
import { flowShape } from "../core/flow.js";
import { shorten, type Outcome } from "../core/outcome.js";
import type { Plan } from "../core/plan.js";
import { isShard, type ExecutionNode } from "../core/shards.js";
import type { Settlement } from "../core/decide.js";
import { ringForEvents } from "./bell.js";
import type { Dependencies } from "./dependencies.js";

/** Enough that no two writers of one node ever draw the same. */
const WRITER_LENGTH = 12;

/** Appends events and wakes whoever follows the run in this process. */
export async function appendEvents(
  { store, bell }: Pick<Dependencies, "store" | "bell">,
  runId: string,
  events: readonly RunEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await store.appendEvents(runId, events);
  ringForEvents(bell, runId, events);
}

/**
 * Records an outcome and opens what waited for it. Repeating is harmless: the first outcome stands, its event is written
 * by whoever wrote it, even where the store had to be asked twice, and a gate that is open stays open.
 */
export async function recordOutcome(
  deps: Pick<Dependencies, "store" | "bell" | "queue" | "meter" | "clock">,
  run: { readonly id: string; readonly plan: Plan },
  outcome: Outcome,
): Promise<Outcome> {
  const mine: Outcome = { ...outcome, writer: deps.clock.random(WRITER_LENGTH) };
  const standing = await deps.store.recordOutcome(run.id, mine);
  if (isSame(standing, mine)) {
    // The task counts what its shards did.
    if (!isShard(standing.node)) deps.meter.countOutcome(standing);
    await appendEvents(deps, run.id, [
      { type: "node.ended", at: outcome.endedAt, outcome: standing },
    ]);
    if (standing.kind === "checkpoint") deps.bell.ring(`stop of ${run.id}`);
  }
  await openBehind(deps, run, outcome.node);
  return standing;
}

/** Opens the gates behind a node whose outcome stands. */
export async function openBehind(
  { queue }: Pick<Dependencies, "queue">,
  run: { readonly id: string; readonly plan: Plan },
  node: string,
): Promise<void> {
  const opens = flowShape(run.plan).nodes.find(({ id }) => id === node)?.opens ?? [];
  await queue.openGates(run.id, node, opens);
}

/** The outcome of a node that was not executed. */
export function outcomeOf(node: ExecutionNode, settlement: Settlement, at: number): Outcome {
  return {
    node: node.id,
    kind: node.kind === "checkpoint" ? "checkpoint" : "task",
    status: settlement.status,
    cause: settlement.cause,
    reason: settlement.reason === null ? null : shorten(settlement.reason),
    attempt: 0,
    startedAt: null,
    endedAt: at,
    prefix: null,
    counts: NO_COUNTS,
  };
}

/** The outcome of a task that passed in an earlier run and is not executed again. */
export function reusedOutcome(node: ExecutionNode, earlier: string, at: number): Outcome {
  const reason = `passed in run ${earlier}, not run again`;
  return { ...outcomeOf(node, { status: "passed", cause: null, reason }, at), reusedFrom: earlier };
}

/** Whether the outcome that stands is the one this writer brought. */
export function isSame(standing: Outcome, brought: Outcome): boolean {
  return standing.writer === brought.writer;
}
