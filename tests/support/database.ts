/** An embedded database for a test, in memory or in a folder, from a template that is built once: initdb takes seconds. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openPglite, type OpenPglite } from "../../src/store/pglite.js";
import { migrateSql } from "../../src/store/sql-schema.js";

const BUILD_LIMIT_MS = 60_000;
const packageRoot = new URL("../../../", import.meta.url);

/** A database of the test's own with all tables; `directory` keeps it there instead of in memory. */
export async function openDatabase(directory: string | null = null): Promise<OpenPglite> {
  return openPglite({
    directory,
    template: databaseTemplate,
    onFirstStart: () => undefined,
  });
}

/** The template, built by whichever test process comes first; the others wait for it. */
export async function databaseTemplate(): Promise<Uint8Array<ArrayBuffer>> {
  const path = await templatePath();
  const building = `${path}.building`;
  const deadline = Date.now() + BUILD_LIMIT_MS;
  while (!existsSync(path)) {
    if (Date.now() > deadline)
      throw new Error(`no template of the database after a minute: ${path}`);
    if (await claim(building)) {
      try {
        await buildTemplate(path);
      } finally {
        await rm(building, { force: true });
      }
    } else await pause(50);
  }
  return new Uint8Array(await readFile(path));
}

/** Named after everything its content depends on, so an old one is never taken for a new one. */
async function templatePath(): Promise<string> {
  const sources = [
    new URL("node_modules/@electric-sql/pglite/package.json", packageRoot),
    new URL("node_modules/bullmq/package.json", packageRoot),
    new URL("../../src/store/sql-schema.js", import.meta.url),
    new URL("../../src/store/pglite.js", import.meta.url),
  ];
  const hash = createHash("sha256");
  for (const source of sources) hash.update(await readFile(source));
  const owner = String(process.getuid?.() ?? "");
  return join(tmpdir(), `turnpike-test-database-${owner}-${hash.digest("hex").slice(0, 16)}.tar`);
}

async function buildTemplate(path: string): Promise<void> {
  const database = await openPglite({ directory: null, onFirstStart: () => undefined });
  await migrateSql(database.pool);
  await writeFile(`${path}.part`, await database.dump());
  await database.close();
  await rename(`${path}.part`, path);
}

/** True for the one process that may build; a builder that died is replaced. */
async function claim(building: string): Promise<boolean> {
  try {
    await (await open(building, "wx")).close();
    return true;
  } catch {
    const since = await stat(building).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - since > BUILD_LIMIT_MS / 2) await rm(building, { force: true });
    return false;
  }
}
