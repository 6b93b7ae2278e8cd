/** Where referred secrets come from: variables and files of this machine, as far as they are released, and the vault. */

import { readFile, realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { TurnpikeError } from "../core/errors.js";
import type { SecretSource, Vault } from "../core/ports.js";
import { matchesAny } from "../core/name-pattern.js";

/** Whoever can write an environment can ask for these, so nothing is released by itself. */
export function createSecretSource(options: {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Names of variables that may be read; `*` stands for any characters. */
  readonly releasedVariables: readonly string[];
  /** Folder whose files may be read. */
  readonly directory: string;
  readonly vault: Vault;
}): SecretSource {
  const { variables, releasedVariables, directory, vault } = options;
  return {
    async read({ source, name }) {
      switch (source) {
        case "env":
          return { value: readVariable(name, { variables, releasedVariables }), domains: null };
        case "file":
          return { value: await readSecretFile(directory, name), domains: null };
        case "vault":
          return vault.get(name);
      }
    },
  };
}

function readVariable(
  name: string,
  from: {
    readonly variables: Readonly<Record<string, string | undefined>>;
    readonly releasedVariables: readonly string[];
  },
): string {
  if (!matchesAny(from.releasedVariables, name))
    throw new TurnpikeError(
      "NOT_FOUND",
      `the variable ${name} is not released to environments; name it in secretVariables`,
    );
  const value = from.variables[name];
  if (value === undefined || value === "")
    throw new TurnpikeError("NOT_FOUND", `the variable ${name} is not set where Turnpike runs`);
  return value;
}

/** Without the line break that editors leave at the end. Links do not lead out of the folder. */
async function readSecretFile(directory: string, name: string): Promise<string> {
  try {
    const inside = await realpath(resolve(directory));
    const path = await realpath(resolve(inside, name));
    if (!path.startsWith(inside + sep))
      throw new TurnpikeError(
        "NOT_FOUND",
        `the file is not in ${directory}, the only folder secrets are read from (secretsDirectory)`,
      );
    return (await readFile(path, "utf8")).replace(/\r?\n$/, "");
  } catch (cause) {
    if (cause instanceof TurnpikeError) throw cause;
    throw new TurnpikeError("NOT_FOUND", `${directory}${sep}${name} cannot be read; create it`, {
      cause,
    });
  }
}
