/** Running an ended run again, whole or only what did not pass, as a new run of the same frozen files. */

import { refuse, TurnpikeError } from "../core/errors.js";
import type { Plan } from "../core/plan.js";
import { reusableTasks } from "../core/reuse.js";
import { runId, type Run, type RunStatus } from "../core/run.js";
import { keepWhole } from "../core/shards.js";
import type { Dependencies } from "./dependencies.js";
import { gatherInputs } from "./gather-inputs.js";
import { putInputs } from "./inputs.js";
import type { RerunRequest } from "./service.js";
import { checkLabels } from "./unserved.js";
import { startRun } from "./submit-run.js";
import { takeTurnsAgain } from "./take-turns.js";
import { findRun } from "./view-run.js";

/**
 * Stores the new run and queues it. Plan, collections and data are those of the old run; environments are read anew, since
 * their rows were deleted at its end. For the same reason overrides must be given again: INVALID_REQUEST names those that
 * are missing. CONFLICT while the old run goes on, when nothing of it is left to run, or when its files lie elsewhere.
 */
export async function rerun(
  deps: Pick<
    Dependencies,
    | "store"
    | "blobs"
    | "queue"
    | "turns"
    | "environments"
    | "secrets"
    | "certificates"
    | "bell"
    | "clock"
    | "namespace"
    | "workers"
    | "log"
  >,
  oldId: string,
  request: RerunRequest,
): Promise<RunStatus> {
  const { run: old, end } = await findRun(deps, oldId);
  if (end === null)
    throw new TurnpikeError(
      "CONFLICT",
      `run ${oldId} has not ended; cancel it, or wait for its end`,
    );
  if (old.namespace !== deps.namespace)
    throw new TurnpikeError("CONFLICT", `run ${oldId} belongs to another service; ask that one`);
  refuseMissingOverrides(old, request.variables);
  if (request.only === "failed" && end.verdict === "passed")
    throw new TurnpikeError(
      "CONFLICT",
      `run ${oldId} passed; there is no failed part to run again`,
    );
  const reused =
    request.only === "failed"
      ? reusableTasks(old.plan, await deps.store.outcomes(oldId), oldId)
      : {};
  const id = runId(deps.clock.now(), deps.clock.random(6));
  const files = new Map<string, Uint8Array>();
  for (const [path, hash] of Object.entries(old.files)) files.set(path, await deps.blobs.get(hash));
  const uploads = await Promise.all(Object.values(old.uploads).map((hash) => deps.blobs.get(hash)));
  const { plan, environment } = old;
  await checkLabels(deps, plan);
  const gathered = await gatherInputs(deps, { id, plan, files, environment, request });
  const inputs = await putInputs(deps.blobs, gathered);
  const { run } = await deps.store.createRun({
    ...old,
    id,
    plan: withoutExports(keepWhole(old.plan, reused)),
    inputs,
    createdAt: deps.clock.now(),
    trigger: request.trigger,
    overrides: Object.keys(request.variables).map((name) => `variables.${name}`),
    rerunOf: oldId,
    reused,
    fingerprint: `rerun of ${oldId}`,
    turns: await takeTurnsAgain(deps, old, request.trigger),
  });
  // Once more, now that the run stands: the old one may have been deleted with its files in between.
  await Promise.all([...files.values(), ...uploads].map((bytes) => deps.blobs.put(bytes)));
  await startRun(deps, run);
  return { run, end: null, cancellation: null };
}

/** Nobody waits for what the old caller asked for. */
function withoutExports(plan: Plan): Plan {
  const nodes = plan.nodes.map((node) => {
    if (node.kind === "checkpoint") return node;
    const { exports: _exports, ...rest } = node;
    return rest;
  });
  return { ...plan, nodes };
}

function refuseMissingOverrides(old: Run, given: Readonly<Record<string, string>>): void {
  const again = new Set(Object.keys(given).map((name) => `variables.${name}`));
  refuse(
    "INVALID_REQUEST",
    `the rerun of ${old.id}`,
    old.overrides
      .filter((place) => !again.has(place))
      .map((place) => ({
        path: place,
        message: `run ${old.id} was given it by value, and values are deleted at the end of a run`,
        suggestedAction: place.startsWith("variables.")
          ? "give it again"
          : "submit the run anew; only variables can be given to a rerun",
      })),
  );
}
