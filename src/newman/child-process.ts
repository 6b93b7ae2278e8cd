/** One forked child seen from its parent: started with nothing of ours, read message by message, and its death put into words. */

import { fork } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { LAPSED_EXIT_CODE } from "./lease.js";
import { fromChildSchema, type FromChild, type ToChild } from "./messages.js";

const MAX_STDERR_LENGTH = 4_096;
const MAX_CAUSE_LENGTH = 300;

/** Loading Newman takes a second; a child that is silent for this long will not start at all. */
const START_LIMIT_MS = 60_000;

/**
 * Room, in MB, before V8 collects in a process and in each of its sandboxes: with less, the sandbox of a short run has its
 * whole memory marked twice, and its youngest collected every few requests.
 */
const ROOM = ["--initial-old-space-size=64", "--min-semi-space-size=2"];

/**
 * Node's permission model, where it is stable: a child never writes a file, starts a process, or loads native code. It may
 * read anywhere, because the folder of a run is known only after the child has started; what it connects to is the
 * egress guard's to decide, also on Nodes whose model knows connections.
 */
const CONFINEMENT = process.allowedNodeEnvironmentFlags.has("--permission")
  ? [
      "--permission",
      "--allow-worker",
      "--allow-fs-read=*",
      ...(process.allowedNodeEnvironmentFlags.has("--allow-net") ? ["--allow-net"] : []),
      "--disable-warning=SecurityWarning",
    ]
  : [];

type Message = Exclude<FromChild, { readonly type: "crash" | "ready" }>;

export interface ChildOptions {
  /** Compiled module the child runs. */
  readonly childModule: URL;
  readonly memoryLimitMb: number;
  /** Script sandboxes it keeps booted while it rests. */
  readonly sandboxes: number;
}

export interface Child {
  readonly pid: number | undefined;
  /** Resolves when the child can take a job, with what it warns of; stays pending for ever when it dies before. */
  readonly ready: Promise<string | null>;
  /** Resolves when the process is gone and its last message has been read, with the cause in plain words. */
  readonly gone: Promise<string>;
  state(): "starting" | "ready" | "gone";
  /** Takes every message from now on, until the next call. */
  listen(onMessage: (message: Message) => void): void;
  send(message: ToChild): void;
  kill(): void;
}

/** Forks a child with an empty environment and no inherited streams. */
export function startChild({ childModule, memoryLimitMb, sandboxes }: ChildOptions): Child {
  const path = fileURLToPath(childModule);
  const child = fork(path, [String(sandboxes)], {
    env: {},
    // Newman reads a settings file from its working directory; there is none beside the program.
    cwd: dirname(path),
    execArgv: [`--max-old-space-size=${String(memoryLimitMb)}`, ...ROOM, ...CONFINEMENT],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let state: ReturnType<Child["state"]> = "starting";
  let stderr = "";
  let lastWord: string | null = null;
  let onMessage: (message: Message) => void = () => undefined;
  const die = (why: string): void => {
    lastWord ??= why;
    child.kill("SIGKILL");
  };
  const startLimit = setTimeout(
    die,
    START_LIMIT_MS,
    `it was not ready after ${String(START_LIMIT_MS / 1000)} s`,
  );

  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_LENGTH);
  });
  const ready = new Promise<string | null>((resolve) => {
    child.on("message", (raw) => {
      const read = fromChildSchema.safeParse(raw);
      if (!read.success) die(`it sent a message that is none: ${read.error.message}`);
      else if (read.data.type === "crash") lastWord = read.data.cause;
      else if (read.data.type !== "ready") onMessage(read.data);
      else {
        clearTimeout(startLimit);
        state = "ready";
        resolve(read.data.warning ?? null);
      }
    });
  });
  const gone = new Promise<string>((resolve) => {
    const leave = (cause: string): void => {
      clearTimeout(startLimit);
      state = "gone";
      resolve(cause);
    };
    child.on("error", (error) => {
      lastWord ??= error.message;
      // A process that could not be started at all has no exit.
      if (child.pid === undefined) leave(`the process could not be started: ${error.message}`);
    });
    // `close` comes after the exit, the last byte of stderr and the last message.
    child.on("close", (code, signal) => {
      leave(describeDeath({ code, signal, lastWord, stderr, memoryLimitMb }));
    });
  });
  return {
    pid: child.pid,
    ready,
    gone,
    state: () => state,
    listen(listener) {
      onMessage = listener;
    },
    send(message) {
      // A message to a child that has just died is lost; its exit tells what happened.
      child.send(message, () => undefined);
    },
    kill() {
      child.kill("SIGKILL");
    },
  };
}

function describeDeath(death: {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lastWord: string | null;
  readonly stderr: string;
  readonly memoryLimitMb: number;
}): string {
  const { code, signal, lastWord, stderr, memoryLimitMb } = death;
  if (/heap out of memory|Reached heap limit/.test(stderr)) {
    return `the process ran out of memory (limit ${String(memoryLimitMb)} MB)`;
  }
  if (code === LAPSED_EXIT_CODE)
    return "the process ended itself, because its lease was over and its parent silent";
  const how =
    signal === null
      ? `the process ended with exit code ${String(code)}`
      : `the process was killed by ${signal}`;
  const why = lastWord ?? lastLine(stderr);
  return why === null ? how : `${how}: ${shortenCause(why)}`;
}

function lastLine(text: string): string | null {
  return (
    text
      .trim()
      .split("\n")
      .findLast((line) => /error/i.test(line)) ?? null
  );
}

function shortenCause(cause: string): string {
  const [first = ""] = cause.split("\n");
  return first.slice(0, MAX_CAUSE_LENGTH);
}
