/** Looking at runs: one, many, and the report. */

import { TurnpikeError } from "../core/errors.js";
import type { RunEvent } from "../core/event.js";
import { nearest } from "../core/nearest.js";
import type { RunStatus } from "../core/run.js";
import type { RunQuery } from "../core/run-query.js";
import { isShard, taskOf } from "../core/shards.js";
import { buildReport, type RunReport } from "../reports/report.js";
import type { Dependencies } from "./dependencies.js";
import type { RunView } from "./service.js";

type ReadDependencies = Pick<Dependencies, "store">;

/** How many events one read of the store brings. */
const PAGE_SIZE = 500;
/** Of so many runs, the newest ones, an id that is none may be a misspelt one. */
const GUESSED_FROM = 100;

/** NOT_FOUND for an unknown id. */
export async function findRun({ store }: ReadDependencies, runId: string): Promise<RunStatus> {
  const status = await store.getRun(runId);
  if (status !== null) return status;
  const lately = (await store.listRuns({ limit: GUESSED_FROM })).map(({ run }) => run.id);
  const guess = nearest(runId, lately);
  const hint = guess === null ? "" : `; did you mean "${guess}"?`;
  throw new TurnpikeError("NOT_FOUND", `no run has the id "${runId}"${hint}`);
}

export async function viewRun(deps: ReadDependencies, runId: string): Promise<RunView> {
  return withOutcomes(deps, await findRun(deps, runId));
}

export async function listRuns(
  deps: ReadDependencies,
  query: RunQuery,
): Promise<readonly RunView[]> {
  const runs = await deps.store.listRuns(query);
  return Promise.all(runs.map((status) => withOutcomes(deps, status)));
}

export async function reportRun(deps: ReadDependencies, runId: string): Promise<RunReport> {
  const status = await findRun(deps, runId);
  const outcomes = await deps.store.outcomes(runId);
  return buildReport({ ...status, outcomes, events: await allEvents(deps, runId) });
}

async function withOutcomes(deps: ReadDependencies, status: RunStatus): Promise<RunView> {
  const { run, end } = status;
  // Shards are seen in reports; here their tasks stand for them.
  const outcomes = new Map(
    [...(await deps.store.outcomes(run.id))].filter(([node]) => !isShard(node)),
  );
  if (end !== null) return { ...status, outcomes, active: [] };
  const started = new Set((await deps.store.startedNodes(run.id)).map(taskOf));
  return { ...status, outcomes, active: [...started].filter((node) => !outcomes.has(node)) };
}

/** Every event of a run, in order. */
export async function allEvents({ store }: ReadDependencies, runId: string): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.readEvents(runId, {
      limit: PAGE_SIZE,
      ...(after === undefined ? {} : { after }),
    });
    events.push(...page.map(({ event }) => event));
    if (page.length < PAGE_SIZE) return events;
    after = page.at(-1)?.id;
  }
}
