/** What `turnpike doctor` says of folders: may they be written, who holds the data directory, how full is its disk. It opens no database. */

import { randomBytes } from "node:crypto";
import { readdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { messageOf } from "../core/errors.js";
import { failed, found, warned, type Finding } from "../core/finding.js";
import { isMissing } from "./file.js";
import { isAlive, readOwner } from "./lock-owner.js";

const PART = "data directory";
const GIGABYTE = 1024 ** 3;
const LOW_BYTES = GIGABYTE;
const FULL_BYTES = GIGABYTE / 10;
const OTHER = "choose another folder with --data-dir (TURNPIKE_DATA_DIRECTORY)";

export async function examineFolder(directory: string): Promise<readonly Finding[]> {
  const path = resolve(directory);
  const standing = await nearestFolder(path);
  const place = standing === path ? path : `${path} (not there yet)`;
  return [
    await examineWriting(standing, place),
    ...(standing === path ? [await examineLock(path), await examineSize(path)] : []),
    await examineDisk(standing),
  ];
}

/** Of the folder of documents that people change over REST; nothing where it is not there yet. */
export async function examineDocumentFolder(
  part: string,
  directory: string,
): Promise<readonly Finding[]> {
  const path = resolve(directory);
  if ((await nearestFolder(path)) !== path) return [];
  const fault = await tryWriting(path);
  if (fault === null) return [found(part, `${path} can be written`)];
  const user = process.getuid === undefined ? "" : ` (${String(process.getuid())})`;
  return [
    warned(
      part,
      `${path} cannot be written, so changes over REST are refused: ${fault}`,
      `allow it to the user of the service${user}, if they are wanted`,
    ),
  ];
}

async function examineWriting(folder: string, place: string): Promise<Finding> {
  const fault = await tryWriting(folder);
  return fault === null
    ? found(PART, `${place} can be written`)
    : failed(PART, `${place} cannot be written: ${fault}`, `correct it, or ${OTHER}`);
}

/** What stands in the way of a file in this folder; null when nothing does. */
async function tryWriting(folder: string): Promise<string | null> {
  const probe = join(folder, `.turnpike-doctor-${randomBytes(6).toString("hex")}`);
  try {
    await writeFile(probe, "", { flag: "wx" });
    await rm(probe);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

async function examineLock(path: string): Promise<Finding> {
  const lock = join(path, "lock.json");
  const owner = await readOwner(lock);
  if (owner === null) return found(PART, "nobody holds it");
  const who = `process ${String(owner.pid)} on ${owner.host}`;
  if (!(await isAlive(owner, lock)))
    return found(PART, `${who}, which is gone, has left its lock; the next start takes it over`);
  const at = owner.url === null ? "" : `, whose service listens at ${owner.url}`;
  return found(PART, `held by ${who}${at}; another service needs a folder of its own`);
}

async function examineSize(path: string): Promise<Finding> {
  try {
    const [database, blobs] = await Promise.all(
      ["database", "blobs"].map((name) => sizeOf(join(path, name))),
    );
    return found(
      PART,
      `database ${sizeText(database ?? 0)}, files of runs ${sizeText(blobs ?? 0)}`,
    );
  } catch (error) {
    return failed(
      PART,
      `its files cannot be read: ${messageOf(error)}`,
      `correct its rights, or ${OTHER}`,
    );
  }
}

async function examineDisk(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const text = `${sizeText(free)} free on its disk`;
  const remedy = `free some, lower retentionDays and retentionRuns, or ${OTHER}`;
  if (free < FULL_BYTES) return failed(PART, text, remedy);
  return free < LOW_BYTES ? warned(PART, text, remedy) : found(PART, text);
}

/** The folder itself, or where it will be made. */
async function nearestFolder(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) return path;
    return nearestFolder(dirname(path));
  }
}

async function sizeOf(folder: string): Promise<number> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    // A running service makes and removes files meanwhile.
    const sizes = await Promise.all(
      files.map((file) =>
        stat(join(file.parentPath, file.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

function sizeText(bytes: number): string {
  return bytes >= GIGABYTE
    ? `${(bytes / GIGABYTE).toFixed(1)} GB`
    : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
