/** Postman documents (environments, single collections) as files that Postman itself can read and write, by name. */

import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FileKind } from "../collections/json-file.js";
import { DOCUMENT_NAME_RULE, isDocumentName } from "../core/document-name.js";
import { messageOf, TurnpikeError, type ErrorCode, type Problem } from "../core/errors.js";
import type { DocumentStore } from "../core/ports.js";
import { hasCode, isMissing, readIfThere, writeWhole } from "./file.js";
import { createMutex } from "./mutex.js";

export interface DocumentDirectoryOptions<Document> {
  readonly directory: string;
  /** The first one is what new documents are written in. */
  readonly formats: readonly [FileKind<Document>, ...FileKind<Document>[]];
  /** Code for a file that does not hold such a document. */
  readonly invalid: Extract<ErrorCode, "INVALID_ENVIRONMENT" | "INVALID_COLLECTION">;
}

interface Found<Document> {
  readonly path: string;
  readonly format: FileKind<Document>;
  readonly bytes: Uint8Array;
}

/** Etags are given without the quotes they have in HTTP. A folder that is not there is an empty one. */
export function createDocumentDirectory<Document>(
  options: DocumentDirectoryOptions<Document>,
): DocumentStore<Document> {
  const { directory, formats, invalid } = options;
  // Comparing and writing is one step here; other programs that write the folder are noticed by the next comparison.
  const writing = createMutex();
  // `staging.postman_environment.json` ends in `.json` too, and its name is staging alone.
  const formatOf = (file: string): FileKind<Document> | undefined =>
    formats.find(({ suffix }) => file.endsWith(suffix));
  const look = async (
    file: string,
    format: FileKind<Document>,
  ): Promise<Found<Document> | null> => {
    const path = join(directory, file);
    const bytes = await readIfThere(path);
    return bytes === null || format.holds?.(textOf(bytes)) === false
      ? null
      : { path, format, bytes };
  };
  const find = async (name: string): Promise<Found<Document> | null> => {
    if (!isDocumentName(name)) return null;
    const looked = await Promise.all(
      formats.map(async (format) => {
        const file = `${name}${format.suffix}`;
        const found = formatOf(file) === format ? await look(file, format) : null;
        return found ?? [];
      }),
    );
    const [first = null, second] = looked.flat();
    if (first === null || second === undefined) return first;
    throw refusal(invalid, first.path, [
      { path: "", message: `${second.path} has the same name; keep one of the two` },
    ]);
  };

  return {
    async list() {
      const files = await filesOf(directory);
      const found = files.flatMap((file) => {
        const format = formatOf(file);
        return format === undefined
          ? []
          : [{ file, format, name: file.slice(0, -format.suffix.length) }];
      });
      const etags = new Map<string, string>();
      for (const { file, format, name } of found.toSorted((left, right) =>
        left.name < right.name ? -1 : 1,
      )) {
        if (!isDocumentName(name)) continue;
        const document = await look(file, format);
        if (document !== null) etags.set(name, etagOf(document.bytes));
      }
      return [...etags].map(([name, etag]) => ({ name, etag }));
    },

    async get(name) {
      const found = await find(name);
      if (found === null) return null;
      const read = found.format.read(textOf(found.bytes));
      if (!read.ok) throw refusal(invalid, found.path, read.problems);
      return { document: read.document, etag: etagOf(found.bytes) };
    },

    async put(name, document, ifMatch) {
      if (!isDocumentName(name)) {
        throw new TurnpikeError(
          "INVALID_REQUEST",
          `"${name}" cannot be a file name here; ${DOCUMENT_NAME_RULE}`,
        );
      }
      const release = await writing.acquire();
      try {
        const found = await find(name);
        refuseChange({ name, ifMatch, standing: found === null ? null : etagOf(found.bytes) });
        const { path, format } = found ?? {
          path: join(directory, `${name}${formats[0].suffix}`),
          format: formats[0],
        };
        const bytes = Buffer.from(format.write(standingText(found), document));
        await whereWritable(directory, () => writeWhole(path, bytes));
        return { etag: etagOf(bytes), created: found === null };
      } finally {
        release();
      }
    },

    async delete(name) {
      const release = await writing.acquire();
      try {
        const found = await find(name);
        if (found === null) return false;
        await whereWritable(directory, () => rm(found.path, { force: true }));
        return true;
      } finally {
        release();
      }
    },
  };
}

/** INVALID_CONFIG for a folder that may be read only, such as one that a container shares with another user. */
async function whereWritable(directory: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    if (!["EACCES", "EPERM", "EROFS"].some((code) => hasCode(cause, code))) throw cause;
    throw new TurnpikeError(
      "INVALID_CONFIG",
      `${directory} cannot be written: ${messageOf(cause)}; allow it to the user of this process, or configure another folder`,
      { cause },
    );
  }
}

/** A file that cannot be read as what it should be is written anew as a whole. */
function standingText<Document>(found: Found<Document> | null): string | null {
  if (found === null) return null;
  const text = textOf(found.bytes);
  return found.format.read(text).ok ? text : null;
}

/** With its byte order mark, so that writing the text again loses nothing. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
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
