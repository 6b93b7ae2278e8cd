/** Opens the folders of plans, collections and environments, and finds who uses the data directory. */

import { z } from "zod";
import { ENVIRONMENT_FILES } from "./collections/environment-file.js";
import { jsonFileKind, plainJson } from "./collections/json-file.js";
import { problemsOfCollection, readCollection } from "./collections/read-collection.js";
import type { Config } from "./core/config.js";
import { environmentsNamed } from "./core/plan.js";
import type { PlanSource, SecretSource, Vault } from "./core/ports.js";
import type { EnvironmentFiles, PlanFiles } from "./cli/context.js";
import type { Dependencies } from "./service/dependencies.js";
import { createEnvironmentManager } from "./service/environment-manager.js";
import { variablesUsed } from "./service/variables-used.js";
import { unknownEnvironments } from "./service/find-environments.js";

/** Where the process that holds the data directory listens. */
export async function findService({ dataDirectory }: Config): Promise<string | null> {
  const { findHolder } = await import("./store/data-directory.js");
  return (await findHolder(dataDirectory))?.url ?? null;
}

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
    formats: ENVIRONMENT_FILES,
    invalid: "INVALID_ENVIRONMENT",
  });
}

export async function openChosenEnvironment(
  config: Config,
): Promise<Dependencies["chosenEnvironment"]> {
  const { createChosenEnvironment } = await import("./store/chosen-environment.js");
  return createChosenEnvironment(config.environmentsDirectory);
}

export async function openVault(config: Config): Promise<Vault> {
  const vault = await import("./store/vault.js");
  return vault.openVault({ path: config.vaultFile, key: config.vaultKey });
}

export async function openSecrets(config: Config): Promise<SecretSource> {
  const { createSecretSource } = await import("./store/secret-source.js");
  return createSecretSource({
    variables: process.env,
    releasedVariables: config.secretVariables,
    directory: config.secretsDirectory,
    vault: await openVault(config),
  });
}

/** The folder of environments, without an engine. */
export async function openEnvironmentFiles(config: Config): Promise<EnvironmentFiles> {
  const environments = await openEnvironments(config);
  const manager = createEnvironmentManager({
    environments,
    chosenEnvironment: await openChosenEnvironment(config),
    usage: async () =>
      variablesUsed({
        plans: await openPlanSource(config),
        collections: await openCollections(config),
      }),
  });
  return { environments, manager };
}

export async function openCollections(config: Config): Promise<Dependencies["collections"]> {
  const { createDocumentDirectory } = await import("./store/document-directory.js");
  const exported = jsonFileKind(".postman_collection.json", z.looseObject({}));
  return createDocumentDirectory({
    directory: config.collectionsDirectory,
    formats: [exported, plainJson(exported, (document) => readCollection(document).ok)],
    invalid: "INVALID_COLLECTION",
  });
}
