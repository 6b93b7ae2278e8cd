/** What `turnpike doctor` says of secrets: does the vault open, and does every reference of an environment lead somewhere. No value is shown. */

import { layerOf } from "../core/environment.js";
import { formatProblem, TurnpikeError } from "../core/errors.js";
import { failed, found, warned, type Finding } from "../core/finding.js";
import type { EnvironmentStore, SecretSource, Vault } from "../core/ports.js";
import { referencesIn } from "../core/secret-reference.js";
import { resolveSecrets } from "./resolve-secrets.js";

export async function examineSecrets(deps: {
  readonly environments: EnvironmentStore;
  readonly vault: Vault;
  readonly secrets: SecretSource;
}): Promise<readonly Finding[]> {
  return [...(await examineVault(deps.vault)), ...(await examineReferences(deps))];
}

/** Nothing where the vault is empty. A fault all its secrets share, such as a missing key, is said once. */
async function examineVault(vault: Vault): Promise<readonly Finding[]> {
  const faults = new Set<string>();
  let count = 0;
  const attempt = async (read: () => Promise<void>): Promise<void> => {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof TurnpikeError)) throw error;
      faults.add(error.message);
    }
  };
  await attempt(async () => {
    for (const { name } of await vault.list()) {
      count += 1;
      await attempt(async () => void (await vault.get(name)));
    }
  });
  if (faults.size > 0)
    return [...faults].map((fault) => failed("vault", ...whatAndRemedy(fault, "restore its key")));
  return count === 0 ? [] : [found("vault", `${String(count)} secrets, all can be decrypted`)];
}

/** A warning, because a run started elsewhere may have other variables and files than this command. */
async function examineReferences({
  environments,
  secrets,
}: {
  readonly environments: EnvironmentStore;
  readonly secrets: SecretSource;
}): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { name } of await environments.list()) {
    // One that is broken has a finding of its own.
    const read = await environments.get(name).catch(() => null);
    if (read === null) continue;
    const layer = layerOf(name, read.document);
    const count = layer.rows.flatMap(({ value }) =>
      typeof value === "string" ? referencesIn(value) : [],
    ).length;
    if (count === 0) continue;
    const resolver = resolveSecrets(secrets);
    await resolver.resolve(layer);
    const part = `secrets of ${name}`;
    try {
      resolver.finish();
      findings.push(found(part, `${String(count)} references, all lead to a value`));
    } catch (error) {
      if (!(error instanceof TurnpikeError)) throw error;
      for (const problem of error.problems) {
        const remedy = "provide it, or correct the reference";
        findings.push(warned(part, ...whatAndRemedy(formatProblem(problem), remedy)));
      }
    }
  }
  return findings;
}

/** Messages name the remedy after a semicolon. */
function whatAndRemedy(message: string, otherwise: string): [string, string] {
  const [what = "", ...remedy] = message.split("; ");
  return [what, remedy.length === 0 ? otherwise : remedy.join("; ")];
}
