/** Waits for the targets of a task to answer; what answered a moment ago, or is being asked, is not asked again. */

import { setTimeout as sleep } from "node:timers/promises";
import { healthDelayMs, judgeHealth, type HealthTarget } from "../core/health.js";
import type { TargetProbe } from "../core/ports.js";

const FRESH_MS = 30_000;

type ProbeRules = Omit<Parameters<TargetProbe>[1], "signal">;

export interface HealthGate {
  /** Null when every target is there; else what to tell people: which one is not, why, and how it is started. */
  wait(
    targets: readonly HealthTarget[],
    rules: ProbeRules & { readonly signal: AbortSignal },
  ): Promise<string | null>;
}

export function createHealthGate({
  probe,
  now,
}: {
  readonly probe: TargetProbe;
  readonly now: () => number;
}): HealthGate {
  const answeredAt = new Map<string, number>();
  const waitForOne = async (
    target: HealthTarget,
    { signal, ...rules }: ProbeRules & { readonly signal: AbortSignal },
  ): Promise<string | null> => {
    const key = JSON.stringify([target.url, target.expect, rules]);
    const until = now() + target.timeout;
    for (let tried = 0; ; tried += 1) {
      if (now() - (answeredAt.get(key) ?? Number.NEGATIVE_INFINITY) < FRESH_MS) return null;
      const answer = await probe(target.url, { ...rules, signal });
      const fault = "status" in answer ? judgeHealth(target, answer.status) : answer.error;
      if (fault === null) answeredAt.set(key, now());
      if (fault === null || signal.aborted) return null;
      const delayMs = healthDelayMs(tried, Math.random());
      if (now() + delayMs > until) return describe(target, fault);
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    }
  };
  return {
    async wait(targets, rules) {
      const faults = await Promise.all(targets.map((target) => waitForOne(target, rules)));
      return faults.find((fault) => fault !== null) ?? null;
    },
  };
}

function describe({ url, timeout, start }: HealthTarget, fault: string): string {
  const how = start === undefined ? "start it, or correct its URL" : `start it with: ${start}`;
  return `${url} was not ready within ${String(timeout / 1000)} s (${fault}); ${how}`;
}
