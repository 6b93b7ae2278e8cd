/** The lock of the data directory: PGlite lets two processes open one database and ruin it, so one process owns the folder. */

import { randomBytes } from "node:crypto";
import { link, mkdir, open, rm, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf, TurnpikeError } from "../core/errors.js";
import { besideOf, hasCode, readIfThere, writeWhole } from "./file.js";
import { ageMs, isAlive, processIdentity, readOwner, toText, type Owner } from "./lock-owner.js";

export interface DataDirectory {
  /** Absolute path. */
  readonly path: string;
  /** Made once and kept with the folder: names what belongs to it elsewhere, such as its part of a shared Redis. */
  readonly id: string;
  /** Tells others, in the lock, where this service is reached. */
  announce(url: string): Promise<void>;
  /** Gives the folder free. */
  release(): Promise<void>;
}

const UNWRITABLE = ["EACCES", "EEXIST", "ENOENT", "ENOSPC", "ENOTDIR", "EPERM", "EROFS"];
const HEARTBEAT_MS = 5000;
const TAKEOVER_LIMIT_MS = 3000;
const ATTEMPTS = 100;
const ATTEMPT_PAUSE_MS = 50;

/**
 * Makes the folder and locks it for this process. Throws DATA_DIRECTORY_IN_USE, naming the owner, while another live
 * process holds it; the lock of a process that is gone is taken over. Throws DATA_DIRECTORY_BROKEN where nothing can be written.
 */
export async function lockDataDirectory(directory: string): Promise<DataDirectory> {
  const path = resolve(directory);
  try {
    return await lock(path);
  } catch (cause) {
    if (!UNWRITABLE.some((code) => hasCode(cause, code))) throw cause;
    throw new TurnpikeError(
      "DATA_DIRECTORY_BROKEN",
      `the data directory ${path} cannot be written: ${messageOf(cause)}; make it a folder this user can write, with space on its disk, or name another one with --data-dir`,
      { cause },
    );
  }
}

async function lock(path: string): Promise<DataDirectory> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const lockPath = join(path, "lock.json");
  const own: Owner = {
    token: randomBytes(8).toString("hex"),
    pid: process.pid,
    host: hostname(),
    startedAt: new Date().toISOString(),
    process: await processIdentity(process.pid),
    url: null,
  };
  await acquire(lockPath, own);
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A missed beat is made up by the next one; only a machine that cannot see this process looks at it.
    utimes(lockPath, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    path,
    id: await readId(join(path, "id")),
    async announce(url) {
      await writeWhole(lockPath, toText({ ...own, url }), { file: 0o600, folder: 0o700 });
    },
    async release() {
      clearInterval(heartbeat);
      if ((await readOwner(lockPath))?.token === own.token) await rm(lockPath, { force: true });
    },
  };
}

/** The live process that holds the lock of the folder; null where none does. */
export async function findHolder(directory: string): Promise<Owner | null> {
  const lockPath = join(resolve(directory), "lock.json");
  const owner = await readOwner(lockPath);
  return owner !== null && (await isAlive(owner, lockPath)) ? owner : null;
}

async function readId(idPath: string): Promise<string> {
  const standing = (await readIfThere(idPath))?.toString().trim();
  if (standing !== undefined && standing !== "") return standing;
  const id = randomBytes(8).toString("hex");
  await writeWhole(idPath, `${id}\n`, { file: 0o600, folder: 0o700 });
  return id;
}

async function acquire(lockPath: string, own: Owner): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (await createLock(lockPath, own)) return;
    const owner = await readOwner(lockPath);
    if (owner !== null && (await isAlive(owner, lockPath))) throw inUse(lockPath, owner);
    if (!(await removeStale(lockPath))) await pause(ATTEMPT_PAUSE_MS);
  }
  throw new TurnpikeError(
    "DATA_DIRECTORY_IN_USE",
    `${lockPath} changes hands all the time; stop the other processes, or give this one a folder of its own with --data-dir DIR`,
  );
}

/** Links a whole file into place: the lock never exists without its content, and only one process can create it. */
async function createLock(lockPath: string, own: Owner): Promise<boolean> {
  const beside = besideOf(lockPath);
  await writeFile(beside, toText(own), { flag: "wx", mode: 0o600 });
  try {
    await link(beside, lockPath);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(beside, { force: true });
  }
}

/**
 * Removes the lock of a dead owner. Of several processes that saw it dead only the holder of the takeover file looks
 * again and removes, so that none of them removes the lock its successor has just made.
 */
async function removeStale(lockPath: string): Promise<boolean> {
  const takeover = `${lockPath}.takeover`;
  try {
    await (await open(takeover, "wx", 0o600)).close();
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    if ((await ageMs(takeover)) > TAKEOVER_LIMIT_MS) await rm(takeover, { force: true });
    return false;
  }
  try {
    const owner = await readOwner(lockPath);
    if (owner !== null && (await isAlive(owner, lockPath))) return false;
    await rm(lockPath, { force: true });
    return true;
  } finally {
    await rm(takeover, { force: true });
  }
}

function inUse(lockPath: string, owner: Owner): TurnpikeError {
  const directory = resolve(lockPath, "..");
  const elsewhere = owner.host === hostname() ? "" : ` on ${owner.host}`;
  const where = owner.url === null ? "" : `, serving ${owner.url}`;
  return new TurnpikeError(
    "DATA_DIRECTORY_IN_USE",
    `${directory} is in use by process ${String(owner.pid)}${elsewhere}${where} since ${owner.startedAt}; stop that process, or give this one a folder of its own with --data-dir DIR`,
  );
}
