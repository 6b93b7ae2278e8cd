/** The permits of a task: taken together before it starts, or it comes again later without holding a lane. */

import { describePermit, permitOwner, permitsOf } from "../core/limits.js";
import type { TaskNode } from "../core/plan.js";
import { earlierOf } from "../core/lease.js";
import type { NodeWake, SettleAnswer } from "../core/ports.js";
import type { Run } from "../core/run.js";
import type { Dependencies } from "./dependencies.js";
import { findTargetHosts } from "./find-target-hosts.js";

/** A refused task is woken when its permits are free; this is how soon it asks again where nobody could wake it. */
const ASK_AGAIN_MS = 15_000;

export type NotNow = Extract<SettleAnswer, { readonly state: "later" }>;

type TakenPermits =
  | NotNow
  | {
      readonly state: "taken";
      /** The wake-up of the task, aborted also when one of its permits was lost. */
      readonly wake: NodeWake;
      release(): Promise<void>;
    };

export async function takePermits(
  deps: Pick<Dependencies, "permits" | "limits" | "clock" | "blobs" | "log">,
  task: { readonly run: Run; readonly node: TaskNode; readonly wake: NodeWake },
): Promise<TakenPermits> {
  const { run, node, wake } = task;
  const permits = permitsOf(deps.limits, {
    run,
    node,
    environment: node.environment ?? run.environment,
    hosts: await findTargetHosts(deps, run, node),
  });
  if (permits.length === 0) return { state: "taken", wake, release: () => Promise.resolve() };
  const answer = await deps.permits.take({
    task: { runId: run.id, node: node.id, runsOn: node.runsOn },
    owner: permitOwner(run.id, node.id, deps.clock.random(8)),
    rank: run.turns?.[node.id] ?? 0,
    permits,
  });
  if (answer.granted) {
    const signal = AbortSignal.any([wake.signal, answer.hold.lost]);
    const stillOwner = async (): Promise<boolean> =>
      !answer.hold.lost.aborted && (await wake.stillOwner());
    return {
      state: "taken",
      wake: { ...wake, signal, stillOwner, lease: earlierOf(wake.lease, answer.hold.lease) },
      release: () => answer.hold.release(),
    };
  }
  const blockedBy = answer.blockedBy.map(describePermit);
  deps.log.debug({ runId: run.id, node: node.id, blockedBy }, "a task waits for its permits");
  return {
    state: "later",
    afterMs: Math.min(ASK_AGAIN_MS, Math.max(1, Math.ceil(answer.freeInMs ?? ASK_AGAIN_MS))),
    // Who waits for several gets them together; the first one stands for all in the account of its waiting.
    reason: blockedBy[0] ?? "its permits",
  };
}
