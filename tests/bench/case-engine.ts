/** The engine alone on Redis: plans of tasks that behave instead of running a collection, with two sets of workers on one queue. */

import { redisBackend, type Backend } from "../../src/queue/backend.js";
import { timingOf } from "../../src/core/timing.js";
import { openDatabase } from "../support/database.js";
import { openEngine, sketchPlan, type Engine } from "../support/engine.js";
import { startRedis } from "../support/redis.js";
import type { BenchCase, Contender } from "./bench-case.js";

const LANES = 4;
const MANY = 1000;
const RANDOM_TASKS = 30;

/** 1,000 tasks of no length, held against 8 ms for each of them. */
export async function engine1000Case(): Promise<BenchCase> {
  const rig = await openRig(2);
  const plan = sketchPlan(
    {
      ...sketch(MANY, () => ({ ms: 0 })),
      checkpoint: [Array.from({ length: MANY }, (_, index) => idOf(index))],
    },
    { name: "engine-1000" },
  );
  let perTaskMs = 0;
  const own: Contender = {
    name: "engine",
    async measure() {
      const begun = performance.now();
      const view = await rig.engine.ended(await rig.engine.submit(plan));
      const durationMs = performance.now() - begun;
      if (view.end?.verdict !== "passed" || view.outcomes.size !== MANY + 1)
        throw new Error(`the plan ended as ${view.end?.verdict ?? "nothing"}`);
      perTaskMs = durationMs / MANY;
      return durationMs;
    },
  };
  return {
    name: "engine-1000",
    own,
    against: [{ name: "limit", measure: () => Promise.resolve(MANY * 8) }],
    note: () =>
      `${perTaskMs.toFixed(1)} ms of engine for each of ${String(MANY)} tasks; the limit is 8`,
    close: rig.close,
  };
}

/** 30 tasks of 200 to 2,000 ms on four lanes, held against the lower bound max(critical path, work / lanes). */
export async function random30Case(): Promise<BenchCase> {
  const rig = await openRig(1);
  const random = seeded(30);
  const plan = sketchPlan(
    sketch(RANDOM_TASKS, () => ({ ms: Math.round(200 + random() * 1800) })),
    { name: "random-30" },
  );
  let boundMs = 0;
  const figures: string[] = [];
  const own: Contender = {
    name: "turnpike",
    async measure() {
      const runId = await rig.engine.submit(plan);
      const view = await rig.engine.ended(runId);
      if (view.end?.verdict !== "passed") throw new Error("a task did not pass");
      const timing = timingOf(view.run.plan, view.outcomes);
      boundMs = Math.max(timing.criticalPath.durationMs, timing.sequentialMs / LANES);
      figures.push((timing.wallMs / boundMs).toFixed(3));
      return timing.wallMs;
    },
  };
  return {
    name: "random-30",
    own,
    against: [{ name: "floor", measure: () => Promise.resolve(boundMs) }],
    note: () =>
      `wall time over its lower bound, run by run (the first one knows no durations): ${figures.join(", ")}`,
    close: rig.close,
  };
}

function sketch(count: number, behaviour: () => { readonly ms: number }) {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [idOf(index), [[], behaviour()] as const]),
  );
}

function idOf(index: number): string {
  return `t${String(index + 1)}`;
}

/** So many workers of `LANES` lanes in all; their engines share a queue and a store, as on one machine. */
async function openRig(workers: 1 | 2): Promise<{ engine: Engine; close(): Promise<void> }> {
  const server = await startRedis();
  const database = await openDatabase();
  const openBackend = (): Promise<Backend> =>
    redisBackend(server.url, {
      namespace: "bench",
      log: {
        warn: (message: string) => {
          throw new Error(message);
        },
        info: () => undefined,
      },
    });
  const stops: (() => Promise<void>)[] = [() => server.close(), () => database.close()];
  const engines: Engine[] = [];
  for (let count = 0; count < workers; count += 1) {
    const backend = await openBackend();
    const blobs = engines[0] === undefined ? {} : { blobs: engines[0].deps.blobs };
    const lanes = LANES / workers;
    const engine = await openEngine({ pool: database.pool, backend, lanes, ...blobs });
    await engine.startWorkers();
    stops.push(
      () => backend.close(),
      () => engine.close(),
    );
    engines.push(engine);
  }
  const [engine] = engines;
  if (engine === undefined) throw new Error("there is no worker");
  return {
    engine,
    async close() {
      for (const stop of stops.reverse()) await stop();
    },
  };
}

/** The same figures each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
