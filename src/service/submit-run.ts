/** Accepting a run: everything is checked and frozen before anything is queued. */

import { createHash } from "node:crypto";
import { readCollection } from "../collections/read-collection.js";
import { uploadPaths } from "../collections/upload-paths.js";
import { COLLECTION_FILE, planOfCollection } from "../core/collection-plan.js";
import { TurnpikeError } from "../core/errors.js";
import { flowShape, RUN_NODE } from "../core/flow.js";
import type { PlanFolder } from "../core/ports.js";
import { deadlineOf, placeOfLayer, runId, type Run, type RunStatus } from "../core/run.js";
import type { Dependencies } from "./dependencies.js";
import { checkLabels } from "./unserved.js";
import { checkVariables } from "./check-variables.js";
import { generatePlanData } from "./generate-plan-data.js";
import { gatherInputs } from "./gather-inputs.js";
import { putInputs } from "./inputs.js";
import { notFound } from "./not-found.js";
import { appendEvents } from "./record.js";
import type { Subject, SubmitRequest } from "./service.js";
import { readChoice } from "./find-environments.js";
import { supersedeOlder } from "./supersede-runs.js";
import { settlePlan } from "./settle-plan.js";
import { splitTasks } from "./split-tasks.js";
import { takeTurns } from "./take-turns.js";

type SubmitDependencies = Pick<
  Dependencies,
  | "store"
  | "blobs"
  | "queue"
  | "turns"
  | "plans"
  | "environments"
  | "chosenEnvironment"
  | "secrets"
  | "certificates"
  | "collections"
  | "collectionsDirectory"
  | "uploads"
  | "bell"
  | "clock"
  | "namespace"
  | "workers"
  | "log"
  | "egress"
  | "health"
  | "sweep"
>;

/**
 * Stores a run and queues its flow. With an idempotency key the same request again answers the same run, and another
 * request IDEMPOTENCY_MISMATCH. Throws INVALID_PLAN, INVALID_ENVIRONMENT or NOT_FOUND before anything is written.
 */
export async function submitRun(
  deps: SubmitDependencies,
  request: SubmitRequest,
): Promise<{ readonly status: RunStatus; readonly created: boolean }> {
  const found = withAllowances(await findSubject(deps, request.subject), request);
  const environment =
    request.environment === undefined
      ? ((await readChoice(deps)) ?? found.plan.environment)
      : (request.environment ?? []);
  const id = newRunId(deps.clock, request.idempotencyKey);
  const fingerprint = fingerprintOf(found, environment, request);
  const standing = request.idempotencyKey === undefined ? null : await deps.store.getRun(id);
  if (standing !== null) return repeat(deps, standing, request, fingerprint);

  const folder = generatePlanData(found, id);
  const { plan, files: content } = folder;
  await checkLabels(deps, plan);
  const gathered = await gatherInputs(deps, { id, plan, files: content, environment, request });
  checkVariables({ plan, files: content, environment, inputs: gathered });
  const files = await storeFiles(deps, content);
  const uploaded = await findUploads(deps, folder);
  const uploads = await storeFiles(deps, uploaded);
  const inputs = await putInputs(deps.blobs, gathered);
  const timeoutMs = request.timeoutMs ?? folder.plan.timeoutMs;
  const stored: Run = {
    id,
    plan: settlePlan(deps, await splitTasks(deps, folder, { ...gathered, environment }), {
      environment,
      files: content,
    }),
    workingDirectory: folder.directory,
    files,
    uploads,
    environment,
    inputs,
    createdAt: deps.clock.now(),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    namespace: deps.namespace,
    trigger: request.trigger,
    branch: request.branch ?? null,
    commit: request.commit ?? null,
    labels: request.labels ?? {},
    overrides: overridesOf(request),
    rerunOf: null,
    reused: {},
    fingerprint,
    turns: await takeTurns(deps, folder, request.trigger),
    ...(request.parallel !== undefined && { parallel: request.parallel }),
  };
  const { run, created } = await deps.store.createRun(stored);
  // Of two at once one is stored: nobody would ever delete the secrets of the other.
  if (!created && run.inputs !== inputs) await deps.blobs.delete(inputs);
  if (!created) return repeat(deps, { run, end: null, cancellation: null }, request, fingerprint);
  // Once more, now that the run stands: files that an older run used may have been deleted with it in between.
  await storeFiles(deps, content);
  await storeFiles(deps, uploaded);
  await startRun(deps, run);
  if (request.supersede !== undefined) await supersedeOlder(deps, run);
  return { status: { run, end: null, cancellation: null }, created: true };
}

/** Tells followers of a run that has just been stored, and queues its flow. */
export async function startRun(
  deps: Pick<Dependencies, "store" | "bell" | "queue" | "clock">,
  run: Run,
): Promise<void> {
  await appendEvents(deps, run.id, [
    {
      type: "run.accepted",
      at: run.createdAt,
      plan: run.plan.name,
      title: run.plan.title,
      nodes: run.plan.nodes.map((node) => node.id),
    },
  ]);
  if (run.timeoutMs !== undefined) {
    const leftMs = Math.max(0, deadlineOf(run) - deps.clock.now());
    await deps.queue.setDeadline(run.id, RUN_NODE, leftMs);
  }
  await deps.queue.submit(run.id, flowShape(run.plan, run.turns));
}

/** What was given by value, as places: a repetition has to be given it again. */
function overridesOf({
  variables,
  globalVariables,
  layers,
  cookieJar,
  certificates,
}: SubmitRequest): string[] {
  return [
    ...Object.keys(variables ?? {}).map((name) => `variables.${name}`),
    ...Object.keys(globalVariables ?? {}).map((name) => `globals.${name}`),
    ...(layers ?? []).map(({ name }) => placeOfLayer(name)),
    ...(cookieJar === undefined ? [] : ["the cookie jar"]),
    ...(certificates === undefined ? [] : ["the certificates"]),
  ];
}

async function repeat(
  deps: Pick<Dependencies, "queue" | "store" | "bell" | "clock" | "namespace">,
  standing: RunStatus,
  request: Pick<SubmitRequest, "supersede">,
  fingerprint: string,
): Promise<{ status: RunStatus; created: boolean }> {
  if (standing.run.fingerprint !== fingerprint) {
    throw new TurnpikeError(
      "IDEMPOTENCY_MISMATCH",
      `this Idempotency-Key belongs to run ${standing.run.id}, which was asked for something else; use a new key`,
    );
  }
  // The first submission may have died on its way; a flow that is there already is left alone, and so are cancelled runs.
  if (standing.end === null) {
    const { run } = standing;
    await deps.queue.submit(run.id, flowShape(run.plan, run.turns));
    if (request.supersede !== undefined) await supersedeOlder(deps, standing.run);
  }
  return { status: standing, created: false };
}

async function findSubject(
  deps: Pick<Dependencies, "plans" | "collections" | "collectionsDirectory">,
  subject: Subject,
): Promise<PlanFolder> {
  switch (subject.kind) {
    case "folder":
      return subject.folder;
    case "plan":
      return deps.plans.load(subject.id);
    case "collection": {
      const found = await deps.collections.get(subject.name);
      if (found !== null) return singleCollection(deps, subject.name, found.document);
      const known = (await deps.collections.list()).map(({ name }) => name);
      throw notFound("collection", subject.name, known);
    }
  }
}

/** The plan with what the request allows every task. */
function withAllowances(folder: PlanFolder, request: SubmitRequest): PlanFolder {
  if (request.allowUnresolved !== true) return folder;
  const nodes = folder.plan.nodes.map((node) =>
    node.kind === "task" ? { ...node, allowUnresolved: true } : node,
  );
  return { ...folder, plan: { ...folder.plan, nodes } };
}

/** A plan of one task around one collection kept by the service. */
function singleCollection(
  { collectionsDirectory }: Pick<Dependencies, "collectionsDirectory">,
  name: string,
  document: unknown,
): PlanFolder {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  const files = new Map([[COLLECTION_FILE, bytes]]);
  return { ...planOfCollection({ name, title: name }), directory: collectionsDirectory, files };
}

async function storeFiles(
  { blobs }: Pick<Dependencies, "blobs">,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Readonly<Record<string, string>>> {
  const stored = [...files].map(async ([path, bytes]) => [path, await blobs.put(bytes)] as const);
  return Object.fromEntries(await Promise.all(stored));
}

/** What the collections of the plan upload, as it stands now: a worker elsewhere must find the same. */
async function findUploads(
  { uploads }: Pick<Dependencies, "uploads">,
  { plan, directory, files }: PlanFolder,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const paths = plan.nodes.flatMap((node) => {
    const collection = node.kind === "task" ? files.get(node.collection) : undefined;
    const read = readCollection(collection);
    return read.ok ? uploadPaths(read.collection) : [];
  });
  return paths.length === 0 ? new Map() : uploads.find(directory, [...new Set(paths)]);
}

/** A key decides the id, so that the same submission finds the run it made, whichever process takes it. */
function newRunId(clock: Dependencies["clock"], idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return runId(clock.now(), clock.random(6));
  return `k${createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 20)}`;
}

function fingerprintOf(
  folder: PlanFolder,
  environment: readonly string[],
  request: SubmitRequest,
): string {
  const hash = createHash("sha256");
  hash.update(
    JSON.stringify([
      folder.id,
      environment,
      request.parallel ?? null,
      request.variables ?? {},
      request.layers ?? [],
      request.globals ?? [],
      request.branch ?? null,
      request.commit ?? null,
      request.labels ?? {},
      request.globalVariables ?? {},
      ...(request.timeoutMs === undefined ? [] : [request.timeoutMs]),
      ...(request.cookieJar === undefined ? [] : [request.cookieJar]),
      ...(request.certificates === undefined ? [] : [request.certificates]),
      request.allowUnresolved ?? false,
    ]),
  );
  return hash.digest("hex");
}
