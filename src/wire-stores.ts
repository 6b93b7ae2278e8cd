/** Opens what keeps runs: the data directory, the embedded database, the run store and the blobs. */

import { join } from "node:path";
import type { Config } from "./core/config.js";
import type { BlobStore, RunStore } from "./core/ports.js";
import type { OpenPglite } from "./store/pglite.js";
import type { Stops } from "./stops.js";

export interface Stores {
  readonly store: RunStore;
  readonly blobs: BlobStore;
  /** The embedded database, which the embedded queue needs as well. */
  readonly pool: OpenPglite["pool"];
  readonly namespace: string;
  /** Tells others, in the lock of the data directory, where this service is reached. */
  announce(url: string): Promise<void>;
}

export interface StoreOptions {
  readonly stops: Stops;
  /** Something worth telling that takes a moment, such as the first start. */
  readonly onNotice: (text: string) => void;
  readonly template: Uint8Array<ArrayBuffer> | null;
}

/** Opens the stores a configuration names; what it opens, `stops` closes. */
export async function openStores(config: Config, options: StoreOptions): Promise<Stores> {
  const { stops } = options;
  const { lockDataDirectory } = await import("./store/data-directory.js");
  const data = await lockDataDirectory(config.dataDirectory);
  stops.push(() => data.release());
  const { openPglite } = await import("./store/pglite.js");
  const database = await openPglite({
    directory: join(data.path, "database"),
    onFirstStart: () => {
      options.onNotice(
        `first start: creating the embedded database in ${config.dataDirectory}, which takes a few seconds`,
      );
    },
    template: options.template,
  });
  stops.push(() => database.close());
  const { createBlobDirectory } = await import("./store/blob-directory.js");
  const { openRunStore } = await import("./store/open-run-store.js");
  const { store, close } = await openRunStore(config, database.pool);
  stops.push(close);
  return {
    store,
    blobs: createBlobDirectory(join(data.path, "blobs")),
    pool: database.pool,
    namespace: config.namespace ?? data.id,
    announce: (url) => data.announce(url),
  };
}
