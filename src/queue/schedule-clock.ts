/** Schedules as BullMQ's job schedulers: one job for each tick, kept in the backend, worked on by services only. */

import type { Job } from "bullmq";
import { z } from "zod";
import { messageOf, refusal } from "../core/errors.js";
import type { ScheduleClock, Tick } from "../core/ports.js";
import { timetableSchema, type Schedule } from "../core/timetable.js";
import type { Logger } from "../log.js";
import type { Backend } from "./backend.js";

const SCHEDULE_QUEUE = "schedules";
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
      .map(({ key, template, next }): Schedule => ({
        name: key,
        timetable: timetableSchema.parse(template?.data),
        nextAt: next ?? null,
        last: lastOf(finished.filter(({ repeatJobKey }) => repeatJobKey === key)),
      }))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  };
  return {
    async put(name, timetable) {
      const { cron, timezone } = timetable;
      const template = {
        name: `schedule ${name}`,
        data: timetable,
        opts: {
          attempts: 3,
          backoff: { type: "exponential", delay: 1000 },
          removeOnComplete: KEEP_FINISHED,
          removeOnFail: KEEP_FINISHED,
        },
      };
      await queue
        .upsertJobScheduler(name, { pattern: cron, tz: timezone }, template)
        .catch((error: unknown) => {
          throw refusal("INVALID_REQUEST", `the schedule ${name}`, [
            {
              path: "cron",
              message: `"${cron}" cannot be read: ${messageOf(error)}`,
              suggestedAction: 'write such as "30 4 * * 1-5": minute, hour, day, month, weekday',
            },
          ]);
        });
      return (await find(name)) ?? { name, timetable, nextAt: null, last: null };
    },
    list,
    remove: async (name) => queue.removeJobScheduler(name),
    async start(onTick) {
      worker = backend.createWorker(
        SCHEDULE_QUEUE,
        async (job) => {
          const timetable = timetableSchema.parse(job.data);
          return onTick({ name: job.repeatJobKey ?? job.name, tick: job.id ?? "", timetable });
        },
        { concurrency: 1 },
      );
      worker.on("error", (error) => {
        log.warn({ err: error }, "the clock of schedules reports an error; BullMQ tries again");
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

/** A job's result is the id of the run it started. */
function lastOf(jobs: readonly Job[]): Schedule["last"] {
  const [last] = jobs.toSorted((left, right) => (right.finishedOn ?? 0) - (left.finishedOn ?? 0));
  if (last?.finishedOn === undefined) return null;
  const runId = z.string().safeParse(last.returnvalue);
  return runId.success
    ? { at: last.finishedOn, runId: runId.data, problem: null }
    : { at: last.finishedOn, runId: null, problem: last.failedReason };
}
