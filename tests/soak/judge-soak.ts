/** What a soak came to: a last look at everything, what is left in the queue, and the judgement of every run. */

import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { checkRun } from "./check-run.js";
import { leftoverJobs, type Client } from "./client.js";
import { runSeenSchema, type Fault, type RunEvidence } from "./evidence.js";
import { look, type Followed } from "./traffic.js";

/** How long the queue may take to settle when everything has ended. */
const SETTLE_LIMIT_MS = 60_000;

export interface SoakResult {
  readonly runs: number;
  readonly nodes: number;
  readonly faults: number;
  readonly stuck: number;
  readonly wrong: number;
  readonly leftover: number;
  readonly failing: readonly (Partial<RunEvidence> & { readonly problems: readonly string[] })[];
}

/** Every run once more, at the end of everything: what stood before must stand now. */
export async function lookAgain(client: Client, all: readonly Followed[]): Promise<void> {
  for (const followed of all) {
    const { run } = followed;
    if (run === null) continue;
    const read = runSeenSchema.safeParse((await client.ask(`/v1/runs/${run.id}`)).body);
    if (read.success) look(followed, read.data);
    else followed.problems.push(`run ${run.id} cannot be read any more`);
  }
}

/** Runs the service has and nobody asked for. */
export async function unknownRuns(
  client: Client,
  all: readonly Followed[],
): Promise<readonly string[]> {
  const pageSchema = z.object({
    runs: z.array(z.object({ id: z.string() })),
    next: z.string().nullable(),
  });
  const known = new Set(all.map(({ run }) => run?.id));
  const unknown: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? "" : `&cursor=${cursor}`;
    const page = pageSchema.parse((await client.ask(`/v1/runs?limit=100${query}`)).body);
    unknown.push(...page.runs.map(({ id }) => id).filter((id) => !known.has(id)));
    cursor = page.next;
  } while (cursor !== null);
  return unknown;
}

/** What is left in the queue when everything had time to settle. */
export async function settledLeftover(client: Client): Promise<{ count: number; text: string }> {
  const until = Date.now() + SETTLE_LIMIT_MS;
  for (;;) {
    const left = await leftoverJobs(client);
    if (left.count === 0 || Date.now() > until) return left;
    await pause(500);
  }
}

export function judgeAll(seen: {
  readonly all: readonly Followed[];
  readonly faults: readonly Fault[];
  readonly hits: RunEvidence["hits"];
  readonly extra: readonly string[];
}): Omit<SoakResult, "leftover"> {
  const { all, faults, hits, extra } = seen;
  const failing: { problems: string[] }[] = extra.map((id) => ({
    problems: [`run ${id} was never asked for`],
  }));
  let stuck = 0;
  for (const followed of all) {
    const { scenario, answeredIds, run, events, cancelledAt, paused } = followed;
    const ended = run !== null && run.verdict !== null;
    if (!ended) stuck += 1;
    const evidence = {
      scenario,
      answeredIds,
      events,
      cancelledAt,
      paused,
      ...(run !== null && {
        run,
        hits: hits.filter((hit) => hit.run === run.id),
        faults: faults.filter(({ to }) => to >= Date.parse(run.createdAt) - 1000),
      }),
    };
    const found =
      run !== null && ended
        ? checkRun({ ...evidence, run, hits: evidence.hits ?? [], faults: evidence.faults ?? [] })
        : ["it has not ended"];
    const problems = [...followed.problems, ...found].map(
      (problem) => `${scenario.plan}, run ${String(run?.id)}: ${problem}`,
    );
    if (problems.length > 0) failing.push({ ...evidence, problems });
  }
  return {
    runs: all.length,
    nodes: all.reduce((sum, { scenario }) => sum + scenario.nodes.length, 0),
    faults: faults.length,
    stuck,
    wrong: failing.length - stuck,
    failing,
  };
}
