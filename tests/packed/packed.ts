/** `npm run test:packed`: packs the program, installs it from the tarball, and runs a collection with what was installed. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { z } from "zod";
import { PASSING_TEST, sketchCollection } from "../support/collection.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const INSTALL_LIMIT_MS = 600_000;
const RUN_LIMIT_MS = 120_000;

const manifestSchema = z.object({
  version: z.string(),
  overrides: z.object({ "postman-runtime": z.string() }),
});

const execute = promisify(execFile);
const { values } = parseArgs({
  // A prefix that holds an installation already; without it the program is packed and installed into a temporary one.
  options: { installed: { type: "string" } },
});

/** Installs the program as a user would. It is built already, so that nothing has to be built twice. */
async function install(folder: string): Promise<string> {
  const prefix = join(folder, "prefix");
  const options = { cwd: ROOT, timeout: INSTALL_LIMIT_MS };
  await execute("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], options);
  const { version } = await readManifest();
  const tarball = join(folder, `turnpike-${version}.tgz`);
  const flags = ["--prefix", prefix, "--no-audit", "--no-fund"];
  await execute("npm", ["install", "--global", ...flags, tarball], options);
  return prefix;
}

async function readManifest(): Promise<z.infer<typeof manifestSchema>> {
  return manifestSchema.parse(JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")));
}

async function check(prefix: string, folder: string): Promise<void> {
  const manifest = await readManifest();
  const program = join(prefix, "bin", "turnpike");
  const options = { cwd: folder, timeout: RUN_LIMIT_MS };
  const { stdout } = await execute(program, ["--version"], options);
  assert.equal(stdout.trim(), manifest.version);

  // The runtime names itself and its version in each request, so the target knows which one really ran.
  const agents: (string | undefined)[] = [];
  const target = createServer((request, response) => {
    agents.push(request.headers["user-agent"]);
    response.end("{}");
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  try {
    const address = target.address();
    assert.ok(typeof address === "object" && address !== null);
    const url = `http://127.0.0.1:${String(address.port)}/`;
    const collection = sketchCollection({ url, test: PASSING_TEST });
    await writeFile(join(folder, "packed.postman_collection.json"), JSON.stringify(collection));
    // A verdict other than passed is an exit code other than 0, which rejects.
    await execute(program, ["run", "packed.postman_collection.json"], options);
  } finally {
    target.close();
  }
  const runtime = manifest.overrides["postman-runtime"];
  assert.deepEqual(agents, [`PostmanRuntime/${runtime}`]);
  process.stdout.write(`packed: turnpike ${manifest.version} ran postman-runtime ${runtime}\n`);
}

const folder = await mkdtemp(join(tmpdir(), "turnpike-packed-"));
try {
  await check(values.installed ?? (await install(folder)), folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
