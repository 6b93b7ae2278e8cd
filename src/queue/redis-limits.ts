/** Shared limits in Redis, for all workers that share the queue. */

import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";
import { PERMIT_LEASE_MS, type Block, type SharedLimits } from "../core/shared-limits.js";
import { LIMITS_SCRIPT } from "./redis-limits-script.js";

const SCRIPT_HASH = createHash("sha1").update(LIMITS_SCRIPT).digest("hex");
const answerSchema = z.array(z.string());

/** `prefix` keeps namespaces apart, as the queue's does. */
export function createRedisLimits(
  redis: Redis,
  options: { readonly prefix: string; readonly leaseMs?: number },
): SharedLimits {
  const leaseMs = options.leaseMs ?? PERMIT_LEASE_MS;
  const ask = async (command: string, request: object): Promise<readonly string[]> => {
    const values = [1, options.prefix, command, JSON.stringify(request)] as const;
    try {
      return answerSchema.parse(await redis.evalsha(SCRIPT_HASH, ...values));
    } catch (error) {
      // The server has not seen the script yet, or has been started again.
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return answerSchema.parse(await redis.eval(LIMITS_SCRIPT, ...values));
    }
  };
  return {
    permits: {
      leaseMs,
      async acquire(request) {
        const [state, pause, ...blockedBy] = await ask("acquire", { ...request, leaseMs });
        if (state === "granted") return { granted: true };
        const freeInMs = Number(pause);
        return { granted: false, blockedBy, freeInMs: freeInMs < 0 ? null : freeInMs };
      },
      renew: (holders) => ask("renew", { holders, leaseMs }),
      release: (holder) => ask("release", holder),
      forget: (waiter) => ask("forget", { waiter }),
      async blocks(waiters) {
        const blocks = waiters.map((): Block[] => []);
        const flat = await ask("blocks", { waiters });
        for (let at = 0; at < flat.length;) {
          const [place = "", key = "", count = ""] = flat.slice(at, at + 3);
          const end = at + 3 + Number(count);
          blocks[Number(place)]?.push({ key, owners: flat.slice(at + 3, end) });
          at = end;
        }
        return blocks;
      },
      wake: () => ask("wake", {}),
    },
    rates: {
      reserve: async (key, rate, count) =>
        (await ask("reserve", { key, ...rate, count })).map(Number),
    },
    turns: {
      take: async (caller, count) => Number((await ask("take", { caller, count }))[0]),
      reached: async (turn) => void (await ask("reached", { turn })),
      reset: async () => void (await ask("reset", {})),
    },
  };
}
