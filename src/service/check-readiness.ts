/** What must work for the service to take runs, tried for real each time it is asked. */

import { messageOf } from "../core/errors.js";
import type { Check } from "./service.js";

/** A part that can say whether it works, by not throwing; what it answers is told as detail. */
export interface Probe {
  readonly name: string;
  try(): Promise<string | null>;
}

/** Tries every probe; one that takes longer than `limitMs` has failed. */
export function checkReadiness(
  probes: readonly Probe[],
  limitMs: number,
): Promise<readonly Check[]> {
  return Promise.all(probes.map((probe) => check(probe, limitMs)));
}

async function check(probe: Probe, limitMs: number): Promise<Check> {
  const begun = performance.now();
  const since = (): number => Math.round(performance.now() - begun);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${String(limitMs)} ms`));
    }, limitMs);
  });
  try {
    const detail = await Promise.race([probe.try(), limit]);
    return { name: probe.name, ok: true, durationMs: since(), detail };
  } catch (error) {
    return { name: probe.name, ok: false, durationMs: since(), detail: messageOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
