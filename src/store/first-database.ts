/** The embedded database as its first start leaves it, kept beside the program by the build: making it takes three seconds of a core. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readIfThere, writeWhole } from "./file.js";
import { openPglite } from "./pglite.js";

const PACKAGE = "@electric-sql/pglite";

/** Null where the build made none, or made it with another version of the database. */
export async function readFirstDatabase(): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = await readIfThere(await pathOfFirstDatabase());
  return bytes === null ? null : new Uint8Array(bytes);
}

/** Called by the build. What changes in the tables later, every start brings up to date as it does with older databases. */
export async function writeFirstDatabase(): Promise<void> {
  const database = await openPglite({ directory: null, onFirstStart: () => undefined });
  await writeWhole(await pathOfFirstDatabase(), await database.dump());
  await database.close();
}

async function pathOfFirstDatabase(): Promise<string> {
  // Its main file lies in dist/ beside the manifest.
  const main = createRequire(import.meta.url).resolve(PACKAGE);
  const manifest: unknown = JSON.parse(
    await readFile(join(dirname(main), "../package.json"), "utf8"),
  );
  const { version } = z.object({ name: z.literal(PACKAGE), version: z.string() }).parse(manifest);
  return fileURLToPath(new URL(`first-database-${version}.tar`, import.meta.url));
}
