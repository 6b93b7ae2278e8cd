/** The pure step that lays the sources of the configuration over each other. */

import {
  CONFIG_KEYS,
  isKeyName,
  keyNames,
  type Config,
  type ConfigKeyName,
  type ConfigValue,
} from "./config.js";
import type { Problem } from "./errors.js";
import { nearest } from "./nearest.js";
import { describeFault, placeIssues } from "./schema-problems.js";

/** One place values come from, weakest first: the file, the environment variables, the flags. */
export interface ConfigSource {
  /** For people: `turnpike.yaml`, `environment variables`, `flags`. */
  readonly name: string;
  /** Raw values by key name. Texts are read as numbers where the key is one, because variables and flags know only text. */
  readonly values: Readonly<Record<string, unknown>>;
  /** How this source writes a key, for messages. */
  readonly label: (name: string) => string;
}

export type ConfigCheck =
  | { readonly ok: true; readonly config: Config; readonly values: readonly ConfigValue[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Lays the sources over the defaults and reports every unknown key and bad value of all of them at once. */
export function resolveConfig(sources: readonly ConfigSource[]): ConfigCheck {
  const problems = sources.flatMap(checkSource);
  if (problems.length > 0) return { ok: false, problems };
  const values = keyNames().map((name): ConfigValue => {
    const source = sources.findLast((candidate) => candidate.values[name] !== undefined);
    const raw = source === undefined ? undefined : fromText(name, source.values[name]);
    const { schema, secret } = CONFIG_KEYS[name];
    return { key: name, value: schema.parse(raw), source: source?.name ?? "default", secret };
  });
  // Each value has just been parsed by the schema of its key, which is what Config says.
  const config = Object.fromEntries(values.map(({ key: name, value }) => [name, value])) as Config;
  return { ok: true, config, values };
}

/** The configuration for showing: secrets that are set become a mask. */
export function maskValues(values: readonly ConfigValue[]): ConfigValue[] {
  return values.map((value) =>
    value.secret && value.value !== undefined ? { ...value, value: "********" } : value,
  );
}

function checkSource(source: ConfigSource): Problem[] {
  return Object.entries(source.values).flatMap(([name, raw]) => {
    if (raw === undefined) return [];
    const path = `${source.name}: ${source.label(name)}`;
    if (!isKeyName(name)) {
      const known = keyNames().map(source.label);
      const guess = nearest(source.label(name), known);
      return [
        {
          path,
          message: `there is no such key; known are ${known.join(", ")}`,
          suggestedAction: guess === null ? "remove it" : `did you mean "${guess}"?`,
        },
      ];
    }
    const read = CONFIG_KEYS[name].schema.safeParse(fromText(name, raw), { error: describeFault });
    return read.success ? [] : placeIssues(read.error, path);
  });
}

function fromText(name: ConfigKeyName, raw: unknown): unknown {
  if (typeof raw !== "string" || !/^\d+$/.test(raw)) return raw;
  return CONFIG_KEYS[name].schema.safeParse(Number(raw)).success ? Number(raw) : raw;
}
