/** Reads the configuration from turnpike.yaml, the environment variables and the flags, in that order; the later one wins. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import { CONFIG_KEYS, keyNames, type Config, type ConfigValue } from "./core/config.js";
import { refusal, refuse, TurnpikeError } from "./core/errors.js";
import { resolveConfig, type ConfigSource } from "./core/resolve-config.js";

const DEFAULT_FILE = "turnpike.yaml";
const VARIABLE_PREFIX = "TURNPIKE_";

export interface LoadedConfig {
  readonly config: Config;
  readonly values: readonly ConfigValue[];
}

/**
 * Loads the configuration. `file` names another file than ./turnpike.yaml, which may be missing; a named one may not.
 * Throws INVALID_CONFIG with every problem of every source.
 */
export function loadConfig(from: {
  readonly variables: NodeJS.ProcessEnv;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly file?: string;
}): LoadedConfig {
  const sources = [
    fileSource(from.file),
    variablesSource(from.variables),
    { name: "flags", values: from.flags, label: flagOf },
  ];
  const check = resolveConfig(sources);
  if (check.ok) return check;
  throw refusal("INVALID_CONFIG", "the configuration", check.problems);
}

function fileSource(named: string | undefined): ConfigSource {
  const path = resolve(named ?? DEFAULT_FILE);
  const name = named ?? DEFAULT_FILE;
  const text = readText(path, named !== undefined);
  const document = parseDocument(text);
  refuse(
    "INVALID_CONFIG",
    name,
    document.errors.map((error) => ({ path: name, message: error.message })),
  );
  const values: unknown = document.toJS() ?? {};
  if (typeof values !== "object" || Array.isArray(values)) {
    throw new TurnpikeError(
      "INVALID_CONFIG",
      `${name} must hold keys and values, such as "port: 4848"`,
    );
  }
  return { name, values: { ...values }, label: (key) => key };
}

function readText(path: string, mustExist: boolean): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (!mustExist && cause instanceof Error && "code" in cause && cause.code === "ENOENT")
      return "";
    throw new TurnpikeError(
      "INVALID_CONFIG",
      `cannot read ${path}; check the path given with --config`,
      { cause },
    );
  }
}

/** Every variable that begins with TURNPIKE_ must be known, so that a misspelt one is not silently without effect. */
function variablesSource(variables: NodeJS.ProcessEnv): ConfigSource {
  const byVariable = new Map<string, string>(
    keyNames().map((key) => [CONFIG_KEYS[key].variable, key]),
  );
  const values: Record<string, string> = {};
  for (const [variable, value] of Object.entries(variables)) {
    if (value === undefined || value === "") continue;
    const known = byVariable.get(variable);
    if (known !== undefined) values[known] = value;
    else if (variable.startsWith(VARIABLE_PREFIX)) values[variable] = value;
  }
  return { name: "environment variables", values, label: (key) => labelOf(key, "variable") };
}

function flagOf(key: string): string {
  return labelOf(key, "flag");
}

function labelOf(key: string, kind: "variable" | "flag"): string {
  const known = keyNames().find((name) => name === key);
  return known === undefined ? key : CONFIG_KEYS[known][kind];
}
