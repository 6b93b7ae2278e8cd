/** The vault: a file of secrets, each encrypted with AES-256-GCM by a key that is not in the file. */

import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { z } from "zod";
import { egressSchema } from "../core/egress.js";
import { TurnpikeError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import type { Vault } from "../core/ports.js";
import { readIfThere, writeWhole } from "./file.js";
import { createMutex } from "./mutex.js";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const IV_BYTES = 12;
const SALT_BYTES = 16;
const MODES = { file: 0o600, folder: 0o700 };

const entrySchema = z.strictObject({
  /** Hosts the secret may be sent to; an empty list is every host. */
  domains: egressSchema.shape.allow.unwrap(),
  iv: z.base64(),
  tag: z.base64(),
  data: z.base64(),
});
const fileSchema = z.strictObject({
  version: z.literal(1),
  salt: z.base64(),
  secrets: z.record(z.string().min(1), entrySchema),
});
type VaultFile = z.infer<typeof fileSchema>;
type Entry = z.infer<typeof entrySchema>;

/** `key` is a text of at least 16 characters; what encrypts is derived from it and the file's salt (scrypt). */
export function openVault(options: {
  readonly path: string;
  readonly key: string | undefined;
}): Vault {
  const { path } = options;
  const writing = createMutex();
  let derived: { readonly salt: string; readonly key: Buffer } | null = null;
  const keyFor = (salt: string): Buffer => {
    if (options.key === undefined)
      throw new TurnpikeError(
        "INVALID_CONFIG",
        "the vault is locked; set TURNPIKE_VAULT_KEY to the key it was filled with",
      );
    if (derived?.salt !== salt)
      derived = { salt, key: scryptSync(options.key, Buffer.from(salt, "base64"), KEY_BYTES) };
    return derived.key;
  };
  const read = async (): Promise<VaultFile> => {
    const bytes = await readIfThere(path);
    if (bytes === null)
      return { version: 1, salt: randomBytes(SALT_BYTES).toString("base64"), secrets: {} };
    try {
      return fileSchema.parse(JSON.parse(bytes.toString()));
    } catch (cause) {
      throw new TurnpikeError(
        "INVALID_ENVIRONMENT",
        `${path} is not a vault; restore it from a backup, or delete it and fill it again`,
        { cause },
      );
    }
  };
  const change = async (edit: (file: VaultFile) => VaultFile): Promise<void> => {
    const release = await writing.acquire();
    try {
      await writeWhole(path, `${JSON.stringify(edit(await read()), null, 2)}\n`, MODES);
    } finally {
      release();
    }
  };

  return {
    async list() {
      const { secrets } = await read();
      return Object.entries(secrets).map(([name, { domains }]) => ({ name, domains }));
    },
    async get(name) {
      const { salt, secrets } = await read();
      const entry = secrets[name];
      if (entry === undefined) {
        const guess = nearest(name, Object.keys(secrets));
        throw new TurnpikeError(
          "NOT_FOUND",
          `the vault has no "${name}"; add it with: turnpike vault set ${name}${guess === null ? "" : `; did you mean "${guess}"?`}`,
        );
      }
      return {
        value: decrypt(keyFor(salt), name, entry),
        domains: entry.domains.length === 0 ? null : entry.domains,
      };
    },
    set: (name, value, domains) =>
      change((file) => {
        const key = keyFor(file.salt);
        // A vault filled with two keys could be opened by neither as a whole.
        for (const [other, entry] of Object.entries(file.secrets)) decrypt(key, other, entry);
        const entry = encrypt(key, name, value, domains);
        return { ...file, secrets: { ...file.secrets, [name]: entry } };
      }),
    async delete(name) {
      if (!Object.hasOwn((await read()).secrets, name)) return false;
      await change((file) => ({
        ...file,
        secrets: Object.fromEntries(
          Object.entries(file.secrets).filter(([other]) => other !== name),
        ),
      }));
      return true;
    },
  };
}

/** Name and domains are part of what is sealed: an entry moved to another name, or opened to other hosts, cannot be read. */
function sealOf(name: string, domains: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify([name, domains]));
}

function encrypt(key: Buffer, name: string, value: string, domains: readonly string[]): Entry {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(sealOf(name, domains));
  const data = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return {
    domains: [...domains],
    iv: iv.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
    data: data.toString("base64"),
  };
}

function decrypt(key: Buffer, name: string, entry: Entry): string {
  const [iv, tag, data] = [entry.iv, entry.tag, entry.data].map((text) =>
    Buffer.from(text, "base64"),
  );
  try {
    const decipher = createDecipheriv(CIPHER, key, iv ?? Buffer.alloc(0), { authTagLength: 16 })
      .setAAD(sealOf(name, entry.domains))
      .setAuthTag(tag ?? Buffer.alloc(0));
    return Buffer.concat([decipher.update(data ?? Buffer.alloc(0)), decipher.final()]).toString(
      "utf8",
    );
  } catch (cause) {
    throw new TurnpikeError(
      "INVALID_CONFIG",
      `"${name}" of the vault cannot be decrypted: TURNPIKE_VAULT_KEY is not the key it was filled with, or the file was changed by hand`,
      { cause },
    );
  }
}
