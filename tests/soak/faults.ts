/** The faults of a soak: one after the other at random, each noted with the time it took until everything was back. */

import { setTimeout as pause } from "node:timers/promises";
import type { AppendOnlyRedis } from "./append-only-redis.js";
import type { Fault, FaultKind } from "./evidence.js";
import type { Random } from "./random.js";
import type { Serving } from "./serving.js";

export interface FaultParts {
  readonly service: Serving;
  /** Beside the service; none where it works alone. */
  readonly workers: readonly Serving[];
  readonly redis: AppendOnlyRedis | null;
  readonly random: Random;
  readonly kinds: readonly FaultKind[];
  readonly longestPauseMs: number;
  /** Outcomes seen so far: after a fault that stops everything, some work is done before the next one. */
  readonly progress: () => number;
  /** Ends even the wait for a service that starts again. */
  readonly limit: AbortSignal;
  readonly note: (fault: Fault) => void;
}

/** How often each comes, relative to the others. */
const WEIGHT: Readonly<Record<FaultKind, number>> = {
  "kill-service": 5,
  "stop-service": 3,
  "kill-worker": 5,
  "stop-worker": 5,
  "kill-lane": 3,
  "stop-lane": 4,
  "restart-redis": 4,
  "steal-lock": 3,
};
/** Faults that cost single tasks. */
const GENTLE: readonly FaultKind[] = ["kill-lane", "stop-lane", "steal-lock"];
const WORK_BETWEEN = 3;
const WORK_LIMIT_MS = 45_000;
/** Longer than a lock lives, so that a stopped service loses what it holds. */
const LONG_STOP_MS = 14_000;

/** Faults in groups that strike at the same time as each other, and within a group one after the other. */
export function faultGroups(redis: AppendOnlyRedis | null): readonly (readonly FaultKind[])[] {
  const servers: FaultKind[] = ["kill-service", "stop-service"];
  const parts: FaultKind[] = ["kill-lane", "stop-lane"];
  return redis === null
    ? [servers, parts]
    : [
        [...servers, "kill-worker", "stop-worker", "restart-redis"],
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
    if (!(await strike(parts, kind))) continue;
    note({ kind, from, to: Date.now() });
    if (!GENTLE.includes(kind)) await someWork(parts, signal);
  }
}

/** A machine that is busy with other things would otherwise do nothing but start services. */
async function someWork({ progress }: FaultParts, signal: AbortSignal): Promise<void> {
  const before = progress();
  const until = Date.now() + WORK_LIMIT_MS;
  while (progress() < before + WORK_BETWEEN && Date.now() < until && !signal.aborted)
    await pause(100);
}

/** False when there was nothing to hit. */
async function strike(parts: FaultParts, kind: FaultKind): Promise<boolean> {
  const { service, workers, redis, random, limit } = parts;
  switch (kind) {
    case "kill-service":
      return killAndStart(service, limit);
    case "stop-service":
      await service.suspend(stopMs(random));
      return true;
    case "kill-worker":
      return workers.length > 0 && killAndStart(random.pick(workers), limit);
    case "stop-worker":
      if (workers.length > 0) await random.pick(workers).suspend(stopMs(random));
      return workers.length > 0;
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

async function killAndStart(member: Serving, limit: AbortSignal): Promise<boolean> {
  await member.kill();
  await member.start(limit);
  return true;
}

function stopMs(random: Random): number {
  return random.chance(0.3) ? LONG_STOP_MS : random.int(200, 4000);
}

async function signalLane(
  { service, workers, random }: FaultParts,
  hit: (pid: number) => Promise<boolean>,
): Promise<boolean> {
  const lanes = [service, ...workers].flatMap((member) => member.lanes());
  if (lanes.length === 0) return false;
  // A lane that has ended between the look and the blow was none.
  return hit(random.pick(lanes)).catch(() => false);
}
