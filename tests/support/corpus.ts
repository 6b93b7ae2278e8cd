/** The corpus of other people's collections beside the repository: its cases, their servers, and what Newman itself counted. */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import { startPosts, startRawEcho, startRedirects, type RunningServer } from "./newman-servers.js";

export const repository = findRepository();
/** Collections of our own, which serve where the corpus is absent. */
export const fixturesDirectory = pathToFileURL(
  `${resolve(repository, "tests/fixtures/collections")}/`,
);
export const corpusDirectory = resolve(repository, "../shared/corpus");

const pairSchema = z.tuple([z.number().nullable(), z.number().nullable()]);
const caseSchema = z.looseObject({
  id: z.string(),
  server: z.string(),
  args: z.array(z.string()),
  expect: z.looseObject({
    exit: z.union([z.number(), z.string()]),
    requests: pairSchema,
    assertions: pairSchema,
    failures: z.number().nullable(),
    report: z.boolean(),
  }),
});
export type CorpusCase = z.infer<typeof caseSchema>;

/** Every case, or null where the corpus is absent (on a stranger's clone). */
export function readCorpus(): readonly CorpusCase[] | null {
  const path = resolve(corpusDirectory, "cases.json");
  if (!existsSync(path)) return null;
  return z.array(caseSchema).parse(JSON.parse(readFileSync(path, "utf8")));
}

export interface CorpusServers {
  /** Why a case cannot run here; null when it can. */
  missingFor(corpusCase: Pick<CorpusCase, "server">): string | null;
  close(): Promise<void>;
}

const START_LIMIT_MS = 15_000;

/** Starts what is installed; a server that listens already is used as it is. */
export async function startCorpusServers(): Promise<CorpusServers> {
  const servers = await Promise.all([
    startHttpbin(),
    startOwn("newman-servers, port 4041", 4041, startRawEcho),
    startOwn("newman-servers, port 4042", 4042, startRedirects),
    // The corpus names httpbin alone for the cases that ask this one too.
    startOwn("the posts on port 43001", 43_001, startPosts),
    useListening("prism-petstore", 42_010),
  ]);
  const [httpbin, echo, redirects, posts, prism] = servers;
  return {
    missingFor({ server }) {
      const needed = [
        ...(server.includes("httpbin") ? [httpbin, posts] : []),
        ...(server.includes("newman-servers") ? [echo, redirects] : []),
        ...(server.includes("prism") ? [prism] : []),
      ];
      return needed.find(({ problem }) => problem !== null)?.problem ?? null;
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

interface Started extends RunningServer {
  readonly problem: string | null;
}

const nothingToClose = (): Promise<void> => Promise.resolve();

async function useListening(name: string, port: number): Promise<Started> {
  const problem = (await isListening(port))
    ? null
    : `${name} is not listening on port ${String(port)} and is not started by this test`;
  return { problem, close: nothingToClose };
}

async function startOwn(
  name: string,
  port: number,
  start: (port: number) => Promise<RunningServer>,
): Promise<Started> {
  try {
    return { problem: null, ...(await start(port)) };
  } catch (error) {
    if (await isListening(port)) return { problem: null, close: nothingToClose };
    return { problem: `${name} could not be started: ${String(error)}`, close: nothingToClose };
  }
}

/** Debian's httpbin under gunicorn, with a clean environment so that it is Debian's Python that runs it. */
async function startHttpbin(): Promise<Started> {
  const port = 3080;
  if (await isListening(port)) return { problem: null, close: nothingToClose };
  const child = spawn(
    "gunicorn",
    ["-b", `127.0.0.1:${String(port)}`, "-k", "gthread", "--threads", "8", "httpbin:app"],
    { env: { PATH: "/usr/bin:/bin" }, stdio: "ignore" },
  );
  const end = new Promise<string>((resolveEnd) => {
    child.once("error", (error) => {
      resolveEnd(error.message);
    });
    child.once("exit", (code) => {
      resolveEnd(`it ended with code ${String(code)}`);
    });
  });
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    await end;
  };
  const started = new AbortController();
  const problem = await Promise.race([end, waitUntilListening(port, started.signal)]);
  started.abort();
  if (problem === null) return { problem: null, close };
  await close();
  return {
    problem: `httpbin could not be started (packages python3-httpbin and gunicorn): ${problem}`,
    close: nothingToClose,
  };
}

/** Null as soon as something listens on the port; a text when nothing does within the limit, or the signal ends the wait. */
async function waitUntilListening(port: number, signal: AbortSignal): Promise<string | null> {
  const limit = Date.now() + START_LIMIT_MS;
  while (!signal.aborted && Date.now() < limit) {
    if (await isListening(port)) return null;
    await new Promise((next) => setTimeout(next, 50));
  }
  return `nothing listens on port ${String(port)}`;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      answer(true);
    });
    socket.once("error", () => {
      answer(false);
    });
  });
}

/** The folder of package.json, wherever this file was compiled to. */
function findRepository(): string {
  let directory = fileURLToPath(new URL(".", import.meta.url));
  while (!existsSync(resolve(directory, "package.json"))) directory = resolve(directory, "..");
  return directory;
}
