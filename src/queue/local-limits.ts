/**
 * Shared limits for the embedded queue. It belongs to one process (the lock of the data directory sees to that), so its
 * limits live in that process's memory: they cost nothing, and a crash frees them at once.
 */

import {
  LOOK_AT,
  OFFER_MS,
  PERMIT_LEASE_MS,
  WAITER_LIMIT_MS,
  type Permit,
  type Permits,
  type RateLimits,
  type SharedLimits,
  type Turns,
} from "../core/shared-limits.js";

interface Waiter {
  readonly permits: readonly Permit[];
  readonly rank: number;
  readonly goneAt: number;
  /** Keys that were full when it was looked at last. */
  blockedBy: readonly string[];
  offeredUntil: number;
}

export function createLocalLimits(
  options: { readonly leaseMs?: number; readonly now?: () => number } = {},
): SharedLimits {
  const now = options.now ?? Date.now;
  return {
    permits: createPermits(options.leaseMs ?? PERMIT_LEASE_MS, now),
    rates: createRates(now),
    turns: createTurns(),
  };
}

function createPermits(leaseMs: number, now: () => number): Permits {
  /** End of each lease, by key and owner. */
  const held = new Map<string, Map<string, number>>();
  const waiters = new Map<string, Waiter>();

  const holdersOf = (key: string): Map<string, number> => {
    const holders = held.get(key) ?? new Map<string, number>();
    for (const [owner, endsAt] of holders) if (endsAt <= now()) holders.delete(owner);
    if (holders.size === 0) held.delete(key);
    return holders;
  };
  const fullOf = (permits: readonly Permit[], offered: ReadonlyMap<string, number>): string[] =>
    permits
      .filter(({ key, limit }) => holdersOf(key).size + (offered.get(key) ?? 0) >= limit)
      .map(({ key }) => key);

  /** The waiters behind a key that can have all they want, in the order of their ranks. */
  const runnable = (keys: readonly string[]): string[] => {
    const offered = new Map<string, number>();
    const behind = [...waiters]
      .filter(([, { blockedBy }]) => blockedBy.some((key) => keys.includes(key)))
      .toSorted(([, left], [, right]) => left.rank - right.rank);
    const named: string[] = [];
    for (const [name, waiter] of behind) {
      if (named.length >= LOOK_AT) break;
      if (waiter.goneAt <= now()) {
        waiters.delete(name);
        continue;
      }
      const full = fullOf(waiter.permits, offered);
      if (full.length > 0) {
        waiter.blockedBy = full;
        continue;
      }
      for (const { key } of waiter.permits) offered.set(key, (offered.get(key) ?? 0) + 1);
      if (waiter.offeredUntil > now()) continue;
      waiter.offeredUntil = now() + OFFER_MS;
      named.push(name);
    }
    return named;
  };
  /** When a place under the key frees itself; null where all are leases. */
  const freeInMs = (permit: Permit, rank: number): number | null => {
    if (permit.holdMs === undefined) return null;
    const first = Math.min(...holdersOf(permit.key).values());
    const ahead = [...waiters.values()].filter(
      (other) => other.rank < rank && other.blockedBy.includes(permit.key),
    ).length;
    return first - now() + Math.floor(ahead / permit.limit) * permit.holdMs;
  };
  return {
    leaseMs,
    acquire({ owner, waiter, rank, permits }) {
      const full = fullOf(permits, new Map());
      if (full.length === 0) {
        waiters.delete(waiter);
        for (const { key, holdMs } of permits) {
          const holders = held.get(key) ?? new Map<string, number>();
          held.set(key, holders.set(owner, now() + (holdMs ?? leaseMs)));
        }
        return Promise.resolve({ granted: true });
      }
      const pauses = permits
        .filter(({ key }) => full.includes(key))
        .flatMap((permit) => freeInMs(permit, rank) ?? []);
      const goneAt = now() + WAITER_LIMIT_MS;
      waiters.set(waiter, { permits, rank, goneAt, blockedBy: full, offeredUntil: 0 });
      return Promise.resolve({
        granted: false,
        blockedBy: full,
        freeInMs: pauses.length === 0 ? null : Math.max(...pauses),
      });
    },
    renew(holders) {
      const lost = holders.filter(({ owner, keys }) => {
        const whole = keys.every((key) => holdersOf(key).has(owner));
        if (whole) for (const key of keys) held.get(key)?.set(owner, now() + leaseMs);
        return !whole;
      });
      return Promise.resolve(lost.map(({ owner }) => owner));
    },
    release({ owner, keys }) {
      for (const key of keys) held.get(key)?.delete(owner);
      return Promise.resolve(runnable(keys));
    },
    forget(name) {
      const waiter = waiters.get(name);
      waiters.delete(name);
      return Promise.resolve(waiter === undefined ? [] : runnable(waiter.blockedBy));
    },
    blocks: (names) =>
      Promise.resolve(
        names.map((name) =>
          (waiters.get(name)?.blockedBy ?? []).map((key) => ({
            key,
            owners: [...holdersOf(key).keys()],
          })),
        ),
      ),
    wake: () => Promise.resolve(runnable([...waiters.values()].flatMap((each) => each.blockedBy))),
  };
}

function createRates(now: () => number): RateLimits {
  /** When the next place of a key would be without any burst. */
  const nextAt = new Map<string, number>();
  return {
    reserve(key, { perSecond, burst }, count) {
      const intervalMs = 1000 / perSecond;
      const at = now();
      const delays: number[] = [];
      let next = Math.max(nextAt.get(key) ?? 0, at);
      for (let place = 0; place < count; place += 1) {
        delays.push(Math.max(0, next - (burst - 1) * intervalMs - at));
        next += intervalMs;
      }
      nextAt.set(key, next);
      return Promise.resolve(delays);
    },
  };
}

function createTurns(): Turns {
  const lastOf = new Map<string, number>();
  let reachedTurn = 0;
  return {
    take(caller, count) {
      const first = Math.max(reachedTurn, lastOf.get(caller) ?? 0);
      for (const [name, last] of lastOf) if (last <= reachedTurn) lastOf.delete(name);
      lastOf.set(caller, first + count);
      return Promise.resolve(first);
    },
    reached(turn) {
      reachedTurn = Math.max(reachedTurn, turn);
      return Promise.resolve();
    },
    reset() {
      reachedTurn = 0;
      lastOf.clear();
      return Promise.resolve();
    },
  };
}
