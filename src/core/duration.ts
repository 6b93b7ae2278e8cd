/** Durations as people write them in a plan or a configuration: `500ms`, `30s`, `30m`, `1h30m`. */

import { z } from "zod";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** Milliseconds of a written duration, or null when it cannot be read or is longer than a timer can wait (24 days). */
export function parseDuration(text: string): number | null {
  if (!WHOLE.test(text)) return null;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(PART)) {
    totalMs += Number(amount) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
  }
  return Number.isFinite(totalMs) && totalMs <= 24 * 86_400_000 ? Math.round(totalMs) : null;
}

/** A duration for people: `850 ms`, `12.4 s`, `3 min 20 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${String(Math.round(durationMs))} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const minutes = Math.floor(durationMs / 60_000);
  const seconds = Math.round((durationMs % 60_000) / 1000);
  return seconds === 60
    ? `${String(minutes + 1)} min 0 s`
    : `${String(minutes)} min ${String(seconds)} s`;
}

/** A duration in a document: text in, milliseconds out. */
export const durationSchema = z.string().transform((text, context): number => {
  const parsed = parseDuration(text);
  if (parsed !== null && parsed > 0) return parsed;
  context.addIssue({
    code: "custom",
    message: `"${text}" is not a duration; write for example 500ms, 30s, 30m or 1h30m, at most 24d`,
  });
  return z.NEVER;
});
