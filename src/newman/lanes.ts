/** The pool of lanes: as many collections at once as there are lanes, the others wait in the order they came. */

import { NO_COUNTS } from "../core/evidence.js";
import type { CollectionRunner } from "../core/collection-job.js";
import { createLane, type Lane, type LaneOptions, type LaneStatus } from "./lane.js";
import { createSpareChild } from "./spare-child.js";

export interface LanesOptions extends Omit<LaneOptions, "takeChild"> {
  readonly size: number;
  /** So many runs are to come, and hardly more: no process and no sandbox is made ready for others. */
  readonly expectedRuns?: number;
  /** Compiled module of the child; the one beside this file unless a test brings its own. */
  readonly childModule?: URL;
  /** How long after the start of the lanes their spare process is started. */
  readonly spareAfterMs?: number;
}

/** The start of a process takes a second of a core, which belongs to the first runs. */
const FIRST_SPARE_MS = 3_000;

export interface Lanes extends CollectionRunner {
  /** Starts every process that expected runs need, and waits until all are ready; another starts with the first run that takes it. Rejects with NOT_READY when one does not start. */
  start(): Promise<void>;
  /** Kills every process and waits for their ends; runs that are underway or waiting end as stopped. */
  close(): Promise<void>;
  status(): readonly LaneStatus[];
  /** State of the process that is started ahead; null while there is none. */
  spare(): "starting" | "ready" | "gone" | null;
}

/** Sandboxes booted ahead in all lanes together; each takes 50 MB, and saves the first runs of a burst a tenth of a second. */
const STOCK = 8;

/** Sandboxes one of so many lanes keeps booted while it rests: few lanes have more runs of a burst each. With none it boots the first one ahead. */
function sandboxesOf(lanes: number, expectedRuns: number): number {
  const runsOfEach = Math.ceil(expectedRuns / lanes);
  return runsOfEach <= 1 ? 0 : Math.min(4, runsOfEach, Math.max(2, Math.floor(STOCK / lanes)));
}

type Turn = (lane: Lane | null) => void;

export function createLanes(options: LanesOptions): Lanes {
  const childModule = options.childModule ?? new URL("./child.js", import.meta.url);
  const { memoryLimitMb, size, expectedRuns = Number.POSITIVE_INFINITY } = options;
  const sandboxes = sandboxesOf(size, expectedRuns);
  const spare = createSpareChild({ childModule, memoryLimitMb, sandboxes });
  const lanes = Array.from({ length: options.size }, () =>
    createLane({ ...options, takeChild: spare.take }),
  );
  const free = [...lanes];
  const waiting: Turn[] = [];
  let closed = false;
  let brief: Lanes | null = null;
  let briefRuns = 0;

  /** A process without lanes runs no collections of plans, but it cleans up after them: in a lane that is gone when it is done. */
  const runBriefly: CollectionRunner["run"] = async (job, runOptions) => {
    if (closed) return { ended: "stopped", counts: NO_COUNTS };
    brief ??= createLanes({ ...options, size: 1, expectedRuns: 1 });
    const used = brief;
    briefRuns += 1;
    try {
      return await used.run(job, runOptions);
    } finally {
      briefRuns -= 1;
      if (briefRuns === 0) {
        brief = null;
        await used.close();
      }
    }
  };

  /** The next free lane, one that is ready where there is one, or null when the signal is aborted or the pool closed first. */
  const takeLane = (signal: AbortSignal): Promise<Lane | null> => {
    if (closed || signal.aborted) return Promise.resolve(null);
    const lane = free.find((one) => one.status().ready) ?? free[0];
    if (lane !== undefined) {
      free.splice(free.indexOf(lane), 1);
      return Promise.resolve(lane);
    }
    return new Promise((resolve) => {
      const giveUp = (): void => {
        waiting.splice(waiting.indexOf(turn), 1);
        resolve(null);
      };
      const turn: Turn = (given) => {
        signal.removeEventListener("abort", giveUp);
        resolve(given);
      };
      waiting.push(turn);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  };
  const giveBack = (lane: Lane): void => {
    const turn = waiting.shift();
    if (turn === undefined) free.push(lane);
    else turn(lane);
  };
  return {
    async start() {
      await Promise.all(lanes.slice(0, expectedRuns).map((lane) => lane.start()));
      if (!closed && lanes.length > 0 && expectedRuns > size)
        spare.keep(options.spareAfterMs ?? FIRST_SPARE_MS);
    },
    async run(job, runOptions) {
      if (lanes.length === 0) return runBriefly(job, runOptions);
      const lane = await takeLane(runOptions.signal);
      if (lane === null) return { ended: "stopped", counts: NO_COUNTS };
      try {
        return await lane.run(job, runOptions);
      } finally {
        giveBack(lane);
      }
    },
    async close() {
      closed = true;
      for (const turn of waiting.splice(0)) turn(null);
      await Promise.all([...lanes.map((lane) => lane.close()), spare.close(), brief?.close()]);
    },
    status: () => lanes.map((lane) => lane.status()),
    spare: spare.state,
  };
}
