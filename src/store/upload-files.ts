/** Finds the files that collections upload: in the plan's folder, never outside of it. */

import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { uploadPattern } from "../collections/upload-paths.js";
import { TurnpikeError } from "../core/errors.js";
import type { UploadFinder } from "../core/ports.js";
import type { Logger } from "../log.js";
import { hasCode, isMissing } from "./file.js";

/** Where a path holds a variable, the folder is searched; these keep a search from becoming one of the whole disk. */
const MAX_SEARCHED_FILES = 2000;
const MAX_SEARCHED_BYTES = 50_000_000;
const MAX_TOTAL_BYTES = 250_000_000;

export function createUploadFinder(log: Pick<Logger, "warn">): UploadFinder {
  return {
    async find(directory, paths) {
      const found = new Map<string, Uint8Array>();
      const root = await realPathOf(directory);
      if (root === null) return found;
      let sizeBytes = 0;
      const take = async (path: string): Promise<void> => {
        const target = resolve(root, path);
        const name = nameInside(root, target);
        if (name === null || found.has(name)) return;
        const real = await realPathOf(target);
        // A link may lead out of the folder; what it leads to is not taken along.
        if (real === null || nameInside(root, real) === null) return;
        const size = await sizeOfFile(real);
        if (size === null) return;
        sizeBytes += size;
        if (sizeBytes > MAX_TOTAL_BYTES) {
          throw new TurnpikeError(
            "BODY_TOO_LARGE",
            `the files that collections in ${directory} upload take more than ${String(MAX_TOTAL_BYTES / 1_000_000)} MB; upload smaller ones`,
          );
        }
        found.set(name, new Uint8Array(await readFile(real)));
      };
      const patterns = paths.flatMap((path) => uploadPattern(path) ?? []);
      for (const path of paths) if (!path.includes("{{")) await take(inFolder(path, directory));
      if (patterns.length === 0) return found;
      const names = await filesBelow(root);
      const matching = names.filter((name) => patterns.some((pattern) => pattern.test(name)));
      for (const [position, name] of matching.entries()) {
        if (position < MAX_SEARCHED_FILES && sizeBytes < MAX_SEARCHED_BYTES) await take(name);
        else {
          log.warn(
            { directory, taken: position, matching: matching.length },
            "uploads are named by variables and too many files of the folder could be meant; only the first ones go along",
          );
          break;
        }
      }
      return found;
    },
  };
}

/** A path into the folder under the name it was given by; links in that name are resolved later. */
function inFolder(path: string, directory: string): string {
  return isAbsolute(path) ? relative(directory, path) : path;
}

/** The path below the root with slashes; null when it lies outside, or is the root itself. */
function nameInside(root: string, target: string): string | null {
  const path = relative(root, target);
  if (path === "" || path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path)) return null;
  return path.split(sep).join("/");
}

/** Relative paths of the files below, without hidden folders and installed packages; at most ten times what is taken. */
async function filesBelow(root: string): Promise<readonly string[]> {
  const files: string[] = [];
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) files.push(path);
      else if (!entry.name.startsWith(".") && entry.name !== "node_modules") folders.push(path);
    }
    if (files.length > MAX_SEARCHED_FILES * 10) break;
  }
  return files.toSorted();
}

async function realPathOf(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isMissing(error) || hasCode(error, "ENAMETOOLONG") || hasCode(error, "EACCES")) return null;
    // A path with a NUL character, which no file can have.
    if (hasCode(error, "ERR_INVALID_ARG_VALUE")) return null;
    throw error;
  }
}

async function sizeOfFile(path: string): Promise<number | null> {
  const found = await stat(path);
  return found.isFile() ? found.size : null;
}
