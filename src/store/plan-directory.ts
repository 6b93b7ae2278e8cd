/** Plans as folders with a plan.yaml and the files it names, and plans given by path. */

import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, parse, resolve } from "node:path";
import { refusal, TurnpikeError, type Problem } from "../core/errors.js";
import { includePlans, plansIncluded } from "../core/include-plans.js";
import { nearest } from "../core/nearest.js";
import { readPlan } from "../core/plan.js";
import type { PlanFolder, PlanSource } from "../core/ports.js";
import { isMissing, readIfThere } from "./file.js";
import { readPlanFiles, type CheckCollection } from "./plan-files.js";
import { readYaml } from "../collections/yaml-document.js";

const PLAN_NAMES: readonly string[] = ["plan.yaml", "plan.yml"];

/** What a plan is held to besides its own rules. */
export interface PlanChecks {
  readonly collection: CheckCollection;
  /** Of the document as a whole, also of one that has other faults. */
  readonly document?: (document: unknown) => Promise<readonly Problem[]>;
}

export function createPlanDirectory(directory: string, checks: PlanChecks): PlanSource {
  const list = async (): Promise<string[]> => {
    const entries = await foldersOf(directory);
    const ids = await Promise.all(
      entries.map(async (id) => ((await planFileIn(join(directory, id))) === null ? null : id)),
    );
    return ids.filter((id) => id !== null).toSorted();
  };
  return {
    list,
    async load(id) {
      // Only what the list holds is looked up, so no id can lead out of the folder.
      const ids = await list();
      const file = ids.includes(id) ? await planFileIn(join(directory, id)) : null;
      if (file !== null) return loadPlan({ id, file, checks });
      const guess = nearest(id, ids);
      const hint = guess === null ? "" : `; did you mean "${guess}"?`;
      throw new TurnpikeError(
        "NOT_FOUND",
        `there is no plan "${id}" in ${directory}; the plans are ${ids.join(", ") || "none"}${hint}`,
      );
    },
  };
}

/** Reads a plan given by the path of its folder or of its yaml file, with the same checks. */
export async function loadPlanFile(path: string, checks: PlanChecks): Promise<PlanFolder> {
  const absolute = resolve(path);
  const file = (await isFolder(absolute)) ? await planFileIn(absolute) : absolute;
  if (file === null || (await isFolder(file)) !== false) {
    throw new TurnpikeError(
      "NOT_FOUND",
      `there is no plan at ${absolute}; give the folder that holds a plan.yaml, or a yaml file`,
    );
  }
  const id = PLAN_NAMES.includes(basename(file)) ? basename(dirname(file)) : parse(file).name;
  return loadPlan({ id, file, checks });
}

/** Every problem at once: those of the document and those of the files it names. */
async function loadPlan(from: {
  readonly id: string;
  readonly file: string;
  readonly checks: PlanChecks;
}): Promise<PlanFolder> {
  const directory = resolve(dirname(from.file));
  const what = `the plan ${join(directory, basename(from.file))}`;
  const bytes = (await readIfThere(from.file)) ?? new Uint8Array();
  const yaml = readYaml(basename(from.file), bytes);
  if (!yaml.ok) throw refusal("INVALID_PLAN", what, yaml.problems);
  const included = await readIncluded(directory, yaml.document);
  const name = basename(from.file);
  const {
    document,
    madeIds,
    problems: faults,
  } = includePlans(yaml.document, { name, ...included });
  const check = readPlan(document, madeIds);
  const found = await readPlanFiles(directory, document, from.checks.collection);
  const problems = [
    ...included.problems,
    ...faults,
    ...(check.ok ? [] : check.problems),
    ...found.problems,
    ...((await from.checks.document?.(document)) ?? []),
  ];
  if (!check.ok || problems.length > 0) throw refusal("INVALID_PLAN", what, problems);
  return { id: from.id, plan: check.plan, directory, files: found.files };
}

/** The raw documents of the plans that are included, directly and through others, by file name. */
async function readIncluded(
  directory: string,
  document: unknown,
): Promise<{ readonly plans: ReadonlyMap<string, unknown>; readonly problems: Problem[] }> {
  const plans = new Map<string, unknown>();
  const problems: Problem[] = [];
  const names = [...plansIncluded(document)];
  const seen = new Set<string>();
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const bytes = await readIfThere(join(directory, name));
    const yaml = readYaml(name, bytes ?? new Uint8Array());
    if (bytes !== null && yaml.ok) {
      plans.set(name, yaml.document);
      names.push(...plansIncluded(yaml.document));
    } else if (bytes === null || yaml.ok) {
      const message = `there is no file "${name}" to include in ${directory}`;
      problems.push({ path: name, message, suggestedAction: "put it there, or correct its name" });
    } else
      problems.push(
        ...yaml.problems.map((fault) => ({ ...fault, path: `${name} ${fault.path}`.trim() })),
      );
  }
  return { plans, problems };
}

async function planFileIn(folder: string): Promise<string | null> {
  for (const name of PLAN_NAMES) {
    const file = join(folder, name);
    if ((await isFolder(file)) === false) return file;
  }
  return null;
}

async function foldersOf(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    const folders = await Promise.all(
      names.map(async (name) => ((await isFolder(join(directory, name))) === true ? name : null)),
    );
    return folders.filter((name) => name !== null);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Null for what is not there. */
async function isFolder(path: string): Promise<boolean | null> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
