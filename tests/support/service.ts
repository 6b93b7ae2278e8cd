/** A whole Turnpike in this process: embedded engine, real lanes, API on a free port, everything in a temporary folder. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadConfig } from "../../src/config.js";
import { openTurnpike } from "../../src/wire.js";
import { databaseTemplate } from "./database.js";

export interface LiveService {
  readonly url: string;
  /** Folder of the plans; what is written here is there at the next request. */
  readonly collectionsDirectory: string;
  /** Stops taking runs, gives those underway no time, and removes the folder. */
  close(): Promise<void>;
}

/** Files by path below the folder; objects are written as JSON. */
export type Files = Readonly<Record<string, unknown>>;

export async function openLiveService(files: {
  readonly collections: Files;
  readonly environments: Files;
  readonly flags?: Readonly<Record<string, unknown>>;
}): Promise<LiveService> {
  const folder = await mkdtemp(join(tmpdir(), "turnpike-live-"));
  const collectionsDirectory = join(folder, "collections");
  const environmentsDirectory = join(folder, "environments");
  await writeFiles(collectionsDirectory, files.collections);
  await writeFiles(environmentsDirectory, files.environments);
  await writeFile(join(folder, "turnpike.yaml"), "{}");
  const loaded = loadConfig({
    file: join(folder, "turnpike.yaml"),
    variables: {},
    flags: {
      port: 0,
      lanes: 2,
      logLevel: "silent",
      dataDirectory: join(folder, "data"),
      collectionsDirectory,
      environmentsDirectory,
      ...files.flags,
    },
  });
  const running = await openTurnpike(loaded, {
    version: "0.0.0-test",
    template: databaseTemplate,
    onNotice: () => undefined,
    keepsSchedules: true,
  });
  return {
    url: running.url,
    collectionsDirectory,
    async close() {
      await running.close(0);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writeFiles(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(
      join(folder, path),
      typeof content === "string" ? content : JSON.stringify(content),
    );
  }
}

/** An HTTP server on a free loopback port, as a target of collections. */
export async function openTarget(
  answer: RequestListener,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the target has no port");
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
