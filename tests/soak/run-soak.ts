/** One soak from start to end: traffic and faults, then calm, healthy runs, and the judgement. What it starts, it stops. */

import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { startAppendOnlyRedis } from "./append-only-redis.js";
import { checkRun } from "./check-run.js";
import { createClient, leftoverJobs, type Client } from "./client.js";
import { runSeenSchema, type Fault, type RunEvidence, type Scenario } from "./evidence.js";
import { doFaults, faultGroups } from "./faults.js";
import { createRandom } from "./random.js";
import { startRecordingTarget } from "./recording-target.js";
import {
  drawScenario,
  healthyScenario,
  lingeringScenario,
  writeEnvironment,
  writeScenario,
} from "./scenario.js";
import { createServing } from "./serving.js";
import { limitedBy } from "./time-limit.js";
import { followScenario, isEnded, look, newFollowed, type Followed } from "./traffic.js";

export interface SoakOptions {
  readonly folder: string;
  readonly backend: "redis" | "embedded";
  readonly seed: number;
  readonly durationMs: number;
  /** A module with a violation, loaded into the service; then only locks are stolen, from runs that wait for it. */
  readonly plant: URL | null;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface SoakResult {
  readonly runs: number;
  readonly nodes: number;
  readonly faults: number;
  readonly stuck: number;
  readonly wrong: number;
  readonly leftover: number;
  readonly failing: readonly (Partial<RunEvidence> & { readonly problems: readonly string[] })[];
}

const LANES = 3;
const OPEN_RUNS = 6;
const OPEN_LINGERING = 3;
/** A run that shows nothing new for so long does not keep new ones away. */
const IDLE_MS = 30_000;
const LONGEST_GAP_MS = 2500;
const LONGEST_CALM_MS = 4500;
const HEALTHY_RUNS = 4;
const SETTLE_LIMIT_MS = 60_000;
/** Beyond its own time a soak gets so long for what is left, before that counts as stuck. */
const END_LIMIT_MS = 600_000;

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { folder, backend, plant, signal } = options;
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const target = await startRecordingTarget();
    stops.push(() => target.close());
    const redis = backend === "redis" ? await startAppendOnlyRedis() : null;
    if (redis !== null) stops.push(() => redis.close());
    await writeEnvironment(folder, target.url);
    const serving = createServing({
      folder,
      redisUrl: redis?.url ?? null,
      lanes: plant === null ? LANES : 2 * OPEN_LINGERING,
      preload: [new URL("./sweep-often.js", import.meta.url), ...(plant === null ? [] : [plant])],
      logFile: join(folder, "service.log"),
    });
    stops.push(() => serving.kill());
    await serving.start(signal);
    const faults: Fault[] = [];
    const limit = limitedBy(signal, options.durationMs + END_LIMIT_MS);
    const over = limitedBy(signal, options.durationMs);
    let calmSince: number | null = null;
    const parts = {
      url: serving.url,
      seed: options.seed,
      calmSince: () => calmSince,
      signal: limit,
    };
    const groups = plant === null ? faultGroups(redis) : [["steal-lock" as const]];
    const harm = Promise.all(
      groups.map((kinds, group) =>
        doFaults(
          {
            serving,
            redis,
            random: createRandom(options.seed, `faults ${String(group)}`),
            kinds,
            longestPauseMs: LONGEST_CALM_MS,
            limit,
            note: (fault) => faults.push(fault),
          },
          over,
        ),
      ),
    );
    const openRuns = plant === null ? OPEN_RUNS : OPEN_LINGERING;
    const disturbed = submitUntil({ over, openRuns }, async (number) => {
      const random = createRandom(options.seed, `run ${String(number)}`);
      const scenario = plant === null ? drawScenario(random, number) : lingeringScenario(number);
      return follow(options, parts, scenario);
    });
    const [followed] = await Promise.all([disturbed, harm]);
    calmSince = Date.now();
    options.say(
      `${String(followed.all.length)} runs and ${String(faults.length)} faults; now without faults: ${String(followed.all.filter((one) => !isEnded(one)).length)} runs are open`,
    );
    await followed.done();
    const healthy = await runHealthy(options, parts);
    signal.throwIfAborted();
    const all = [...followed.all, ...healthy];
    const client = createClient(serving.url, limit);
    await lookAgain(client, all);
    const extra = await unknownRuns(client, all);
    const leftover = await settledLeftover(client);
    const result = judgeAll({ all, faults, hits: target.hits, extra });
    if (leftover.count > 0) options.say(`left over: ${leftover.text}`);
    for (const { problems } of result.failing)
      for (const problem of problems.slice(0, 5)) options.say(`  ${problem}`);
    const exitCode = await serving.stop();
    if (exitCode !== 0)
      options.say(`  the service ended with ${String(exitCode)} when it was told to stop`);
    return { ...result, leftover: leftover.count, wrong: result.wrong + (exitCode === 0 ? 0 : 1) };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

type TrafficParts = Parameters<typeof followScenario>[0];

interface Following {
  readonly followed: Followed;
  readonly done: Promise<void>;
}

async function follow(
  { folder }: SoakOptions,
  parts: TrafficParts,
  scenario: Scenario,
): Promise<Following> {
  await writeScenario(folder, scenario);
  const followed = newFollowed(scenario);
  const done = followScenario(parts, followed).catch((error: unknown) => {
    // A run whose caller gave up counts as stuck, and says why.
    followed.problems.push(String(error));
  });
  return { followed, done };
}

/** Starts runs, a few at a time, until the signal is aborted. */
async function submitUntil(
  { over, openRuns }: { readonly over: AbortSignal; readonly openRuns: number },
  start: (number: number) => Promise<Following>,
): Promise<{ readonly all: readonly Followed[]; done(): Promise<void> }> {
  const following: Following[] = [];
  const random = createRandom(0, "gaps");
  while (!over.aborted) {
    const busy = following.filter(
      ({ followed }) => !isEnded(followed) && Date.now() - followed.progressAt < IDLE_MS,
    );
    if (busy.length < openRuns) following.push(await start(following.length + 1));
    await pause(random.int(100, LONGEST_GAP_MS), undefined, { signal: over }).catch(
      () => undefined,
    );
  }
  return {
    all: following.map(({ followed }) => followed),
    async done() {
      await Promise.all(following.map(({ done }) => done));
    },
  };
}

async function runHealthy(options: SoakOptions, parts: TrafficParts): Promise<readonly Followed[]> {
  const random = createRandom(options.seed, "healthy");
  const following = await Promise.all(
    Array.from({ length: HEALTHY_RUNS }, (_, index) =>
      follow(options, parts, healthyScenario(random, index + 1)),
    ),
  );
  await Promise.all(following.map(({ done }) => done));
  return following.map(({ followed }) => followed);
}

/** Every run once more, at the end of everything: what stood before must stand now. */
async function lookAgain(client: Client, all: readonly Followed[]): Promise<void> {
  for (const followed of all) {
    const { run } = followed;
    if (run === null) continue;
    const read = runSeenSchema.safeParse((await client.ask(`/v1/runs/${run.id}`)).body);
    if (read.success) look(followed, read.data);
    else followed.problems.push(`run ${run.id} cannot be read any more`);
  }
}

/** Runs the service has and nobody asked for. */
async function unknownRuns(client: Client, all: readonly Followed[]): Promise<readonly string[]> {
  const pageSchema = z.object({
    runs: z.array(z.object({ id: z.string() })),
    next: z.string().nullable(),
  });
  const known = new Set(all.map(({ run }) => run?.id));
  const unknown: string[] = [];
  let before: string | null = null;
  do {
    const query: string = before === null ? "" : `&before=${before}`;
    const page = pageSchema.parse((await client.ask(`/v1/runs?limit=100${query}`)).body);
    unknown.push(...page.runs.map(({ id }) => id).filter((id) => !known.has(id)));
    before = page.next;
  } while (before !== null);
  return unknown;
}

/** What is left in the queue when everything had time to settle. */
async function settledLeftover(client: Client): Promise<{ count: number; text: string }> {
  const until = Date.now() + SETTLE_LIMIT_MS;
  for (;;) {
    const left = await leftoverJobs(client);
    if (left.count === 0 || Date.now() > until) return left;
    await pause(500);
  }
}

function judgeAll(seen: {
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
    const { scenario, answeredIds, run, events, cancelledAt } = followed;
    const ended = run !== null && run.verdict !== null;
    if (!ended) stuck += 1;
    const evidence = {
      scenario,
      answeredIds,
      events,
      cancelledAt,
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
