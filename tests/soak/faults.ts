/** The faults of a soak: one after the other at random, each noted with the time it took until everything was back. */

import { setTimeout as pause } from "node:timers/promises";
import type { AppendOnlyRedis } from "./append-only-redis.js";
import type { Fault, FaultKind } from "./evidence.js";
import type { Random } from "./random.js";
import type { Serving } from "./serving.js";

export interface FaultParts {
  readonly serving: Serving;
  readonly redis: AppendOnlyRedis | null;
  readonly random: Random;
  readonly kinds: readonly FaultKind[];
  readonly longestPauseMs: number;
  /** Ends even the wait for a service that starts again. */
  readonly limit: AbortSignal;
  readonly note: (fault: Fault) => void;
}

/** How often each comes, relative to the others. */
const WEIGHT: Readonly<Record<FaultKind, number>> = {
  "kill-service": 5,
  "stop-service": 3,
  "kill-lane": 5,
  "stop-lane": 3,
  "restart-redis": 4,
  "steal-lock": 3,
};
/** Longer than a lock lives, so that a stopped service loses what it holds. */
const LONG_STOP_MS = 14_000;

/** Faults in groups that strike at the same time as each other, and within a group one after the other. */
export function faultGroups(redis: AppendOnlyRedis | null): readonly (readonly FaultKind[])[] {
  const servers: FaultKind[] = ["kill-service", "stop-service"];
  const parts: FaultKind[] = ["kill-lane", "stop-lane"];
  return redis === null
    ? [servers, parts]
    : [
        [...servers, "restart-redis"],
        [...parts, "steal-lock"],
      ];
}

/** Does harm until the signal is aborted; the last fault is mended before it returns. */
export async function doFaults(parts: FaultParts, signal: AbortSignal): Promise<void> {
  const { random, kinds, note } = parts;
  const lots = kinds.flatMap((kind) => Array.from({ length: WEIGHT[kind] }, () => kind));
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    await pause(random.int(500, parts.longestPauseMs), undefined, { signal }).catch(
      () => undefined,
    );
    if (isOver()) return;
    const kind = random.pick(lots);
    const from = Date.now();
    if (await strike(parts, kind)) note({ kind, from, to: Date.now() });
  }
}

/** False when there was nothing to hit. */
async function strike(parts: FaultParts, kind: FaultKind): Promise<boolean> {
  const { serving, redis, random, limit } = parts;
  switch (kind) {
    case "kill-service":
      await serving.kill();
      await serving.start(limit);
      return true;
    case "stop-service":
      await serving.suspend(random.chance(0.3) ? LONG_STOP_MS : random.int(200, 4000));
      return true;
    case "kill-lane":
      return signalLane(parts, (pid) => Promise.resolve(process.kill(pid, "SIGKILL")));
    case "stop-lane":
      return signalLane(parts, async (pid) => {
        process.kill(pid, "SIGSTOP");
        await pause(random.int(200, 5000));
        return process.kill(pid, "SIGCONT");
      });
    case "restart-redis":
      await redis?.restart(random.chance(0.2) ? random.int(2000, 8000) : random.int(0, 800));
      return redis !== null;
    case "steal-lock":
      return (await redis?.stealLock((keys) => random.pick(keys))) ?? false;
  }
}

async function signalLane(
  { serving, random }: FaultParts,
  hit: (pid: number) => Promise<boolean>,
): Promise<boolean> {
  const lanes = serving.lanes();
  if (lanes.length === 0) return false;
  // A lane that has ended between the look and the blow was none.
  return hit(random.pick(lanes)).catch(() => false);
}
