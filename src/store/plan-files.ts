/** The files a plan names: read from its folder, never from outside it, and judged before anything runs. */

import { readdir, readFile, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { problemsOfSource } from "../collections/generate-data.js";
import { filesOfPlanData, inTask, readPlanData } from "../collections/plan-data.js";
import { dataFormatOf, problemsOfIterationData } from "../collections/iteration-data.js";
import { problemsOfNames } from "../collections/exclude-items.js";
import { messageOf, type Problem } from "../core/errors.js";
import { taskEntries } from "../core/plan-document.js";
import { nearest } from "../core/nearest.js";
import { hasCode, isMissing } from "./file.js";
import { isJsonObject } from "../core/json-object.js";

/** What is wrong with bytes that should be a Postman collection; no problem means that they are one. */
export type CheckCollection = (bytes: Uint8Array) => readonly Problem[];

export interface PlanFiles {
  /** By the path the plan uses. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly problems: readonly Problem[];
}

const ENDINGS = { collection: /\.json$/i, data: /\.(?:csv|json)$/i, schema: /\.(?:json|ya?ml)$/i };

interface NamedFile {
  readonly place: string;
  readonly kind: "collection" | "data" | "schema";
  readonly path: string;
  /** What the task runs of a collection, and leaves out of it, by its key. */
  readonly parts: readonly { readonly key: string; readonly wanted: readonly string[] }[];
}

/** Takes the raw document, so that a plan with other faults still gets those of its files named. */
export async function readPlanFiles(
  directory: string,
  document: unknown,
  checkCollection: CheckCollection,
): Promise<PlanFiles> {
  const files = new Map<string, Uint8Array>();
  const problems: Problem[] = [];
  for (const named of namedFiles(document)) {
    const bytes = files.get(named.path) ?? (await readInside(directory, named));
    if (!(bytes instanceof Uint8Array)) {
      problems.push(bytes);
      continue;
    }
    files.set(named.path, bytes);
    const faults =
      named.kind === "collection"
        ? checkCollection(bytes)
        : named.kind === "data"
          ? checkData(named, bytes)
          : [];
    problems.push(...faults.map((fault) => atPlace(named, fault)));
    for (const { key, wanted } of faults.length === 0 ? named.parts : []) {
      const path = named.place.replace(/collection$/, key);
      problems.push(...problemsOfNames(bytes, { file: named.path, path, wanted }));
    }
  }
  return { files, problems: problems.concat(problemsOfGenerate(document, files)) };
}

/** What cannot be generated, of those plans whose files are there. The rows themselves are made when a run is accepted. */
function problemsOfGenerate(
  document: unknown,
  files: ReadonlyMap<string, Uint8Array>,
): readonly Problem[] {
  return Object.entries(taskEntries(document)).flatMap(([id, task]) => {
    const generate = generateOf(task);
    if (generate === undefined || filesOfPlanData(generate).some(({ path }) => !files.has(path)))
      return [];
    const read = readPlanData(generate, { files, seed: "plan" });
    const faults = read.ok ? problemsOfSource(read.request) : read.problems;
    return faults.map((fault) => inTask(id, fault));
  });
}

function generateOf(task: unknown): unknown {
  const data = isJsonObject(task) ? task["data"] : undefined;
  return isJsonObject(data) ? data["generate"] : undefined;
}

function namedFiles(document: unknown): NamedFile[] {
  return Object.entries(taskEntries(document)).flatMap(([id, task]) => {
    if (!isJsonObject(task)) return [];
    const rows = isJsonObject(task["matrix"]) ? task["matrix"]["data"] : undefined;
    const named = [
      { place: `tasks.${id}.collection`, kind: "collection", path: task["collection"] },
      { place: `tasks.${id}.data`, kind: "data", path: task["data"] },
      ...(Array.isArray(rows) ? rows : []).map((path: unknown) => ({
        place: `tasks.${id}.matrix.data`,
        kind: "data" as const,
        path,
      })),
      ...filesOfPlanData(generateOf(task)).map(({ place, path }) => ({
        place: `tasks.${id}.data.generate.${place}`,
        kind: "schema" as const,
        path,
      })),
    ] as const;
    return named.flatMap(({ place, kind, path }): NamedFile[] => {
      const keys = kind === "collection" ? ["folder", "exclude"] : [];
      const parts = keys.map((key) => ({ key, wanted: textsOf(task[key]) }));
      return typeof path === "string" && path !== "" ? [{ place, kind, path, parts }] : [];
    });
  });
}

function textsOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((text): text is string => typeof text === "string");
}

async function readInside(directory: string, named: NamedFile): Promise<Uint8Array | Problem> {
  const target = resolve(directory, named.path);
  const outside: Problem = {
    path: named.place,
    message: `"${named.path}" leads out of the plan's folder`,
    suggestedAction: `copy the file into ${directory} and name it by its path in there`,
  };
  if (isAbsolute(named.path) || leaves(directory, target)) return outside;
  try {
    // A link may lead out as well.
    if (leaves(await realpath(directory), await realpath(target))) return outside;
    return await readFile(target);
  } catch (error) {
    if (isMissing(error)) return missing(directory, named);
    if (hasCode(error, "EISDIR")) {
      return { path: named.place, message: `"${named.path}" is a folder, not a file` };
    }
    return { path: named.place, message: `"${named.path}" cannot be read: ${messageOf(error)}` };
  }
}

async function missing(directory: string, named: NamedFile): Promise<Problem> {
  const names = await readdir(directory, { recursive: true });
  const candidates = names
    .map((name) => name.split(sep).join("/"))
    .filter((name) => ENDINGS[named.kind].test(name));
  const guess = nearest(named.path, candidates);
  return {
    path: named.place,
    message: `there is no file "${named.path}" in ${directory}`,
    suggestedAction:
      guess === null ? `put it there, or correct the path` : `did you mean "${guess}"?`,
  };
}

function checkData({ path }: NamedFile, bytes: Uint8Array): readonly Problem[] {
  const text = new TextDecoder().decode(bytes);
  return problemsOfIterationData({ format: dataFormatOf(path), text });
}

function atPlace(named: NamedFile, fault: Problem): Problem {
  const inside = fault.path === "" ? named.path : `${named.path}: ${fault.path}`;
  return { ...fault, path: named.place, message: `${inside}: ${fault.message}` };
}

function leaves(directory: string, target: string): boolean {
  const path = relative(directory, target);
  return path === ".." || path.startsWith(join("..", sep)) || isAbsolute(path);
}
