/** Putting the secrets in that environments only refer to, once, when a run is accepted; every one that is missing is named. */

import type { Layer } from "../core/environment.js";
import { messageOf, refuse, TurnpikeError, type Problem } from "../core/errors.js";
import type { SecretSource } from "../core/ports.js";
import {
  formatReference,
  referencesIn,
  replaceReferences,
  vaultNamesIn,
  type Secret,
  type SecretReference,
} from "../core/secret-reference.js";

type Row = Layer["rows"][number];

/** A secret that may be sent to some hosts only. */
interface GuardedSecret {
  readonly name: string;
  readonly value: string;
  readonly domains: readonly string[];
}

export interface SecretsResolver {
  /** The rows with their references replaced; a row that held one is a secret from then on. */
  resolve(layer: Layer): Promise<Layer>;
  /** A text with its references replaced; null where one leads nowhere. */
  reveal(text: string, path: string): Promise<string | null>;
  /** A layer that gives `{{vault:name}}` its value wherever a collection says it. */
  vaultLayer(files: ReadonlyMap<string, Uint8Array>): Promise<Layer>;
  /** Throws INVALID_ENVIRONMENT with every reference that leads nowhere. */
  finish(): readonly GuardedSecret[];
}

export function resolveSecrets(source: SecretSource): SecretsResolver {
  const problems: Problem[] = [];
  const found = new Map<string, Promise<Secret | null>>();
  const guarded = new Map<string, GuardedSecret>();

  const read = (reference: SecretReference, path: string): Promise<Secret | null> => {
    const text = formatReference(reference);
    const reading = found.get(text) ?? readOnce(reference, path);
    found.set(text, reading);
    return reading;
  };
  const readOnce = async (reference: SecretReference, path: string): Promise<Secret | null> => {
    const text = formatReference(reference);
    try {
      const secret = await source.read(reference);
      if (secret.domains !== null)
        guarded.set(text, { name: text, value: secret.value, domains: secret.domains });
      return secret;
    } catch (error) {
      if (!(error instanceof TurnpikeError)) throw error;
      problems.push({ path, message: `${text}: ${messageOf(error)}` });
      return null;
    }
  };
  const reveal = async (text: string, path: string): Promise<string | null> => {
    const values = new Map<string, string>();
    let isWhole = true;
    for (const reference of referencesIn(text)) {
      const secret = await read(reference, path);
      isWhole &&= secret !== null;
      values.set(formatReference(reference), secret?.value ?? "");
    }
    return isWhole
      ? replaceReferences(text, (reference) => values.get(formatReference(reference)) ?? "")
      : null;
  };
  const resolveRow = async (layer: string, row: Row): Promise<Row> => {
    const { key, value } = row;
    if (typeof value !== "string" || referencesIn(value).length === 0) return row;
    const whole = await reveal(value, `${layer}.${key}`);
    // A row without its secret reaches no run: the end refuses it.
    return { ...row, value: whole ?? "", secret: true };
  };

  return {
    reveal,
    async resolve({ name, rows }) {
      const resolved: Row[] = [];
      for (const row of rows) resolved.push(await resolveRow(name, row));
      return { name, rows: resolved };
    },
    async vaultLayer(files) {
      const rows: Row[] = [];
      for (const [path, bytes] of files) {
        for (const name of vaultNamesIn(new TextDecoder().decode(bytes))) {
          if (rows.some(({ key }) => key === `vault:${name}`)) continue;
          const secret = await read({ source: "vault", name }, path);
          if (secret !== null)
            rows.push({ key: `vault:${name}`, value: secret.value, secret: true });
        }
      }
      return { name: "vault", rows };
    },
    finish() {
      refuse("INVALID_ENVIRONMENT", "the run", problems);
      return [...guarded.values()];
    },
  };
}
