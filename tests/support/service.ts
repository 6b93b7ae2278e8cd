/** A whole Turnpike in this process: embedded engine, real lanes, API on a free port, everything in a temporary folder. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadConfig } from "../../src/config.js";
import type { RunReport } from "../../src/reports/report.js";
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

/** As many as there are lanes: sandboxes and a spare process in store would cost every test more than its runs do. */
const EXPECTED_RUNS = 2;

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
    expectedRuns: EXPECTED_RUNS,
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

/** Runs a plan of the service to its end, and gives its report as data, as the text of the command line, and as the page. */
export async function runPlan(
  { url }: LiveService,
  plan: string,
): Promise<{ readonly report: RunReport; readonly text: string; readonly page: string }> {
  const submitted = await fetch(`${url}/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ plan }),
  });
  const receipt = await submitted.text();
  assert.equal(submitted.status, 202, receipt);
  const { id } = JSON.parse(receipt) as { readonly id: string };
  const read = async (path: string): Promise<string> =>
    (await fetch(`${url}/v1/runs/${id}${path}`)).text();
  await read("?wait=240");
  const [json, text, page] = await Promise.all(
    ["json", "txt", "html"].map((extension) => read(`/report.${extension}`)),
  );
  const report = JSON.parse(json ?? "") as RunReport;
  assert.notEqual(report.verdict, null, `the run has ended: ${text ?? ""}`);
  return { report, text: text ?? "", page: page ?? "" };
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
