/** What a run gets besides its plan: environments, globals, overrides and certificates as they stand now, with their secrets put in. */

import { joinCertificates } from "../core/certificates.js";
import { cleanupNodes } from "../core/cleanup.js";
import { ofType, plainLayer, render, type Layer } from "../core/environment.js";
import type { Plan } from "../core/plan.js";
import type { Dependencies } from "./dependencies.js";
import { readEnvironments, readGlobals } from "./find-environments.js";
import type { Inputs } from "./inputs.js";
import { resolveSecrets } from "./resolve-secrets.js";
import type { SubmitRequest } from "./service.js";

/**
 * Throws INVALID_PLAN for environments that are not there, INVALID_ENVIRONMENT for secrets that are not, and INVALID_CONFIG for
 * certificates that cannot be used. Overrides are
 * taken as they are: whoever triggers a run must not name variables and files of this machine.
 */
export async function gatherInputs(
  deps: Pick<Dependencies, "environments" | "secrets" | "certificates" | "clock">,
  run: {
    readonly id: string;
    readonly plan: Plan;
    readonly files: ReadonlyMap<string, Uint8Array>;
    readonly environment: readonly string[];
    readonly request: Pick<
      SubmitRequest,
      "layers" | "globals" | "globalVariables" | "variables" | "cookieJar" | "certificates"
    >;
  },
): Promise<Inputs> {
  const { request } = run;
  const secrets = resolveSecrets(deps.secrets);
  const resolve = async (layer: Layer): Promise<Inputs["layers"][number]> => {
    const { name, rows } = await secrets.resolve(layer);
    return { name, rows: [...rows] };
  };
  const named = await readEnvironments(deps.environments, run.plan, run.environment);
  const environments: Record<string, Inputs["layers"][number]> = {};
  for (const [name, layer] of Object.entries(named)) environments[name] = await resolve(layer);
  const layers: Inputs["layers"] = [];
  for (const layer of request.layers ?? []) layers.push(await resolve(layer));
  const globals = await resolve({
    name: "globals",
    rows: request.globals ?? (await readGlobals(deps.environments)),
  });
  const configured = await deps.certificates.read(secrets.reveal);
  const certificates = joinCertificates(request.certificates, configured);
  const vault = await secrets.vaultLayer(run.files);
  return {
    runId: run.id,
    ...(cleanupNodes(run.plan.nodes).length > 0 && { ledgerKey: deps.clock.random(52) }),
    environments,
    layers,
    globals: render([
      globals,
      plainLayer("global variables", request.globalVariables ?? {}),
    ]).rows.map(({ key, value, type, secret }) => ({ key, value, ...ofType(type), secret })),
    variables: { ...request.variables },
    ...(request.cookieJar !== undefined && { cookieJar: request.cookieJar }),
    ...(certificates !== undefined && { certificates }),
    vault: { name: vault.name, rows: [...vault.rows] },
    guardedSecrets: secrets.finish().map(({ domains, ...secret }) => ({
      ...secret,
      domains: [...domains],
    })),
  };
}

/** Throws what a run would be refused for, before there is one. */
export async function checkCertificates(
  deps: Pick<Dependencies, "secrets" | "certificates">,
): Promise<void> {
  const secrets = resolveSecrets(deps.secrets);
  await deps.certificates.read(secrets.reveal);
  secrets.finish();
}
