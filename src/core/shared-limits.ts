/** Limits that all workers of a namespace share: permits with leases, rates, and the turns of callers. Adapters stand in queue/. */

/** One of at most `limit` places under a key. */
export interface Permit {
  readonly key: string;
  readonly limit: number;
  /** A place that frees itself after so long, and is neither renewed nor released. */
  readonly holdMs?: number;
}

interface PermitRequest {
  /** Unique for each execution, so that a successor never shares the permits of one that is still dying. */
  readonly owner: string;
  /** Who is named when all permits of a refused request might be had. */
  readonly waiter: string;
  /** Of several waiters the one with the lower rank is named first. */
  readonly rank: number;
  readonly permits: readonly Permit[];
}

export type PermitAnswer =
  | { readonly granted: true }
  | {
      readonly granted: false;
      /** Keys that were full. */
      readonly blockedBy: readonly string[];
      /** When places that free themselves will have, with those who wait before this one counted; null where only releases help. */
      readonly freeInMs: number | null;
    };

interface PermitHolder {
  readonly owner: string;
  /** Of the permits that are renewed. */
  readonly keys: readonly string[];
}

/** A key that a waiter was refused for, and who holds its places now. */
export interface Block {
  readonly key: string;
  readonly owners: readonly string[];
}

/** Counted permits. What is not renewed for `leaseMs` is free again: nobody has to clean up behind a crash. */
export interface Permits {
  readonly leaseMs: number;
  /** Takes all permits or none. A refused waiter is remembered and named by `release` or `wake`. */
  acquire(request: PermitRequest): Promise<PermitAnswer>;
  /** Prolongs the leases; answers the owners that have lost one, who must stop. */
  renew(holders: readonly PermitHolder[]): Promise<readonly string[]>;
  /** Answers the waiters that should ask again now. Releasing what is not held changes nothing. */
  release(holder: PermitHolder): Promise<readonly string[]>;
  /** A waiter will not ask again; answers those that should ask in its stead. */
  forget(waiter: string): Promise<readonly string[]>;
  /** What each of these waiters waits for, in their order; nothing for one that does not wait. */
  blocks(waiters: readonly string[]): Promise<readonly (readonly Block[])[]>;
  /** The waiters that should ask again because a lease has run out. */
  wake(): Promise<readonly string[]>;
}

interface Rate {
  readonly perSecond: number;
  /** How many may go at once after a pause. */
  readonly burst: number;
}

/** Rates by reservation: whoever asks is told when to go, and everybody keeps to it, so no window ever holds more than rate and burst. */
export interface RateLimits {
  /** Reserves `count` places, in order; answers milliseconds from now for each of them. */
  reserve(key: string, rate: Rate, count: number): Promise<readonly number[]>;
}

/**
 * Turns of callers, so that a small backlog is not behind a large one: the tasks of a caller get consecutive turns behind
 * its own earlier ones, and never before the turn the workers have reached, so that nobody is overtaken for ever.
 */
export interface Turns {
  /** The first of `count` turns. */
  take(caller: string, count: number): Promise<number>;
  /** A task with this turn has started. */
  reached(turn: number): Promise<void>;
  /** Starts from 0 again; for moments when nothing waits. */
  reset(): Promise<void>;
}

export interface SharedLimits {
  readonly permits: Permits;
  readonly rates: RateLimits;
  readonly turns: Turns;
}

/** A dead holder's permits are free after this long, as its jobs are. */
export const PERMIT_LEASE_MS = 10_000;

/** A waiter that was named counts as taking its permits for this long, so that they are not offered to everybody at once. */
export const OFFER_MS = 1000;

/** How many waiters of one key are looked at when it becomes free. */
export const LOOK_AT = 50;

/** Waiters that have not asked again for so long have gone. */
export const WAITER_LIMIT_MS = 120_000;
