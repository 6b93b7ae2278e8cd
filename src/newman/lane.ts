/** A lane: one warm child process that runs one collection at a time, and is replaced when it dies or has run enough. */

import { NO_COUNTS, type Counts } from "../core/evidence.js";
import { TurnpikeError } from "../core/errors.js";
import { ENDLESS_LEASE } from "../core/lease.js";
import { monotonicMs } from "../monotonic-clock.js";
import type { CollectionResult, CollectionRunner } from "../core/collection-job.js";
import type { Child } from "./child-process.js";
import { toJobMessage, type JobMessage } from "./messages.js";

const MB = 1_048_576;
/** A small part of what a lease lasts after each renewal. */
const TELL_LEASE_MS = 500;

export interface LaneOptions {
  /** A process of the lane's own from now on, be it ready or still starting. */
  readonly takeChild: () => Child;
  /** A process that holds more after a run is replaced. */
  readonly memoryLimitMb: number;
  /** Runs after which the lane gets a fresh process. */
  readonly recycleAfterRuns: number;
  /** Response bodies over this size fail their request. */
  readonly maxResponseMb: number;
  readonly log: {
    debug(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

export interface LaneStatus {
  /** Of the current process; null while there is none. */
  readonly pid: number | null;
  /** Whether it can take a run without a start. */
  readonly ready: boolean;
  readonly busy: boolean;
  /** Runs the current process has finished. */
  readonly runs: number;
}

export interface Lane extends CollectionRunner {
  /** Starts the process if there is none, and waits until it is ready. Rejects with NOT_READY when it dies before. */
  start(): Promise<void>;
  status(): LaneStatus;
  /** Kills the process and waits for its end; a run that is underway ends as stopped. */
  close(): Promise<void>;
}

type RunOptions = Parameters<CollectionRunner["run"]>[1];

/** `run` must not be called again before it has answered. */
export function createLane(options: LaneOptions): Lane {
  const { log, memoryLimitMb, recycleAfterRuns, maxResponseMb, takeChild } = options;
  let child: Child | null = null;
  let runs = 0;
  let busy = false;
  let closed = false;
  /** True from the abort of a run until its process is gone: that death is no accident. */
  let stopping = false;
  const isClosed = (): boolean => closed;

  const current = (): Child => (child === null || child.state() === "gone" ? replace() : child);
  const replace = (): Child => {
    const fresh = takeChild();
    child = fresh;
    runs = 0;
    stopping = false;
    let wasReady = false;
    void fresh.ready.then((warning) => {
      wasReady = true;
      if (warning !== null) log.warn({ pid: fresh.pid }, warning);
    });
    void fresh.gone.then((cause) => {
      if (closed || child !== fresh) return;
      // The cause of a run's death may quote what its scripts handled; its outcome tells it, masked.
      const fields = busy ? { pid: fresh.pid } : { pid: fresh.pid, cause };
      const wasStopped = stopping;
      if (!wasStopped) log.warn(fields, "the process of a lane has died");
      stopping = false;
      // A process that died before it was ready would only die again; the next run tries anew.
      if (wasReady || wasStopped) replace();
    });
    return fresh;
  };
  return {
    async start() {
      const starting = current();
      const cause = await Promise.race([starting.ready.then(() => null), starting.gone]);
      if (cause !== null)
        throw new TurnpikeError("NOT_READY", `Newman's process does not start: ${cause}`);
    },
    status: () => ({
      pid: child === null || child.state() === "gone" ? null : (child.pid ?? null),
      ready: child?.state() === "ready",
      busy,
      runs,
    }),
    async run(job, runOptions) {
      if (isClosed() || runOptions.signal.aborted) return { ended: "stopped", counts: NO_COUNTS };
      busy = true;
      let here = current();
      const onStop = (): void => {
        // Where it has ended by itself, another one stands in its place already.
        stopping = child === here;
        here.kill();
      };
      runOptions.signal.addEventListener("abort", onStop, { once: true });
      const message = toJobMessage(job, { maxResponseBytes: maxResponseMb * MB });
      let end = await runIn(here, message, runOptions);
      if (end.isUntouched && !isClosed()) {
        here = current();
        end = await runIn(here, message, runOptions);
      }
      const { result, residentBytes } = end;
      runOptions.signal.removeEventListener("abort", onStop);
      busy = false;
      if (result.ended === "crashed" && isClosed())
        return { ended: "stopped", counts: result.counts };
      if (result.ended !== "finished") return result;
      runs++;
      // A run that broke may end once more, in the middle of the next one.
      const isUsedUp = result.runError !== null || runs >= recycleAfterRuns;
      if (!isClosed() && (isUsedUp || residentBytes > memoryLimitMb * MB)) {
        log.debug({ pid: here.pid, runs, residentBytes }, "a lane gets a fresh process");
        replace();
        here.kill();
      }
      return result;
    },
    async close() {
      closed = true;
      child?.kill();
      await child?.gone;
    },
  };
}

interface RunEnd {
  readonly result: CollectionResult;
  readonly residentBytes: number;
  /** The process was ready and died before the job reached it: nothing was sent, another process can run it. */
  readonly isUntouched: boolean;
}

/** Sends the job to a child and waits for its end or the child's, whichever comes; whoever aborts the signal also kills the child. */
function runIn(
  child: Child,
  job: JobMessage,
  { signal, lease = ENDLESS_LEASE, onRecords, takeTurn = () => Promise.resolve(0) }: RunOptions,
): Promise<RunEnd> {
  let counts: Counts = NO_COUNTS;
  let isTaken = false;
  let toldEndMs = lease.endsAtMs();
  const tellLease = (): number | null => {
    toldEndMs = lease.endsAtMs();
    return Number.isFinite(toldEndMs) ? toldEndMs : null;
  };
  const telling = setInterval(() => {
    if (isTaken && lease.endsAtMs() !== toldEndMs)
      child.send({ type: "lease", leaseEndsAtMs: tellLease() });
  }, TELL_LEASE_MS);
  return new Promise<RunEnd>((resolve) => {
    child.listen((message) => {
      if (message.type === "taken") {
        isTaken = true;
        return;
      }
      if (message.type === "turn") {
        const { turn, host } = message;
        void takeTurn(host).then((waitMs) => child.send({ type: "go", turn, waitMs }));
        return;
      }
      counts = message.counts;
      if (message.type === "records") onRecords(message.records);
      // A run whose end crosses its stop on the way was stopped: the kill is underway, and what comes after it is not to be trusted.
      else if (!signal.aborted) {
        const { assertionsSkipped, failures, runError, residentBytes } = message;
        const { outputs, exports } = message;
        resolve({
          result: {
            ended: "finished",
            counts,
            assertionsSkipped,
            failures,
            runError,
            outputs,
            exports,
          },
          residentBytes,
          isUntouched: false,
        });
      }
    });
    let wasReady = false;
    // Only when the process is gone can nothing reach the target any more.
    void child.gone.then((cause) => {
      // It has stopped by itself, or could not be told any more: whatever it was, somebody else may run the same by now.
      if (isTaken && monotonicMs() >= toldEndMs) lease.giveUp();
      resolve({
        result: signal.aborted ? { ended: "stopped", counts } : { ended: "crashed", cause, counts },
        residentBytes: 0,
        isUntouched: wasReady && !isTaken && !signal.aborted,
      });
    });
    void child.ready.then(() => {
      wasReady = true;
      if (!signal.aborted) child.send({ type: "run", job, leaseEndsAtMs: tellLease() });
    });
  }).finally(() => {
    clearInterval(telling);
    child.listen(() => undefined);
  });
}
