/** Opens the folders of plans, collections and environments. */

import { z } from "zod";
import { problemsOfCollection } from "./collections/read-collection.js";
import { environmentDocumentSchema } from "./core/environment.js";
import type { Config } from "./core/config.js";
import { environmentsNamed } from "./core/plan.js";
import type { PlanSource } from "./core/ports.js";
import type { PlanFiles } from "./cli/context.js";
import type { Dependencies } from "./service/dependencies.js";
import { unknownEnvironments } from "./service/find-environments.js";

/** The folders of plans, without an engine. */
export async function openPlans(
  config: Config,
  environments: "checked" | "unchecked",
): Promise<PlanFiles> {
  const { createPlanDirectory, loadPlanFile } = await import("./store/plan-directory.js");
  const known = await openEnvironments(config);
  const checks = {
    collection: problemsOfCollection,
    ...(environments === "checked" && {
      document: (document: unknown) => unknownEnvironments(known, environmentsNamed(document)),
    }),
  };
  return {
    ...createPlanDirectory(config.collectionsDirectory, checks),
    loadPath: (path) => loadPlanFile(path, checks),
  };
}

/** Plans as the service reads them: their environments are judged when a run is asked for. */
export async function openPlanSource(config: Config): Promise<PlanSource> {
  const { createPlanDirectory } = await import("./store/plan-directory.js");
  return createPlanDirectory(config.collectionsDirectory, { collection: problemsOfCollection });
}

export async function openEnvironments(config: Config): Promise<Dependencies["environments"]> {
  const { createDocumentDirectory } = await import("./store/document-directory.js");
  return createDocumentDirectory({
    directory: config.environmentsDirectory,
    suffix: ".postman_environment.json",
    schema: environmentDocumentSchema,
    invalid: "INVALID_ENVIRONMENT",
  });
}

export async function openCollections(config: Config): Promise<Dependencies["collections"]> {
  const { createDocumentDirectory } = await import("./store/document-directory.js");
  return createDocumentDirectory({
    directory: config.collectionsDirectory,
    suffix: ".postman_collection.json",
    schema: z.looseObject({}),
    invalid: "INVALID_COLLECTION",
  });
}
