/** Looks at every part of an installation without starting it. */

import type { Config } from "./core/config.js";
import { found, type Finding } from "./core/finding.js";
import { examineProject } from "./service/examine-project.js";
import { examineSecrets } from "./service/examine-secrets.js";
import { openEnvironments, openPlans, openSecrets, openVault } from "./wire-documents.js";

/** The findings in a fixed order; the parts are asked at once. */
export async function examine(config: Config): Promise<readonly Finding[]> {
  const { redisUrl } = config;
  const { examineDocumentFolder, examineFolder } = await import("./store/examine-folder.js");
  const parts = await Promise.all([
    import("./newman/examine-runtime.js").then(({ examineRuntime }) =>
      examineRuntime(process.version),
    ),
    examineFolder(config.dataDirectory),
    redisUrl === undefined
      ? [found("queue", "embedded in the data directory; redisUrl would put it on Redis")]
      : import("./queue/examine-redis.js").then(({ examineRedis }) => examineRedis(redisUrl)),
    import("./store/examine-shared-store.js").then(({ examineSharedStore }) =>
      examineSharedStore(config),
    ),
    examineDocumentFolder("collections", config.collectionsDirectory),
    examineDocumentFolder("environments", config.environmentsDirectory),
    examineDocuments(config),
    examineSecretsOf(config),
  ]);
  return parts.flat();
}

async function examineDocuments(config: Config): Promise<readonly Finding[]> {
  const { probeTarget } = await import("./newman/target-probe.js");
  return examineProject({
    plans: await openPlans(config, "checked"),
    environments: await openEnvironments(config),
    egress: config.egress,
    health: config.health,
    probe: probeTarget,
  });
}

async function examineSecretsOf(config: Config): Promise<readonly Finding[]> {
  return examineSecrets({
    environments: await openEnvironments(config),
    vault: await openVault(config),
    secrets: await openSecrets(config),
  });
}
