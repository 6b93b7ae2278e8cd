/** The thread a script sandbox lives in, started with its code compiled already: parsing 2 MB anew is most of what a boot costs. */

import { Worker } from "node:worker_threads";
import { z } from "zod";

/** Pieces of source text that uvm's own class brings into the firmware of its threads (uvm 4.0.2, lib/worker.js). */
export interface FirmwareParts {
  /** The expression that is the thread's port. */
  readonly self: string;
  readonly exceptionHandler: string;
}

export interface CodeCache {
  /** Takes the place of uvm's own class. */
  readonly workerClass: new (firmware: string, options: unknown) => Worker;
  /** Asks the sandbox that was started last for its code as compiled so far; those started from now on begin with it. */
  fill(): Promise<void>;
}

const optionsSchema = z.looseObject({ bootCode: z.string(), debug: z.boolean().optional() });
const compiledSchema = z.strictObject({ turnpikeCompiled: z.instanceof(Uint8Array) });

/**
 * Threads as uvm's own class starts them, but for the way the code gets in: as data instead of a literal inside the
 * firmware, and with V8's code cache. Each thread gets a copy of both, so that no sandbox can change what the next one
 * starts with. A cache that V8 refuses only costs its time.
 */
export function createCodeCache(parts: FirmwareParts): CodeCache {
  let compiled: Uint8Array | null = null;
  let newest: Worker | null = null;
  const remember = (worker: Worker): void => {
    newest = worker;
  };

  class SandboxWorker extends Worker {
    static readonly __self = parts.self;
    static readonly __exceptionHandler = parts.exceptionHandler;
    static readonly __bootCodeExecutor = (): string => BOOT;

    constructor(firmware: string, options: unknown) {
      const { bootCode, debug = false } = optionsSchema.parse(options);
      super(firmware, {
        eval: true,
        stdout: !debug,
        stderr: !debug,
        execArgv: ["--experimental-global-webcrypto"],
        workerData: { bootCode, compiled },
      });
      remember(this);
    }
  }
  return {
    workerClass: SandboxWorker,
    async fill() {
      const worker = newest;
      if (worker === null) throw new Error("no sandbox was started yet");
      compiled = await new Promise((resolve, reject) => {
        const onMessage = (message: unknown): void => {
          const answer = compiledSchema.safeParse(message);
          if (!answer.success) return;
          worker.off("message", onMessage);
          resolve(answer.data.turnpikeCompiled);
        };
        worker.on("message", onMessage);
        worker.once("exit", () => {
          reject(new Error("the sandbox ended before it told its compiled code"));
        });
        worker.postMessage({ turnpikeCompile: true }, []);
      });
    },
  };
}

/**
 * Runs in the thread, before any script, in place of uvm's `require("vm").runInThisContext(...)`. Only the first sandbox,
 * which starts without compiled code and never sees a script of a run, can be asked for it.
 */
const BOOT = `{
  const { workerData: { bootCode, compiled }, parentPort } = require("worker_threads");
  const { Script } = require("vm");
  const script = new Script(bootCode, compiled === null ? {} : { cachedData: compiled });
  if (compiled === null) {
    parentPort.on("message", (message) => {
      if (message?.turnpikeCompile) parentPort.postMessage({ turnpikeCompiled: script.createCachedData() });
    });
  }
  script.runInThisContext();
}`;
