/** What is under test: `turnpike serve` and `turnpike worker`, each a process that can be killed, stopped and started again. */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../src/main.js", import.meta.url));
/** More than by default, because services die here every few seconds; what is started more often may be given up. */
export const MAX_STARTS = 12;
const START_LIMIT_MS = 300_000;
/** What each of the two says when it is ready. */
const READY = /(?:serves at|takes tasks of namespace) (\S+)/;
const STOP_LIMIT_MS = 60_000;

export interface Serving {
  /** Where the service answered last; started again it has a new port. A worker has none. */
  url(): string;
  /** Starts it and waits until it serves; starts it anew when it dies on the way. */
  start(signal: AbortSignal): Promise<void>;
  /** SIGKILL, and waits until the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP for so long, then SIGCONT. */
  suspend(durationMs: number): Promise<void>;
  /** Process ids of its lanes; none while it starts. */
  lanes(): readonly number[];
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
}

export interface ServingOptions {
  readonly command: "serve" | "worker";
  /** Folder with collections and environments; the data directory and the log lie there too. */
  readonly folder: string;
  readonly redisUrl: string | null;
  readonly lanes: number;
  /** Modules loaded ahead of the program. */
  readonly preload: readonly URL[];
  readonly logFile: string;
}

export function createServing(options: ServingOptions): Serving {
  let child: ChildProcess | null = null;
  let gone: Promise<unknown> = Promise.resolve();
  let url = "";
  /** Whether it serves: before that it has lanes that start, and dies with them. */
  let serves = false;
  const launch = async (signal: AbortSignal): Promise<boolean> => {
    const started = spawnService(options);
    child = started;
    gone = new Promise((resolve) => started.once("close", resolve));
    const found = await firstUrl(started, options.logFile, signal);
    if (found !== null) url = found;
    serves = found !== null;
    return found !== null;
  };
  return {
    url: () => url,
    async start(signal) {
      const until = Date.now() + START_LIMIT_MS;
      while (!(await launch(signal))) {
        if (signal.aborted) return;
        if (Date.now() > until)
          throw new Error(`the service does not start; see ${options.logFile}`);
        // A supervisor would start it again, too: Redis may be down at this moment.
        await pause(300);
      }
    },
    async kill() {
      serves = false;
      child?.kill("SIGKILL");
      await gone;
    },
    async suspend(durationMs) {
      child?.kill("SIGSTOP");
      await pause(durationMs);
      child?.kill("SIGCONT");
    },
    lanes: () => (serves ? childrenOf(child?.pid ?? 0) : []),
    async stop() {
      child?.kill("SIGTERM");
      const limit = setTimeout(() => child?.kill("SIGKILL"), STOP_LIMIT_MS);
      await gone;
      clearTimeout(limit);
      return child?.exitCode ?? null;
    },
  };
}

function spawnService(options: ServingOptions): ChildProcess {
  const { command, folder, redisUrl, lanes, preload } = options;
  const imports = preload.flatMap((module) => ["--import", module.href]);
  const place = command === "serve" ? ["--port", "0"] : [];
  const limits = ["--lanes", String(lanes), "--max-starts", String(MAX_STARTS)];
  const args = [command, ...place, ...limits, "--log-level", "warn"];
  return spawn(process.execPath, [...imports, PROGRAM, ...args], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** The address it says it serves at; null when it ends first. Everything it says goes into the log. */
function firstUrl(
  child: ChildProcess,
  logFile: string,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve) => {
    let text = "";
    const heard = (more: string): void => {
      appendFileSync(logFile, more);
    };
    heard(`--- ${new Date().toISOString()} process ${String(child.pid)}\n`);
    child.stderr?.setEncoding("utf8").on("data", heard);
    child.stdout?.setEncoding("utf8").on("data", (more: string) => {
      heard(more);
      text += more;
      const found = READY.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("close", (code, deathSignal) => {
      heard(`--- ended with ${String(code ?? deathSignal)}\n`);
      resolve(null);
    });
    signal.addEventListener("abort", () => {
      resolve(null);
    });
  });
}

/** From `ps`, which knows these columns on every system it exists on. */
function childrenOf(pid: number): number[] {
  const text = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  return text
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((row) => row !== null && Number(row[2]) === pid && row[3]?.includes("child.js"))
    .map((row) => Number(row?.[1]));
}
