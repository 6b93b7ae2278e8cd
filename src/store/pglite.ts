/** The embedded database: one PGlite in this process, opened from its directory, ready for BullMQ and the run store. */

import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { PGlite } from "@electric-sql/pglite";
import { runMigrations, type PgPool } from "bullmq";
import { TurnpikeError } from "../core/errors.js";
import { readDiskSpace } from "./disk-space.js";
import { isMissing } from "./file.js";
import { createPglitePool } from "./pglite-pool.js";

/**
 * V8 optimizes a WebAssembly function after as many bytes of code as this. Its default makes it compile, during the start alone,
 * for longer than a short run lasts (1.0 of 3.2 s of processor time); what a long-lived service needs often gets there all the same.
 */
const LATE_OPTIMIZING = "--wasm-tiering-budget=100000000";

export interface PgliteOptions {
  /** Folder of the database, which must belong to this process alone (see data-directory.ts); null keeps it in memory. */
  readonly directory: string | null;
  /** Called before the seconds of work that only the very first start has. */
  readonly onFirstStart: () => void;
  /** Asked at the very first start for what `dump` gave, to begin with instead of an empty database; null makes one. */
  readonly template?: () => Promise<Uint8Array<ArrayBuffer> | null>;
}

export interface OpenPglite {
  readonly pool: PgPool;
  /** The whole database as a template for others. */
  dump(): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Opens the database and brings BullMQ's part of it up to date. Throws DATA_DIRECTORY_BROKEN when its files cannot be read. */
export async function openPglite(options: PgliteOptions): Promise<OpenPglite> {
  const { database, isFirst } = await openDatabase(options);
  if (isFirst) collectGarbageSoon();
  try {
    const pool = createPglitePool(database);
    const client = await pool.connect();
    await runMigrations(client);
    // One session for all: BullMQ's statements name their tables without a schema.
    await client.query("SET search_path TO bullmq, public");
    client.release();
    if (options.directory !== null) await rm(startingMark(options.directory), { force: true });
    return {
      pool,
      dump: async () => new Uint8Array(await (await database.dumpDataDir("none")).arrayBuffer()),
      async close() {
        await pool.end();
        await database.close();
      },
    };
  } catch (error) {
    await database.close().catch(() => undefined);
    throw options.directory === null ? error : await broken(options.directory, error);
  }
}

async function openDatabase({
  directory,
  onFirstStart,
  template = () => Promise.resolve(null),
}: PgliteOptions): Promise<{ readonly database: PGlite; readonly isFirst: boolean }> {
  const isFirst = directory === null || (await prepareDirectory(directory));
  const begun = isFirst ? await template() : null;
  if (isFirst && begun === null) onFirstStart();
  const exitCode = process.exitCode;
  setFlagsFromString(LATE_OPTIMIZING);
  try {
    const database = await PGlite.create({
      ...(directory === null ? {} : { dataDir: directory }),
      ...(begun === null ? {} : { loadDataDir: new Blob([begun]) }),
    });
    return { database, isFirst };
  } catch (error) {
    throw directory === null ? error : await broken(directory, error);
  } finally {
    // Emscripten leaves the exit code of what ran inside it on the whole process.
    process.exitCode = exitCode;
  }
}

/**
 * Making a database leaves some 350 MB behind, outside of the heap V8 watches: a service at rest would hold them for hours.
 * The second time frees what the first one has only let go of.
 */
function collectGarbageSoon(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof collect !== "function") return;
  for (const afterMs of [1_000, 3_000])
    setTimeout(() => void Reflect.apply(collect, null, []), afterMs).unref();
}

/**
 * Makes the folder and says whether the database is new. A mark beside it stands while a first start is underway: what a
 * killed first start left cannot hold anything yet, and is made anew.
 */
async function prepareDirectory(directory: string): Promise<boolean> {
  const mark = startingMark(directory);
  if (await exists(mark)) await rm(directory, { recursive: true, force: true });
  if (await exists(directory)) return false;
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
  await writeFile(mark, "");
  await mkdir(directory, { mode: 0o700 });
  return true;
}

function startingMark(directory: string): string {
  return `${directory}.starting`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function broken(directory: string, cause: unknown): Promise<TurnpikeError> {
  const { freeMb, isFull } = await readDiskSpace(dirname(directory));
  const remedy = isFull
    ? `, because its disk is full (${String(freeMb)} MB free); make some space, or name another folder with --data-dir`
    : "; move that folder away to begin with an empty one, or put back a copy of it";
  return new TurnpikeError(
    "DATA_DIRECTORY_BROKEN",
    `the embedded database in ${directory} cannot be opened${remedy}`,
    { cause },
  );
}
