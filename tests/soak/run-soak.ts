/** One soak from start to end: traffic and faults, then calm, healthy runs, and the judgement. What it starts, it stops. */

import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startAppendOnlyRedis } from "./append-only-redis.js";
import { createClient } from "./client.js";
import type { Fault, Scenario } from "./evidence.js";
import {
  judgeAll,
  lookAgain,
  settledLeftover,
  unknownRuns,
  type SoakResult,
} from "./judge-soak.js";
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
import { createServing, type Serving } from "./serving.js";
import { limitedBy } from "./time-limit.js";
import { followScenario, isEnded, countOutcomes, newFollowed, type Followed } from "./traffic.js";

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

const LANES = 3;
const WORKERS = 2;
const OPEN_RUNS = 10;
const OPEN_LINGERING = 3;
/** A run that shows nothing new for so long does not keep new ones away. */
const IDLE_MS = 90_000;
const LONGEST_GAP_MS = 1500;
const LONGEST_CALM_MS = 4500;
const HEALTHY_RUNS = 4;
const TELL_INTERVAL_MS = 60_000;
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
    const open = (command: "serve" | "worker", lanes: number, name: string): Serving => {
      const member = createServing({
        command,
        folder,
        redisUrl: redis?.url ?? null,
        lanes,
        preload: [new URL("./sweep-often.js", import.meta.url), ...(plant === null ? [] : [plant])],
        logFile: join(folder, `${name}.log`),
      });
      stops.push(() => member.kill());
      return member;
    };
    // Where others can take them, tasks are taken by workers too.
    const workerCount = redis === null || plant !== null ? 0 : WORKERS;
    const lanes = plant === null ? (workerCount === 0 ? LANES : 1) : 2 * OPEN_LINGERING;
    const serving = open("serve", lanes, "service");
    const workers = Array.from({ length: workerCount }, (_, index) =>
      open("worker", LANES - 1, `worker-${String(index + 1)}`),
    );
    await Promise.all([serving, ...workers].map((member) => member.start(signal)));
    const faults: Fault[] = [];
    const submitted: Followed[] = [];
    const limit = limitedBy(signal, options.durationMs + END_LIMIT_MS);
    const over = limitedBy(signal, options.durationMs);
    let calmSince: number | null = null;
    const telling = setInterval(() => {
      const ended = submitted.filter(isEnded).length;
      options.say(
        `${String(submitted.length)} runs, ${String(ended)} ended, ${String(faults.length)} faults`,
      );
    }, TELL_INTERVAL_MS);
    stops.push(() => Promise.resolve(clearInterval(telling)));
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
            service: serving,
            workers,
            redis,
            random: createRandom(options.seed, `faults ${String(group)}`),
            kinds,
            longestPauseMs: LONGEST_CALM_MS,
            limit,
            progress: () => submitted.reduce((sum, one) => sum + countOutcomes(one.run), 0),
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
      const following = await follow(options, parts, scenario);
      submitted.push(following.followed);
      return following;
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
    const exitCodes: (number | null)[] = [];
    for (const member of [...workers, serving]) exitCodes.push(await member.stop());
    const badExits = exitCodes.filter((code) => code !== 0).length;
    if (badExits > 0) options.say(`  told to stop, they ended with ${exitCodes.join(", ")}`);
    return { ...result, leftover: leftover.count, wrong: result.wrong + badExits };
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
