/** The log: pino, one JSON object a line, to standard error so that standard output stays for results. */

import { destination, pino, type Logger } from "pino";
import type { Config } from "./core/config.js";

export type { Logger };

/** A logger for the whole process; parts add their name with `log.child({ part })`. */
export function createLog(level: Config["logLevel"]): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: ["token", "redisUrl", "req.headers.authorization"],
    },
    destination({ fd: 2, sync: true }),
  );
}
