/** Puts an outage of Redis into a few lines of the log, though every connection reports each of its attempts. */

import type { Redis } from "ioredis";
import { messageOf } from "../core/errors.js";
import type { Logger } from "../log.js";

const REMIND_EVERY_MS = 60_000;

/** Says that Redis is away, once a minute while it stays so, and when it answers again. */
export function tellOutages(
  connections: readonly Redis[],
  { place, log }: { readonly place: string; readonly log: Pick<Logger, "warn" | "info"> },
): void {
  const away = new Set<Redis>();
  let toldAt: number | null = null;
  for (const connection of connections) {
    connection.on("error", (error) => {
      away.add(connection);
      if (toldAt !== null && performance.now() - toldAt < REMIND_EVERY_MS) return;
      toldAt = performance.now();
      log.warn(`Redis at ${place} cannot be reached (${messageOf(error)}); trying again`);
    });
    connection.on("ready", () => {
      away.delete(connection);
      if (away.size > 0 || toldAt === null) return;
      toldAt = null;
      log.info(`Redis at ${place} answers again`);
    });
  }
}
