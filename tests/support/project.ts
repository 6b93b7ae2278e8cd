/** A project as a user has it: a folder with plans, collections and environments, and the real command line run in it. */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../src/main.js", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What was written so far, both streams. */
  text(): string;
  /** Resolves when the text matches; rejects when the process ends first or after 90 s. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface Project {
  readonly directory: string;
  write(path: string, content: unknown): void;
  read(path: string): string;
  start(args: readonly string[], variables?: Readonly<Record<string, string>>): Running;
  run(args: readonly string[], variables?: Readonly<Record<string, string>>): Promise<Ended>;
  remove(): Promise<void>;
}

export function createProject(): Project {
  const directory = mkdtempSync(join(tmpdir(), "turnpike-project-"));
  mkdirSync(join(directory, "collections"));
  mkdirSync(join(directory, "environments"));
  const running = new Set<Running>();
  const start: Project["start"] = (args, variables = {}) => {
    const started = startProgram(directory, args, variables);
    running.add(started);
    started.ended.then(
      () => running.delete(started),
      () => undefined,
    );
    return started;
  };
  return {
    directory,
    write(path, content) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(
        join(directory, path),
        typeof content === "string" ? content : JSON.stringify(content),
      );
    },
    read: (path) => readFileSync(join(directory, path), "utf8"),
    start,
    run: (args, variables) => start(args, variables).ended,
    async remove() {
      for (const { child, ended } of running) {
        child.kill("SIGKILL");
        await ended;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function startProgram(
  cwd: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Running {
  const inherited = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "" };
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd,
    env: { ...inherited, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  const text = (): string => `${stdout}\n${stderr}`;
  return {
    child,
    ended,
    text,
    async says(pattern) {
      const until = Date.now() + 90_000;
      for (;;) {
        const match = pattern.exec(text());
        if (match !== null) return match;
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > until) {
          throw new Error(`never said ${String(pattern)}:\n${text()}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
  };
}

/** A v2.1 collection of GET requests, each with the lines of its test script. */
export function collectionOf(
  name: string,
  requests: readonly { readonly url: string; readonly test?: readonly string[] }[],
): object {
  return {
    info: { name, schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
    item: requests.map(({ url, test }, index) => ({
      name: `${name} ${String(index + 1)}`,
      request: { method: "GET", url },
      event:
        test === undefined
          ? []
          : [{ listen: "test", script: { type: "text/javascript", exec: test } }],
    })),
  };
}

export const STATUS_200 = ["pm.test('answers 200', () => pm.response.to.have.status(200));"];
