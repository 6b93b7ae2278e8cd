/** Asking the service over REST as a patient client does: whatever is not answered is asked again, until it is. */

import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

const REQUEST_LIMIT_MS = 20_000;
const PAUSE_MS = 250;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Client {
  /** Asks until there is an answer that is no 5xx and no 429; rejects when the signal is aborted. */
  ask(path: string, init?: RequestInit): Promise<Answer>;
}

/** `url` is asked anew for each try, because a service that was started again listens elsewhere. */
export function createClient(url: () => string, signal: AbortSignal): Client {
  return {
    async ask(path, init = {}) {
      for (;;) {
        signal.throwIfAborted();
        const answer = await tryOnce(`${url()}${path}`, init);
        if (answer !== null && answer.status < 500 && answer.status !== 429) return answer;
        await pause(PAUSE_MS, undefined, { signal });
      }
    },
  };
}

/** Null when nothing, or half an answer, came. */
async function tryOnce(url: string, init: RequestInit): Promise<Answer | null> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort();
  }, REQUEST_LIMIT_MS);
  try {
    const response = await fetch(url, { ...init, signal: limit.signal });
    return { status: response.status, body: await response.json() };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

const boardSchema = z.object({
  queues: z.array(
    z.object({
      name: z.string(),
      counts: z.record(z.string(), z.number()),
      jobs: z.array(z.object({ name: z.string() })),
    }),
  ),
});

/** Jobs that would still do something, as the service's own dashboard counts and names them: `tasks delayed 1 (orders)`. */
export async function leftoverJobs(client: Client): Promise<{ count: number; text: string }> {
  const { queues } = boardSchema.parse((await client.ask("/queues/api/queues")).body);
  if (queues.length === 0) throw new Error("the dashboard shows no queues");
  const left: { readonly count: number; readonly text: string }[] = [];
  for (const { name, counts } of queues)
    for (const [state, count] of Object.entries(counts))
      if (count > 0 && state !== "completed" && state !== "failed")
        left.push({
          count,
          text: `${name} ${state} ${String(count)} (${await jobNames(client, name, state)})`,
        });
  return {
    count: left.reduce((sum, { count }) => sum + count, 0),
    text: left.map(({ text }) => text).join(", "),
  };
}

async function jobNames(client: Client, queue: string, state: string): Promise<string> {
  const query = new URLSearchParams({ activeQueue: queue, status: state });
  const { body } = await client.ask(`/queues/api/queues?${query.toString()}`);
  const { queues } = boardSchema.parse(body);
  const jobs = queues.find(({ name }) => name === queue)?.jobs ?? [];
  return jobs.map(({ name }) => name).join(", ");
}
