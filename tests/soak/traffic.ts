/** The callers of a soak: each submits one run, sends it again, cancels it, and watches it to its end. */

import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { createClient, type Client } from "./client.js";
import {
  eventsSeenSchema,
  runSeenSchema,
  type EventsSeen,
  type RunSeen,
  type Scenario,
} from "./evidence.js";

/** Without any fault a run that shows nothing new for so long is stuck: a dead worker is noticed in 10 s, a sweep comes every 5. */
const STUCK_MS = 150_000;
const PAGE_SIZE = 1000;

export interface Followed {
  readonly scenario: Scenario;
  readonly answeredIds: string[];
  readonly problems: string[];
  /** When it last showed something new. */
  progressAt: number;
  cancelledAt: number | null;
  paused: { readonly from: number; readonly to: number } | null;
  /** Its last known state; null before the first answer. */
  run: RunSeen | null;
  events: EventsSeen;
}

export interface TrafficParts {
  readonly url: () => string;
  readonly seed: number;
  /** Since when nothing is done to the service any more; null while faults go on. */
  readonly calmSince: () => number | null;
  readonly signal: AbortSignal;
}

export function newFollowed(scenario: Scenario): Followed {
  return {
    scenario,
    answeredIds: [],
    problems: [],
    progressAt: Date.now(),
    cancelledAt: null,
    paused: null,
    run: null,
    events: [],
  };
}

/** Returns when the run has ended, or is stuck: then `run.verdict` is null. */
export async function followScenario(parts: TrafficParts, followed: Followed): Promise<void> {
  const client = createClient(parts.url, parts.signal);
  const { scenario } = followed;
  const copies = Array.from({ length: scenario.copies }, () => submit(parts, client, followed));
  await Promise.all(copies);
  const [id] = followed.answeredIds;
  if (id === undefined) return;
  await Promise.all([
    watch(parts, client, followed),
    scenario.again ? pause(1500).then(() => submit(parts, client, followed)) : null,
    scenario.cancelAfterMs === null
      ? null
      : pause(scenario.cancelAfterMs).then(() => cancel(client, followed)),
    scenario.pause === null ? null : holdUp(client, followed, scenario.pause),
  ]);
  if (isEnded(followed)) followed.events = await readEvents(client, id);
}

export function isEnded({ run }: Followed): boolean {
  return run !== null && run.verdict !== null;
}

async function submit(parts: TrafficParts, client: Client, followed: Followed): Promise<void> {
  const { plan } = followed.scenario;
  const { status, body } = await client.ask("/v1/runs", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "idempotency-key": `${plan}-${String(parts.seed)}`,
    },
    body: JSON.stringify({ plan, trigger: "soak" }),
  });
  const receipt = z.object({ id: z.string() }).safeParse(body);
  if (receipt.success && (status === 202 || status === 200))
    followed.answeredIds.push(receipt.data.id);
  else
    followed.problems.push(`a submission was answered ${String(status)} ${JSON.stringify(body)}`);
}

async function cancel(client: Client, followed: Followed): Promise<void> {
  const [id = ""] = followed.answeredIds;
  const { status, body } = await client.ask(`/v1/runs/${id}/cancel`, { method: "POST" });
  if (status === 202) followed.cancelledAt = Date.now();
  // Somebody who comes too late is told so.
  else if (status !== 409)
    followed.problems.push(`a cancel was answered ${String(status)} ${JSON.stringify(body)}`);
}

/** Pauses the run and resumes it; whoever comes after its end is told so. */
async function holdUp(
  client: Client,
  followed: Followed,
  { afterMs, forMs }: NonNullable<Scenario["pause"]>,
): Promise<void> {
  const [id = ""] = followed.answeredIds;
  await pause(afterMs);
  const { status } = await client.ask(`/v1/runs/${id}/pause`, { method: "POST" });
  const from = Date.now();
  await pause(forMs);
  if (status === 200) followed.paused = { from, to: Date.now() };
  const resumed = await client.ask(`/v1/runs/${id}/resume`, { method: "POST" });
  for (const answer of [status, resumed.status])
    if (answer !== 200 && answer !== 409)
      followed.problems.push(`a pause or resume was answered ${String(answer)}`);
}

async function watch(parts: TrafficParts, client: Client, followed: Followed): Promise<void> {
  const [id = ""] = followed.answeredIds;
  while (!isEnded(followed) && !isStuck(parts, followed)) {
    const { status, body } = await client.ask(`/v1/runs/${id}?wait=1`);
    const read = runSeenSchema.safeParse(body);
    if (read.success) look(followed, read.data);
    else followed.problems.push(`a look at the run was answered ${String(status)}`);
    if (!read.success) return;
  }
}

function isStuck({ calmSince }: TrafficParts, { progressAt }: Followed): boolean {
  const calm = calmSince();
  return calm !== null && Date.now() - Math.max(calm, progressAt) > STUCK_MS;
}

/** Takes in what is seen of a run now; whatever had an outcome before must have the same one. */
export function look(followed: Followed, now: RunSeen): void {
  const before = followed.run;
  followed.run = now;
  if (before === null || countOutcomes(before) !== countOutcomes(now))
    followed.progressAt = Date.now();
  const outcomes = new Map(now.nodes.map(({ id, outcome }) => [id, JSON.stringify(outcome)]));
  for (const { id, outcome } of before?.nodes ?? []) {
    const earlier = JSON.stringify(outcome);
    if (outcome !== null && outcomes.get(id) !== earlier)
      followed.problems.push(
        `the outcome of ${id} changed from ${earlier} to ${String(outcomes.get(id))}`,
      );
  }
  if (before !== null && before.verdict !== null && before.verdict !== now.verdict)
    followed.problems.push(`the verdict changed from ${before.verdict} to ${String(now.verdict)}`);
}

export function countOutcomes(run: RunSeen | null): number {
  return (run?.nodes ?? []).filter(({ outcome }) => outcome !== null).length;
}

async function readEvents(client: Client, id: string): Promise<EventsSeen> {
  const all: EventsSeen = [];
  for (;;) {
    const last = all.at(-1);
    const after = last === undefined ? "" : `&after=${last.id}`;
    const { body } = await client.ask(`/v1/runs/${id}/events?limit=${String(PAGE_SIZE)}${after}`, {
      headers: { accept: "application/json" },
    });
    const page = eventsSeenSchema.parse(body);
    all.push(...page);
    if (page.length < PAGE_SIZE) return all;
  }
}
