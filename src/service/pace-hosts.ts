/** The turn of a request to a host with a rate, which all workers share. */

import { setTimeout as pause } from "node:timers/promises";
import type { Dependencies } from "./dependencies.js";

/** How soon a turn is asked for again where the limits could not be reached. */
const ASK_AGAIN_MS = 1000;

/** Milliseconds until a request to the host may go. Where nobody can be asked, the request waits; the limits of its task go on counting. */
export async function takeTurnOf(
  { rates, limits, log }: Pick<Dependencies, "rates" | "limits" | "log">,
  host: string,
  signal: AbortSignal,
): Promise<number> {
  const { perSecond, burst } = limits.hosts[host] ?? {};
  if (perSecond === undefined) return 0;
  while (!signal.aborted) {
    try {
      const [waitMs] = await rates.reserve(`host:${host}`, { perSecond, burst: burst ?? 1 }, 1);
      return waitMs ?? 0;
    } catch (error) {
      log.warn({ err: error, host }, "the rate of a host cannot be asked for; tried again");
      await pause(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return 0;
}
