/** Schedules as BullMQ's job schedulers: one job for each tick, kept in the backend, worked on by services only. */

import type { Job } from "bullmq";
import { z } from "zod";
import { messageOf, refusal } from "../core/errors.js";
import type { ScheduleClock, Tick } from "../core/ports.js";
import { timetableSchema, type Schedule, type Timetable } from "../core/timetable.js";
import type { Logger } from "../log.js";
import type { Backend } from "./backend.js";
import { isAway } from "./redis-connection.js";

const SCHEDULE_QUEUE = "schedules";
/** What a tick carries. */
const templateSchema = timetableSchema.extend({ pausedBy: z.string().optional() });
const KEEP_FINISHED = { age: 7 * 86_400, count: 1000 };

export interface BullScheduleClock extends ScheduleClock {
  /** Takes ticks from now on, and starts a run for each; those of a time when nobody did are made up for by one at most. */
  start(onTick: (tick: Tick) => Promise<string>): Promise<void>;
  close(): Promise<void>;
}

export function createScheduleClock(backend: Backend, log: Logger): BullScheduleClock {
  const queue = backend.createQueue(SCHEDULE_QUEUE);
  let worker: ReturnType<Backend["createWorker"]> | undefined;
  const find = async (name: string): Promise<Schedule | undefined> =>
    (await list()).find((schedule) => schedule.name === name);
  const list = async (): Promise<Schedule[]> => {
    const standing = await queue.getJobSchedulers(0, -1, true);
    const finished = await queue.getJobs(["completed", "failed"]);
    return standing
      .map(({ key, template, next }): Schedule => {
        const { pausedBy = null, ...timetable } = templateSchema.parse(template?.data);
        const nextAt = pausedBy === null ? (next ?? null) : null;
        const last = lastOf(finished.filter(({ repeatJobKey }) => repeatJobKey === key));
        return { name: key, timetable, pausedBy, nextAt, last };
      })
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  };
  /** Replaces the tick that waits as well, so that what is written here counts from the next one on. */
  const write = async (
    name: string,
    timetable: Timetable,
    pausedBy: string | null,
  ): Promise<void> => {
    const template = {
      name: `schedule ${name}`,
      data: { ...timetable, ...(pausedBy !== null && { pausedBy }) },
      opts: {
        attempts: 3,
        backoff: { type: "exponential", delay: 1000 },
        removeOnComplete: KEEP_FINISHED,
        removeOnFail: KEEP_FINISHED,
      },
    };
    const { cron, timezone } = timetable;
    await queue.upsertJobScheduler(name, { pattern: cron, tz: timezone }, template);
  };
  /** A change reads a schedule before it writes it, so changes take turns: the last one asked for stands whole. */
  let changes: Promise<unknown> = Promise.resolve();
  const inTurn = <Answer>(change: () => Promise<Answer>): Promise<Answer> => {
    const answer = changes.then(() => backend.reach(change));
    changes = answer.catch(() => undefined);
    return answer;
  };
  const put: ScheduleClock["put"] = async (name, timetable) => {
    const pausedBy = (await find(name))?.pausedBy ?? null;
    await write(name, timetable, pausedBy).catch((error: unknown) => {
      if (isAway(error)) throw error;
      throw refusal("INVALID_REQUEST", `the schedule ${name}`, [
        {
          path: "cron",
          message: `"${timetable.cron}" cannot be read: ${messageOf(error)}`,
          suggestedAction: 'write such as "30 4 * * 1-5": minute, hour, day, month, weekday',
        },
      ]);
    });
    return (await find(name)) ?? { name, timetable, pausedBy, nextAt: null, last: null };
  };
  const pause: ScheduleClock["pause"] = async (name, by) => {
    const standing = await find(name);
    if (standing === undefined || standing.pausedBy !== null) return standing ?? null;
    await write(name, standing.timetable, by);
    return { ...standing, pausedBy: by, nextAt: null };
  };
  const resume: ScheduleClock["resume"] = async (name) => {
    const standing = await find(name);
    if (standing === undefined || standing.pausedBy === null) return standing ?? null;
    await write(name, standing.timetable, null);
    return (await find(name)) ?? null;
  };
  return {
    put: (name, timetable) => inTurn(() => put(name, timetable)),
    list: () => backend.reach(list),
    pause: (name, by) => inTurn(() => pause(name, by)),
    resume: (name) => inTurn(() => resume(name)),
    remove: (name) => inTurn(() => queue.removeJobScheduler(name)),
    async start(onTick) {
      worker = backend.createWorker(
        SCHEDULE_QUEUE,
        async (job) => {
          const { pausedBy, ...timetable } = templateSchema.parse(job.data);
          if (pausedBy !== undefined) return null;
          return onTick({ name: job.repeatJobKey ?? job.name, tick: job.id ?? "", timetable });
        },
        { concurrency: 1 },
      );
      worker.on("error", (error) => {
        const level = isAway(error) ? "debug" : "warn";
        log[level]({ err: error }, "the clock of schedules reports an error; BullMQ tries again");
      });
      worker.on("failed", (job, error) => {
        log.error({ err: error, schedule: job?.name }, "a scheduled run could not be started");
      });
      await worker.waitUntilReady();
    },
    async close() {
      await worker?.close();
      await queue.close();
    },
  };
}

/** A job's result is the id of the run it started, or null where its schedule was paused. */
function lastOf(jobs: readonly Job[]): Schedule["last"] {
  const meant = jobs.filter(
    ({ returnvalue, failedReason }: { returnvalue: unknown; failedReason?: string }) =>
      failedReason !== undefined || typeof returnvalue === "string",
  );
  const [last] = meant.toSorted((left, right) => (right.finishedOn ?? 0) - (left.finishedOn ?? 0));
  if (last?.finishedOn === undefined) return null;
  const runId = z.string().safeParse(last.returnvalue);
  return runId.success
    ? { at: last.finishedOn, runId: runId.data, problem: null }
    : { at: last.finishedOn, runId: null, problem: last.failedReason };
}
