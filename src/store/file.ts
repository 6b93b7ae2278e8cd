/** The few file operations all stores share: whole files or nothing, and "not there" as a value. */

import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** True for the error of a missing file or folder. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** The bytes of a file, or null when there is none. */
export async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Writes beside the target and renames, so that a reader or a crash never meets half a file. Makes the folder if needed. */
export async function writeWhole(
  path: string,
  bytes: Uint8Array | string,
  modes: { readonly file: number; readonly folder: number } = { file: 0o666, folder: 0o777 },
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: modes.folder });
  const beside = besideOf(path);
  try {
    const file = await open(beside, "wx", modes.file);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** A name for a temporary file in the same folder; hidden, so that no listing takes it for a document. */
export function besideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
}
