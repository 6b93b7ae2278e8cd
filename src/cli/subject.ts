/** What `turnpike run` is asked to run: a plan by id, a plan by path, or one collection file, which becomes a plan of one task. */

import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { problemsOfNames } from "../collections/exclude-items.js";
import { dataFormatOf, problemsOfIterationData } from "../collections/iteration-data.js";
import { environmentFormatOf, readEnvironmentFile } from "../collections/environment-file.js";
import { problemsOfCollection } from "../collections/read-collection.js";
import { COLLECTION_FILE, planOfCollection } from "../core/collection-plan.js";
import { layerOf, type Layer } from "../core/environment.js";
import { refuse, TurnpikeError } from "../core/errors.js";
import type { ExportName } from "../core/exports.js";
import { nearest } from "../core/nearest.js";
import type { PlanFolder } from "../core/ports.js";
import type { PlanFiles } from "./context.js";

/** Options of a task, as the flags named like Newman's give them. Undefined ones were not given. */
export interface CollectionFlags {
  readonly data?: string | undefined;
  readonly workingDirectory?: string | undefined;
  /** Folders and requests to run, which stand in `task` as well. */
  readonly folders: readonly string[];
  readonly cookieJar: string | undefined;
  readonly exports: readonly ExportName[];
  /** Limit of the collection, or of the whole run of a plan. */
  readonly timeoutMs?: number | undefined;
  readonly task: Readonly<Record<string, unknown>>;
}

/** Loads a plan by the path of its folder or file where there is one, else by id. */
export async function loadPlanByName(files: PlanFiles, name: string): Promise<PlanFolder> {
  const isPath = name.includes("/") || name.endsWith(".yaml") || name.endsWith(".yml");
  return isPath ? files.loadPath(name) : files.load(name);
}

/** Tells a plan from a collection: what is named .json, or is a JSON file, is a collection. */
export async function loadSubject(
  files: PlanFiles,
  name: string,
  flags: CollectionFlags,
): Promise<PlanFolder> {
  const found = await stat(name).catch(() => null);
  const plans = await files.list();
  if (
    !plans.includes(name) &&
    (name.endsWith(".json") || found?.isFile() === true) &&
    !/\.ya?ml$/.test(name)
  ) {
    if (found?.isFile() !== true) throw missingFile("collection", name);
    return loadCollection(name, flags);
  }
  const given = [
    ...Object.keys(flags.task),
    ...(flags.data === undefined ? [] : ["data"]),
    ...(flags.cookieJar === undefined ? [] : ["--cookie-jar"]),
    ...flags.exports.map((name) => `--export-${name}`),
  ];
  if (given.length > 0) {
    throw new TurnpikeError(
      "INVALID_REQUEST",
      `${given.join(", ")} can be set for a single collection only; in a plan they stand with the task`,
    );
  }
  if (found !== null) return limitRun(await files.loadPath(name), flags.timeoutMs);
  if (plans.includes(name) || name.includes("/"))
    return limitRun(await loadPlanByName(files, name), flags.timeoutMs);
  const guess = nearest(name, plans);
  throw new TurnpikeError(
    "NOT_FOUND",
    `"${name}" is neither a plan nor a file; the plans are ${plans.join(", ") || "none"}${guess === null ? "" : `; did you mean "${guess}"?`}`,
  );
}

function limitRun(folder: PlanFolder, timeoutMs: number | undefined): PlanFolder {
  return timeoutMs === undefined ? folder : { ...folder, plan: { ...folder.plan, timeoutMs } };
}

async function loadCollection(path: string, flags: CollectionFlags): Promise<PlanFolder> {
  const content = await readGiven("collection", path);
  refuse("INVALID_COLLECTION", path, problemsOfCollection(content));
  const place = { file: path, path: "--folder", wanted: flags.folders };
  refuse("INVALID_REQUEST", "the command", problemsOfNames(content, place));
  const files = new Map([[COLLECTION_FILE, content]]);
  const data = flags.data === undefined ? null : await readData(flags.data);
  if (data !== null) files.set(data.name, data.bytes);
  const { id, plan } = planOfCollection({
    name: basename(path),
    title: basename(path),
    task: {
      ...(data !== null && { data: data.name }),
      ...(flags.timeoutMs !== undefined && { timeout: `${String(flags.timeoutMs)}ms` }),
      ...flags.task,
    },
  });
  const nodes = plan.nodes.map((node) =>
    node.kind === "task" && flags.exports.length > 0 ? { ...node, exports: flags.exports } : node,
  );
  return { id, plan: { ...plan, nodes }, directory: resolve(flags.workingDirectory ?? "."), files };
}

/** Iteration data under the name it has among the plan's files. */
async function readData(
  path: string,
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const format = dataFormatOf(path);
  const bytes = await readGiven("iteration data", path);
  const text = new TextDecoder().decode(bytes);
  refuse("INVALID_DATA", path, problemsOfIterationData({ format, text }));
  return { name: `data.${format}`, bytes };
}

/** An environment given by path (v2 JSON or v3 YAML); undefined when the text is the name of one. */
export async function readEnvironment(given: string): Promise<Layer | undefined> {
  if (!/\.(json|ya?ml)$/i.test(given) && !given.includes("/")) return undefined;
  const text = new TextDecoder().decode(await readGiven("environment", given));
  const read = readEnvironmentFile(text, environmentFormatOf(given));
  if (!read.ok)
    throw new TurnpikeError("INVALID_ENVIRONMENT", `${given} is not a Postman environment`, {
      problems: read.problems,
    });
  return layerOf(read.document.name ?? basename(given), read.document);
}

export async function readGiven(what: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw missingFile(what, path, cause);
  }
}

function missingFile(what: string, path: string, cause?: unknown): TurnpikeError {
  return new TurnpikeError(
    "NOT_FOUND",
    `the ${what} ${path} cannot be read; check the path (it is relative to ${process.cwd()})`,
    { cause },
  );
}
