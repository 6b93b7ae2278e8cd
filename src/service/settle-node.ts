/** A node's turn has come: it is settled, executed, or told to come again. The queue calls this, as often as it likes. */

import { isCleanup, type CleanupNode } from "../core/cleanup.js";
import { decideStart, type Decision } from "../core/decide.js";
import { messageOf } from "../core/errors.js";
import { RUN_NODE } from "../core/flow.js";
import type { Outcome } from "../core/outcome.js";
import type { CheckpointNode, TaskNode } from "../core/plan.js";
import type { NodeWake, SettleAnswer, Settled } from "../core/ports.js";
import { deadlineOf, type Run, type RunStatus } from "../core/run.js";
import { mergeShards, provedNothing } from "../core/merge-shards.js";
import { executionOf, isShard, type ExecutionNode, type MergeNode } from "../core/shards.js";
import { judgeCheckpoint } from "../core/verdict.js";
import { cleanUp } from "./clean-up.js";
import { clearSettledDeadlines, QueueUnreachable } from "./checkpoint-deadlines.js";
import { nextAccount, noteWait, withAccount } from "./account-waits.js";
import type { Dependencies, WorkDependencies } from "./dependencies.js";
import { endRun } from "./end-run.js";
import { deleteOutputs, keepOutputs } from "./outputs.js";
import { proveNoOrphans } from "./prove-no-orphans.js";
import { openBehind, outcomeOf, recordOutcome, reusedOutcome } from "./record.js";
import { aroundOf, lastAttempt, pauseOf, recordAttempt, tellEarlier } from "./retry-task.js";
import { OwnershipLost, runTask, type Execution } from "./run-task.js";
import { isEnding, settleEnding } from "./settle-ending.js";
import { takePermits, type NotNow } from "./take-permits.js";

/** Resuming a run wakes its tasks; this is for one whose wake-up was lost. */
const PAUSED = { state: "later", afterMs: 15_000, reason: "a pause of the run" } as const;

const IGNORED: Settled = { state: "settled", failure: null };

/**
 * Settles one node of a run. Safety rests on the outcomes read here and on their being write-once, never on why the call
 * came: a node woken twice, too early, or after its checkpoint closed does nothing wrong.
 */
export async function settleNode(deps: WorkDependencies, wake: NodeWake): Promise<SettleAnswer> {
  const status = await deps.store.getRun(wake.runId);
  if (status === null) {
    deps.log.warn(
      { runId: wake.runId, node: wake.node },
      "a job names a run that is not stored; ignored",
    );
    return IGNORED;
  }
  const answer = await settleIn(deps, status, wake);
  const ending = answer.state === "settled" ? await findEnding(deps, status, answer) : null;
  if (ending !== null) await endSoon(deps, ending);
  return answer;
}

/** Settles what is left of a run that starts nothing more, without waiting for lanes. */
export function endSoon(deps: WorkDependencies, status: RunStatus): Promise<void> {
  return settleEnding(deps, status, (wake) => settleIn(deps, status, wake));
}

/** The run as it stands now, where nothing of it starts any more. Only what is red can have been ended by a cancel. */
async function findEnding(
  { store, clock }: Pick<Dependencies, "store" | "clock">,
  { run }: RunStatus,
  { failure }: Settled,
): Promise<RunStatus | null> {
  if (failure === null && clock.now() < deadlineOf(run)) return null;
  const status = await store.getRun(run.id);
  return status !== null && isEnding(status, clock.now()) ? status : null;
}

async function settleIn(
  deps: WorkDependencies,
  status: RunStatus,
  wake: NodeWake,
): Promise<SettleAnswer> {
  if (wake.node === RUN_NODE) return endRun(deps, status);
  const node = executionOf(status.run.plan).nodes.find(({ id }) => id === wake.node);
  if (node === undefined) {
    deps.log.warn(
      { runId: wake.runId, node: wake.node },
      "a job names a node its plan does not have; ignored",
    );
    return IGNORED;
  }
  try {
    return await settlePlanNode(deps, { status, node, wake });
  } catch (error) {
    if (error instanceof OwnershipLost && node.kind === "task")
      await clearSettledDeadlines(deps, status.run, node);
    throw error;
  }
}

async function settlePlanNode(
  deps: WorkDependencies,
  at: { readonly status: RunStatus; readonly node: ExecutionNode; readonly wake: NodeWake },
): Promise<SettleAnswer> {
  const { status, node } = at;
  const { run } = status;
  const outcomes = await deps.store.outcomes(run.id, aroundOf(run, node));
  const wake = withAccount(at.wake, { run, node, outcomes });
  const standing = outcomes.get(node.id);
  if (standing !== undefined) {
    // Whoever recorded it may have died before the rest was done.
    await openBehind(deps, run, node.id);
    if (node.kind === "checkpoint") await deps.queue.clearDeadline(run.id, node.id);
    return settledBy(standing);
  }
  if (node.kind === "cleanup") return settleCleanup(deps, { run, node, wake });
  const decision = decideStart(executionOf(run.plan), node, {
    outcomes,
    cancelled: status.cancellation !== null,
    outOfTime: deps.clock.now() >= deadlineOf(run),
  });
  if (decision.kind === "wait") return { state: "later" };
  if (decision.kind === "start" && node.kind === "task" && isHeld(status))
    return noteWait(PAUSED, wake.waits, deps.clock.now());
  const attempt = await attemptNode(deps, { run, node, wake, outcomes, decision });
  if ("state" in attempt) return noteWait(attempt, wake.waits, deps.clock.now());
  if (!(await wake.stillOwner())) {
    if ("outcome" in attempt) await deleteOutputs(deps.blobs, [attempt.outcome]);
    throw new OwnershipLost(`${node.id} of run ${run.id} belongs to another worker now`);
  }
  if ("pauseMs" in attempt) {
    await recordAttempt(deps, run, attempt);
    return {
      state: "later",
      afterMs: attempt.pauseMs,
      waits: nextAccount(attempt, deps.clock.now()),
    };
  }
  const { outcome } = attempt;
  const recorded = await recordOutcome(deps, run, outcome);
  if (recorded.outputs !== outcome.outputs) await deleteOutputs(deps.blobs, [outcome]);
  if (node.kind === "checkpoint") await deps.queue.clearDeadline(run.id, node.id);
  return settledBy(recorded);
}

/** Deletes what a task has left, within the limits that hold for the task. */
async function settleCleanup(
  deps: WorkDependencies,
  at: { readonly run: Run; readonly node: CleanupNode; readonly wake: NodeWake },
): Promise<SettleAnswer> {
  const { run, node, wake } = at;
  const task = run.plan.nodes.find(({ id }) => id === node.of);
  if (task?.kind !== "task") throw new Error(`run ${run.id} has no task ${node.of}`);
  const outcomes = await deps.store.outcomes(run.id);
  const permits = await takePermits(deps, { run, node: { ...task, id: node.id }, wake });
  if (permits.state === "later") return permits;
  try {
    const answer = await cleanUp(deps, { run, node, task, outcomes, wake: permits.wake });
    if ("state" in answer) return answer;
    if (!(await permits.wake.stillOwner()))
      throw new OwnershipLost(`${node.id} of run ${run.id} belongs to another worker now`);
    return settledBy(await recordOutcome(deps, run, answer));
  } finally {
    await permits.release();
  }
}

/** A paused run starts nothing; one that is cancelled ends all the same, clean-up included. */
function isHeld({ pause, cancellation }: RunStatus): boolean {
  return pause !== undefined && cancellation === null;
}

/** What came of the node's turn: its outcome, not yet recorded, or an attempt that is followed by another. */
async function attemptNode(
  deps: WorkDependencies,
  at: {
    readonly run: Run;
    readonly node: Exclude<ExecutionNode, CleanupNode>;
    readonly wake: NodeWake;
    readonly outcomes: ReadonlyMap<string, Outcome>;
    readonly decision: Exclude<Decision, { readonly kind: "wait" }>;
  },
): Promise<
  | { readonly outcome: Outcome }
  | { readonly execution: Execution; readonly pauseMs: number }
  | NotNow
> {
  const { run, node, wake, outcomes, decision } = at;
  if (decision.kind === "settle") {
    const { settlement } = decision;
    if (node.kind === "task")
      await deps.permits.forget({ runId: run.id, node: node.id, runsOn: node.runsOn });
    const last = await lastAttempt(deps, run, { node, settlement });
    return { outcome: last ?? outcomeOf(node, settlement, deps.clock.now()) };
  }
  if (node.kind === "checkpoint")
    return { outcome: await verifyCheckpoint(deps, { run, node, outcomes }) };
  if (node.kind === "merge") return { outcome: mergeTask(deps, { run, node, outcomes }) };
  const earlier = run.reused[node.id];
  if (earlier !== undefined) return { outcome: reusedOutcome(node, earlier, deps.clock.now()) };
  const execution = await executeLimited(deps, { run, node, wake });
  if ("state" in execution) return execution;
  const pauseMs = await pauseOf(deps, { run, node, execution });
  if (pauseMs !== null) return { execution, pauseMs };
  const outcome = await tellEarlier(deps, run, { node, outcome: execution.outcome });
  return {
    outcome: await keepOutputs(deps, outcome, {
      rows: execution.outputs,
      exports: execution.exports,
    }),
  };
}

function settledBy(outcome: Outcome): Settled {
  return {
    state: "settled",
    failure:
      outcome.status === "passed" || (isShard(outcome.node) && provedNothing(outcome))
        ? null
        : `${outcome.status}: ${outcome.reason ?? "no reason given"}`,
  };
}

function mergeTask(
  { clock }: Pick<Dependencies, "clock">,
  at: {
    readonly run: Run;
    readonly node: MergeNode;
    readonly outcomes: ReadonlyMap<string, Outcome>;
  },
): Outcome {
  const { run, node, outcomes } = at;
  const task = run.plan.nodes.find((other) => other.id === node.id);
  if (task?.kind !== "task") throw new Error(`run ${run.id} has no task ${node.id} to merge`);
  const shards = node.needs.flatMap((need) => outcomes.get(need) ?? []);
  const { status, cause, reason, ...facts } = mergeShards(task, shards);
  return { ...outcomeOf(node, { status, cause, reason }, clock.now()), ...facts };
}

async function verifyCheckpoint(
  deps: Pick<Dependencies, "clock" | "store">,
  at: {
    readonly run: Run;
    readonly node: CheckpointNode;
    readonly outcomes: ReadonlyMap<string, Outcome>;
  },
): Promise<Outcome> {
  const { run, node, outcomes } = at;
  const judged = judgeCheckpoint(
    { ...node, needs: node.needs.filter((need) => !isCleanup(need)) },
    outcomes,
  );
  const settlement = await proveNoOrphans(deps, { run, node, settlement: judged });
  const needed = node.needs.flatMap((need) => outcomes.get(need) ?? []);
  const starts = needed.flatMap(({ startedAt }) => startedAt ?? []);
  return {
    ...outcomeOf(node, settlement, deps.clock.now()),
    // A checkpoint is open from the first start before it until it has judged.
    startedAt: starts.length === 0 ? null : Math.min(...starts),
  };
}

/** Runs the task with its permits in hand, or answers when it should come again for them. */
async function executeLimited(
  deps: WorkDependencies,
  at: { readonly run: Run; readonly node: TaskNode; readonly wake: NodeWake },
): Promise<Execution | NotNow> {
  const permits = await takePermits(deps, at);
  if (permits.state === "later") return permits;
  tellTurn(deps, at);
  try {
    return await executeTask(deps, { ...at, wake: permits.wake });
  } finally {
    await permits.release();
  }
}

/** New runs take their turns from here on. Nothing waits for it, and a turn that was not told is told by the next task. */
function tellTurn(
  deps: Pick<Dependencies, "turns" | "log">,
  { run, node }: { readonly run: Run; readonly node: TaskNode },
): void {
  const turn = run.turns?.[node.id];
  if (turn === undefined) return;
  deps.turns.reached(turn).catch((error: unknown) => {
    deps.log.debug({ err: error, runId: run.id, node: node.id }, "a turn could not be told");
  });
}

/** Runs the task; a fault of ours becomes its `errored` outcome, so that no run waits for a node that cannot end. */
async function executeTask(
  deps: WorkDependencies,
  at: { readonly run: Run; readonly node: TaskNode; readonly wake: NodeWake },
): Promise<Execution> {
  const { run, node, wake } = at;
  try {
    return await runTask(deps, run, node, wake);
  } catch (error) {
    const isNotItsFault = error instanceof OwnershipLost || error instanceof QueueUnreachable;
    if (isNotItsFault || wake.signal.aborted) throw error;
    deps.log.error({ err: error, runId: run.id, node: node.id }, "a task could not be executed");
    const reason = `Turnpike could not execute it: ${messageOf(error)}`;
    const settlement = { status: "errored", cause: "crash", reason } as const;
    return {
      outcome: outcomeOf(node, settlement, deps.clock.now()),
      retryCause: null,
      outputs: [],
      exports: {},
    };
  }
}
