/** Long polling: how long a caller is willing to wait, by `?wait=N` or `Prefer: wait=N` (RFC 7240). */

import type { FastifyRequest } from "fastify";
import { z } from "zod";

const MAX_WAIT_SECONDS = 300;

export const waitQuerySchema = z.strictObject({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_WAIT_SECONDS)
    .optional()
    .describe("Seconds to wait for the end of the run before answering."),
});

export const preferHeaderSchema = z
  .string()
  .optional()
  .describe("`wait=N`: seconds to wait for the end of the run, at most 300.");

export interface Wait {
  readonly timeoutMs: number;
  /** Value for `Preference-Applied`; null when the wish came by the query. */
  readonly applied: string | null;
}

/** What was asked for, or null. A preference that cannot be read is ignored, as the RFC wants it. */
export function waitOf(
  query: { readonly wait?: number | undefined },
  prefer: string | undefined,
): Wait | null {
  if (query.wait !== undefined) return { timeoutMs: query.wait * 1000, applied: null };
  const seconds = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(prefer ?? "")?.[1];
  if (seconds === undefined) return null;
  const granted = Math.min(Number(seconds), MAX_WAIT_SECONDS);
  return { timeoutMs: granted * 1000, applied: `wait=${String(granted)}` };
}

/** Aborted when the caller has gone or the app closes; `release` ends the watch. */
export function signalOf(
  request: FastifyRequest,
  closing: AbortSignal,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const { socket } = request;
  const abort = (): void => controller.abort();
  if (closing.aborted || socket.destroyed) abort();
  closing.addEventListener("abort", abort);
  socket.once("close", abort);
  return {
    signal: controller.signal,
    release() {
      closing.removeEventListener("abort", abort);
      socket.off("close", abort);
    },
  };
}
