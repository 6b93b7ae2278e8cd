/** Opens what keeps runs: the data directory, the embedded database where it is needed, the run store and the blobs. */

import { join } from "node:path";
import type { Config } from "./core/config.js";
import type { BlobStore, RunStore, UploadFinder, WorkingDirectories } from "./core/ports.js";
import type { OpenPglite } from "./store/pglite.js";
import type { Logger } from "./log.js";
import type { Stops } from "./stops.js";

export interface Stores {
  readonly store: RunStore;
  readonly blobs: BlobStore;
  /** The embedded database; null where both the store and the queue are elsewhere. */
  readonly pool: OpenPglite["pool"] | null;
  readonly namespace: string;
  /** Of the data directory, absolute. */
  readonly path: string;
  /** Of the data directory, made once. */
  readonly id: string;
  /** Tells others, in the lock of the data directory, where this service is reached. */
  announce(url: string): Promise<void>;
}

export interface StoreOptions {
  readonly stops: Stops;
  readonly log: Logger;
  /** Something worth telling that takes a moment, such as the first start. */
  readonly onNotice: (text: string) => void;
  /** What an empty data directory begins with instead of what the build made. */
  readonly template: (() => Promise<Uint8Array<ArrayBuffer>>) | null;
}

/** Opens the stores a configuration names; what it opens, `stops` closes. */
export async function openStores(config: Config, options: StoreOptions): Promise<Stores> {
  const { stops, log } = options;
  const { lockDataDirectory } = await import("./store/data-directory.js");
  const data = await lockDataDirectory(config.dataDirectory);
  stops.push(() => data.release());
  const identity = {
    namespace: config.namespace ?? data.id,
    path: data.path,
    id: data.id,
    announce: (url: string) => data.announce(url),
  };
  const shared = await openShared(config, { stops, log });
  if (shared !== null && config.redisUrl !== undefined)
    return { ...shared, pool: null, ...identity };

  const { openPglite } = await import("./store/pglite.js");
  const database = await openPglite({
    directory: join(data.path, "database"),
    onFirstStart: () => {
      options.onNotice(
        `first start: creating the embedded database in ${config.dataDirectory}, which takes a few seconds`,
      );
    },
    template: options.template ?? (await import("./store/first-database.js")).readFirstDatabase,
  });
  stops.push(() => database.close());
  const { pool } = database;
  if (shared !== null) return { ...shared, pool, ...identity };
  const { createBlobDirectory } = await import("./store/blob-directory.js");
  const { createSqlRunStore } = await import("./store/sql-runs.js");
  const { migrateSql } = await import("./store/sql-schema.js");
  await migrateSql(pool);
  const blobs = createBlobDirectory(join(data.path, "blobs"));
  return { store: createSqlRunStore(pool), blobs, pool, ...identity };
}

/** What turns the files of runs into folders and back; the folders lie in `directory`, which belongs to this process. */
export async function openFiles(
  directory: string,
  { blobs, stops, log }: Pick<StoreOptions, "stops" | "log"> & { readonly blobs: BlobStore },
): Promise<{ readonly uploads: UploadFinder; readonly workingDirectories: WorkingDirectories }> {
  const { createUploadFinder } = await import("./store/upload-files.js");
  const { createWorkingDirectories } = await import("./store/working-directories.js");
  const workingDirectories = createWorkingDirectories(directory, blobs);
  stops.push(() => workingDirectories.close());
  return { uploads: createUploadFinder(log), workingDirectories };
}

/** The store that machines share, where the configuration names one. */
export async function openShared(
  config: Config,
  { stops, log }: Pick<StoreOptions, "stops" | "log">,
): Promise<Pick<Stores, "store" | "blobs"> | null> {
  const { openSharedStore } = await import("./store/open-shared-store.js");
  const shared = await openSharedStore(config, (error) => {
    log.warn({ err: error }, "a connection to the database is lost; trying again");
  });
  if (shared === null) return null;
  stops.push(() => shared.close());
  return { store: shared.store, blobs: shared.blobs };
}
