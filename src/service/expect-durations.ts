/** How long the tasks of a plan are thought to take: as in its last runs, or guessed from what their collections hold. */

import { readCollection } from "../collections/read-collection.js";
import type { Expectation } from "../core/forecast.js";
import { durationOf } from "../core/outcome.js";
import type { Plan } from "../core/plan.js";
import type { PlanFolder, RunStore } from "../core/ports.js";

/** Runs of all plans that are looked through, and ended ones of this plan that count. */
const RUNS_SEEN = 200;
const RUNS_COUNTED = 20;
/** A first guess, until there is a run: what booting a sandbox and one small request cost on a plain machine. */
const GUESS_BASE_MS = 300;
const GUESS_REQUEST_MS = 60;

/** The middle of the durations with which each task has passed in the last runs of its plan; a guess where it never has. */
export async function expectDurations(
  { store }: { readonly store: Pick<RunStore, "listRuns" | "outcomes"> },
  folder: PlanFolder,
): Promise<ReadonlyMap<string, Expectation>> {
  const { plan } = folder;
  const seen = await store.listRuns({ limit: RUNS_SEEN });
  const own = seen.filter(({ run, end }) => end !== null && run.plan.name === plan.name);
  const durations = new Map<string, number[]>();
  for (const { run } of own.slice(0, RUNS_COUNTED)) {
    for (const outcome of (await store.outcomes(run.id)).values()) {
      if (outcome.status !== "passed" || outcome.startedAt === null) continue;
      durations.set(outcome.node, [...(durations.get(outcome.node) ?? []), durationOf(outcome)]);
    }
  }
  const guesses = guessDurations(folder);
  return new Map(
    tasksOf(plan).map((id) => {
      const known = durations.get(id) ?? [];
      const guess = guesses.get(id) ?? { durationMs: 0, samples: 0 };
      return [
        id,
        known.length === 0 ? guess : { durationMs: middleOf(known), samples: known.length },
      ];
    }),
  );
}

/** Guesses alone, where no history is at hand. */
export function guessDurations({ plan, files }: PlanFolder): ReadonlyMap<string, Expectation> {
  return new Map(
    plan.nodes.flatMap((node) => {
      if (node.kind !== "task") return [];
      const read = readCollection(files.get(node.collection));
      const requests = (read.ok ? read.summary.requests : 0) * (node.iterations ?? 1);
      const durationMs = GUESS_BASE_MS + GUESS_REQUEST_MS * requests;
      return [[node.id, { durationMs, samples: 0 }] as const];
    }),
  );
}

function tasksOf({ nodes }: Plan): readonly string[] {
  return nodes.filter(({ kind }) => kind === "task").map(({ id }) => id);
}

function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
