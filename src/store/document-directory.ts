/** Postman documents (environments, single collections) as files that Postman itself can read and write, by name. */

import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { TurnpikeError, type ErrorCode, type Problem } from "../core/errors.js";
import { findSyntaxError } from "../core/json-syntax.js";
import type { DocumentStore } from "../core/ports.js";
import { isMissing, readIfThere, writeWhole } from "./file.js";
import { createMutex } from "./mutex.js";

export interface DocumentDirectoryOptions<Document> {
  readonly directory: string;
  /** What follows the name: `.postman_environment.json`. */
  readonly suffix: string;
  readonly schema: z.ZodType<Document>;
  /** Code for a file that does not hold such a document. */
  readonly invalid: Extract<ErrorCode, "INVALID_ENVIRONMENT" | "INVALID_COLLECTION">;
}

/** The name becomes a file name: nothing in it may lead to another folder or hide the file. */
const SAFE_NAME = /^[^./\\\p{Cc}][^/\\\p{Cc}]{0,99}$/u;

/** Etags are given without the quotes they have in HTTP. A folder that is not there is an empty one. */
export function createDocumentDirectory<Document>(
  options: DocumentDirectoryOptions<Document>,
): DocumentStore<Document> {
  const { directory, suffix } = options;
  // Comparing and writing is one step here; other programs that write the folder are noticed by the next comparison.
  const writing = createMutex();
  const pathOf = (name: string): string => join(directory, `${name}${suffix}`);
  const bytesOf = async (name: string): Promise<Uint8Array | null> =>
    SAFE_NAME.test(name) ? readIfThere(pathOf(name)) : null;

  return {
    async list() {
      const names = (await filesOf(directory))
        .filter((file) => file.endsWith(suffix))
        .map((file) => file.slice(0, -suffix.length))
        .filter((name) => SAFE_NAME.test(name))
        .toSorted();
      const found = await Promise.all(
        names.map(async (name) => ({ name, bytes: await bytesOf(name) })),
      );
      return found.flatMap(({ name, bytes }) =>
        bytes === null ? [] : [{ name, etag: etagOf(bytes) }],
      );
    },

    async get(name) {
      const bytes = await bytesOf(name);
      if (bytes === null) return null;
      return { document: parseDocument(options, pathOf(name), bytes), etag: etagOf(bytes) };
    },

    async put(name, document, ifMatch) {
      if (!SAFE_NAME.test(name)) {
        throw new TurnpikeError(
          "INVALID_REQUEST",
          `"${name}" cannot be a file name here; use at most 100 characters without / and \\, not beginning with a dot`,
        );
      }
      const release = await writing.acquire();
      try {
        const standing = await bytesOf(name);
        refuseChange({ name, ifMatch, standing: standing === null ? null : etagOf(standing) });
        // Tabs, as Postman exports: what it writes over our file changes only what changed.
        const bytes = Buffer.from(`${JSON.stringify(document, null, "\t")}\n`);
        await writeWhole(pathOf(name), bytes);
        return { etag: etagOf(bytes), created: standing === null };
      } finally {
        release();
      }
    },

    async delete(name) {
      const release = await writing.acquire();
      try {
        if ((await bytesOf(name)) === null) return false;
        await rm(pathOf(name), { force: true });
        return true;
      } finally {
        release();
      }
    },
  };
}

function refuseChange(change: {
  readonly name: string;
  readonly ifMatch: string | null | undefined;
  readonly standing: string | null;
}): void {
  const { name, ifMatch, standing } = change;
  if (ifMatch === undefined || ifMatch === standing) return;
  throw new TurnpikeError(
    "PRECONDITION_FAILED",
    ifMatch === null
      ? `"${name}" exists already; read it and write over its etag`
      : standing === null
        ? `"${name}" is gone; write it without a condition to create it again`
        : `"${name}" was changed in between; read it again and repeat your change`,
  );
}

function parseDocument<Document>(
  { schema, invalid }: DocumentDirectoryOptions<Document>,
  path: string,
  bytes: Uint8Array,
): Document {
  // The decoder takes the byte order mark off that Postman on Windows writes.
  const text = new TextDecoder().decode(bytes);
  const fault = findSyntaxError(text);
  if (fault !== null) {
    const place = `line ${String(fault.line)}, column ${String(fault.column)}`;
    throw refusal(invalid, path, [{ path: "", message: `not JSON at ${place}: ${fault.message}` }]);
  }
  const read = schema.safeParse(JSON.parse(text));
  if (read.success) return read.data;
  const problems = read.error.issues.map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
  throw refusal(invalid, path, problems);
}

function refusal(code: ErrorCode, path: string, problems: readonly Problem[]): TurnpikeError {
  return new TurnpikeError(
    code,
    `${path} is not valid; correct it or export it again from Postman`,
    {
      problems,
    },
  );
}

async function filesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function etagOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 32);
}
