/** Working directories of collections: the files of a run laid out from its blobs, the same on every machine. */

import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { TurnpikeError } from "../core/errors.js";
import type { BlobStore, WorkingDirectories } from "../core/ports.js";

/** Directories that stay although nobody uses them, for the next task of the same run. */
const MAX_UNUSED = 20;

interface Place {
  readonly path: string;
  readonly ready: Promise<void>;
  users: number;
}

/** `directory` belongs to this process alone: it is emptied first, and removed by `close`. */
export function createWorkingDirectories(
  directory: string,
  blobs: Pick<BlobStore, "get">,
): WorkingDirectories & { close(): Promise<void> } {
  /** By the files in it, so that tasks with the same files share one; used last comes last. */
  const places = new Map<string, Place>();
  let emptied: Promise<void> | null = null;

  const layOut = async (path: string, files: readonly (readonly [string, string])[]) => {
    await (emptied ??= rm(directory, { recursive: true, force: true }));
    await mkdir(path, { recursive: true, mode: 0o700 });
    for (const [name, hash] of files) {
      const target = join(path, name);
      if (relative(path, target).split(sep)[0] === "..")
        throw new TurnpikeError("INTERNAL", `the file ${name} of a run lies outside its folder`);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await writeFile(target, await blobs.get(hash), { mode: 0o600 });
    }
  };
  const evict = async (): Promise<void> => {
    const unused = [...places].filter(([, place]) => place.users === 0);
    for (const [key, { path }] of unused.slice(0, Math.max(0, unused.length - MAX_UNUSED))) {
      places.delete(key);
      await rm(path, { recursive: true, force: true });
    }
  };
  return {
    async use(files, work) {
      const entries = Object.entries(files).toSorted(([left], [right]) => (left < right ? -1 : 1));
      const key = createHash("sha256").update(JSON.stringify(entries)).digest("hex").slice(0, 32);
      const path = join(directory, key);
      const place = places.get(key) ?? { path, ready: layOut(path, entries), users: 0 };
      places.delete(key);
      places.set(key, place);
      place.users += 1;
      try {
        await place.ready;
        return await work(path);
      } catch (error) {
        // What could not be laid out whole is laid out anew by whoever needs it next.
        await place.ready.catch(() => places.delete(key));
        throw error;
      } finally {
        place.users -= 1;
        await evict();
      }
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}
