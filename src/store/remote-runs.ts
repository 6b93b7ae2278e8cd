/** The run store of a service, as a worker on another machine reaches it. */

import type { z } from "zod";
import {
  PROGRESS_CALL,
  progressAnswerSchema,
  STORE_ANSWERS,
  type StoreCall,
} from "../core/store-messages.js";
import type { RunStore } from "../core/ports.js";
import type { Run } from "../core/run.js";
import type { ServiceLink } from "./service-link.js";

/** A plan may hold many nodes, so only the runs of the moment are kept. */
const MAX_KNOWN_RUNS = 32;

export function createRemoteRunStore(link: ServiceLink): RunStore {
  const ask = async <Answer extends z.ZodType>(
    call: StoreCall | typeof PROGRESS_CALL,
    schema: Answer,
    values: readonly unknown[],
  ): Promise<z.output<Answer>> => {
    const body = JSON.stringify(values.filter((value) => value !== undefined));
    const bytes = await link.ask({ method: "POST", path: `/store/${call}`, body });
    const answer: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return schema.parse(answer);
  };

  /** Runs this worker has read lately: several times for each task only what can change of them is asked. */
  const known = new Map<string, Run>();
  const remember = (run: Run): void => {
    const [oldest] = known.keys();
    if (known.size >= MAX_KNOWN_RUNS && oldest !== undefined) known.delete(oldest);
    known.set(run.id, run);
  };

  return {
    createRun: (run) => ask("createRun", STORE_ANSWERS.createRun, [run]),
    async getRun(runId) {
      const run = known.get(runId);
      if (run !== undefined) {
        const progress = await ask(PROGRESS_CALL, progressAnswerSchema, [runId]);
        return progress === null ? null : { run, ...progress };
      }
      const status = await ask("getRun", STORE_ANSWERS.getRun, [runId]);
      if (status !== null) remember(status.run);
      return status;
    },
    listRuns: (query) => ask("listRuns", STORE_ANSWERS.listRuns, [query]),
    openRuns: () => ask("openRuns", STORE_ANSWERS.openRuns, []),
    recordOutcome: (runId, outcome) =>
      ask("recordOutcome", STORE_ANSWERS.recordOutcome, [runId, outcome]),
    outcomes: (runId, nodes) => ask("outcomes", STORE_ANSWERS.outcomes, [runId, nodes]),
    nextAttempt: (runId, node) => ask("nextAttempt", STORE_ANSWERS.nextAttempt, [runId, node]),
    startedNodes: (runId) => ask("startedNodes", STORE_ANSWERS.startedNodes, [runId]),
    cancelRun: (runId, cancellation) =>
      ask("cancelRun", STORE_ANSWERS.cancelRun, [runId, cancellation]),
    deleteRun: (runId) => ask("deleteRun", STORE_ANSWERS.deleteRun, [runId]),
    pauseRun: (runId, pause) => ask("pauseRun", STORE_ANSWERS.pauseRun, [runId, pause]),
    endRun: (runId, end) => ask("endRun", STORE_ANSWERS.endRun, [runId, end]),
    appendEvents: (runId, events) =>
      ask("appendEvents", STORE_ANSWERS.appendEvents, [runId, events]),
    readEvents: (runId, query) => ask("readEvents", STORE_ANSWERS.readEvents, [runId, query]),
  };
}
