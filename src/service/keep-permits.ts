/** Holds permits for the tasks of this process: takes them, renews their leases, gives them back, and wakes whoever waited. */

import { leaseEnd, type Lease } from "../core/lease.js";
import type { RunQueue } from "../core/ports.js";
import type { Block, Permit, PermitAnswer, Permits } from "../core/shared-limits.js";
import type { Logger } from "../log.js";
import { monotonicMs } from "../monotonic-clock.js";

/** How soon permits of a worker that has died are offered to others, once their lease is over. */
const LOOK_MS = 2000;

export interface PermitKeeper {
  /** Takes all of the permits or none; a refused task is woken when it may ask again. */
  take(request: {
    readonly task: WaitingTask;
    readonly owner: string;
    readonly rank: number;
    readonly permits: readonly Permit[];
  }): Promise<
    | { readonly granted: true; readonly hold: PermitHold }
    | Extract<PermitAnswer, { readonly granted: false }>
  >;
  /** The task will not ask again, so that whoever waits behind it does not wait for it. Never rejects, as releasing does not. */
  forget(task: WaitingTask): Promise<void>;
  /** What each of these tasks waits for, in their order, with the `owner` each holder gave. */
  blocks(tasks: readonly WaitingTask[]): Promise<readonly (readonly Block[])[]>;
  /** Stops renewing; what is still held runs out. */
  close(): Promise<void>;
}

interface PermitHold {
  /** Aborted when a permit was lost, because this process could not renew it in time. */
  readonly lost: AbortSignal;
  readonly lease: Lease;
  /** Gives the permits back and wakes who may go on. Never rejects: what cannot be given back runs out. */
  release(): Promise<void>;
}

interface WaitingTask {
  readonly runId: string;
  readonly node: string;
  /** The labels it asks for, by which the queue finds it. */
  readonly runsOn: readonly string[];
}

export function createPermitKeeper(
  deps: {
    readonly permits: Permits;
    readonly queue: Pick<RunQueue, "wake">;
    readonly log: Pick<Logger, "warn">;
  },
  options: { readonly lookMs?: number } = {},
): PermitKeeper {
  const { permits, queue, log } = deps;
  const held = new Map<
    string,
    { readonly keys: readonly string[]; readonly lost: AbortController; endsAtMs: number }
  >();

  const wake = async (waiters: readonly string[]): Promise<void> => {
    await Promise.all(
      waiters.map((waiter) => {
        const { runId, node, runsOn } = taskOf(waiter);
        return queue.wake(runId, [{ id: node, runsOn }]);
      }),
    );
  };
  const quietly = async (what: string, work: () => Promise<void>): Promise<void> => {
    await work().catch((error: unknown) => {
      log.warn({ err: error }, `${what}; tried again in a moment`);
    });
  };
  const renew = async (): Promise<void> => {
    if (held.size === 0) return;
    const holders = [...held].map(([owner, { keys }]) => ({ owner, keys }));
    const endsAtMs = leaseEnd(monotonicMs(), permits.leaseMs);
    const lost = new Set(await permits.renew(holders));
    for (const { owner } of holders) {
      const hold = held.get(owner);
      if (lost.has(owner)) hold?.lost.abort();
      else if (hold !== undefined) hold.endsAtMs = endsAtMs;
    }
  };
  let looking: Promise<void> = Promise.resolve();
  const every = options.lookMs ?? Math.min(LOOK_MS, Math.ceil(permits.leaseMs / 4));
  const timer = setInterval(() => {
    looking = looking
      .then(() => quietly("permits cannot be renewed", renew))
      .then(() =>
        quietly("nobody can be told of free permits", async () => wake(await permits.wake())),
      );
  }, every);
  return {
    async take({ task, owner, rank, permits: wanted }) {
      const endsAtMs = leaseEnd(monotonicMs(), permits.leaseMs);
      const answer = await permits.acquire({
        owner,
        waiter: waiterOf(task),
        rank,
        permits: wanted,
      });
      if (!answer.granted) return answer;
      const keys = wanted.filter(({ holdMs }) => holdMs === undefined).map(({ key }) => key);
      const lost = new AbortController();
      const here = { keys, lost, endsAtMs };
      held.set(owner, here);
      return {
        granted: true,
        hold: {
          lost: lost.signal,
          lease: {
            endsAtMs: () => here.endsAtMs,
            giveUp() {
              lost.abort();
            },
          },
          async release() {
            held.delete(owner);
            await quietly("permits cannot be given back", async () =>
              wake(await permits.release({ owner, keys })),
            );
          },
        },
      };
    },
    forget: (task) =>
      quietly("a task that waited for permits cannot be forgotten", async () =>
        wake(await permits.forget(waiterOf(task))),
      ),
    blocks: (tasks) => permits.blocks(tasks.map(waiterOf)),
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Neither ids of runs nor of nodes nor labels hold a slash. */
function waiterOf({ runId, node, runsOn }: WaitingTask): string {
  return [runId, node, ...runsOn].join("/");
}

function taskOf(waiter: string): WaitingTask {
  const [runId = "", node = "", ...runsOn] = waiter.split("/");
  return { runId, node, runsOn };
}
