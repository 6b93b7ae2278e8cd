/** Script sandboxes booted ahead of need: while one run uses its own, the next run's is made ready. Each serves one run only. */

import { z } from "zod";
import { messageOf } from "../core/errors.js";
import { requireOf, runtimeVersions } from "./runtime-versions.js";
import { installBridge } from "./sandbox-bridge.js";
import { createReserve, type Reserve } from "./sandbox-reserve.js";
import { createCodeCache, type CodeCache, type FirmwareParts } from "./sandbox-worker.js";

/** Modules of packages that come with Newman; they are loaded from beside it, never from beside this file. */
const SANDBOX_MODULE = "postman-sandbox";
const WORKER_MODULE = "uvm/lib/worker.js";

/** A sandbox as the runtime uses it (postman-sandbox, lib/postman-sandbox.js). */
interface Sandbox {
  once(name: "error" | "exit", listener: () => void): void;
  off(name: "error" | "exit", listener: () => void): void;
  execute(event: object, options: object, done: (error: unknown) => void): void;
  dispose(): void;
}
type Boot = (options: unknown, done: (error: unknown, sandbox?: Sandbox) => void) => void;
interface SandboxModule {
  createContext: Boot;
}

export interface SandboxStock {
  /** Why sandboxes are booted the plain way instead of ahead; null when they are not. */
  readonly warning: string | null;
  /** A run begins. */
  work(): void;
  /** The run is over. */
  rest(): void;
}

/**
 * Puts a stock of so many sandboxes into the packages Newman is going to load; must be called before that, and awaited
 * before the first run.
 */
export async function openSandboxStock(size: number): Promise<SandboxStock> {
  const opened = await tryToOpen(size);
  if (typeof opened !== "string") return { warning: null, ...opened };
  const idle = (): void => undefined;
  return { warning: `scripts start slower than they could: ${opened}`, work: idle, rest: idle };
}

async function tryToOpen(size: number): Promise<string | Pick<Reserve<Sandbox>, "work" | "rest">> {
  const require = requireOf(["newman", "postman-runtime", "postman-sandbox"]);
  const unknown = runtimeVersions()
    .filter(({ known, installed }) => installed !== known)
    .map(
      ({ name, known, installed }) => `${name} is ${installed ?? "not found"} instead of ${known}`,
    );
  if (unknown.length > 0) return unknown.join(", ");
  const requireOfUvm = requireOf(["newman", "postman-runtime", "postman-sandbox", "uvm"]);
  if (!installBridge(requireOfUvm)) return "uvm's bridge is not what it should be";
  // Compiling for others and handing that over costs more than the one sandbox of a lane that keeps none gains.
  const cache = size === 0 ? undefined : installCodeCache(requireOfUvm);
  const sandboxes: unknown = require(SANDBOX_MODULE);
  if (cache === null || !isSandboxModule(sandboxes))
    return "postman-sandbox is not what it should be";
  try {
    if (cache !== undefined) await warmUp(sandboxes.createContext, cache);
  } catch (error) {
    return messageOf(error);
  }
  const plain = sandboxes.createContext;
  const reserve = createReserve(() => bootAhead(plain), size);
  sandboxes.createContext = stocked(plain, reserve);
  return reserve;
}

/** The first sandbox serves no run: it compiles what runs are going to need, and hands that over. */
async function warmUp(boot: Boot, cache: CodeCache): Promise<void> {
  const sandbox = await bootOne(boot);
  try {
    await new Promise<void>((resolve, reject) => {
      sandbox.execute(WARM_EVENT, { context: WARM_CONTEXT }, (error) => {
        if (error == null) resolve();
        else reject(new Error("the first sandbox could not run a script", { cause: error }));
      });
    });
    await cache.fill();
  } finally {
    sandbox.dispose();
  }
}

/** Answers with a sandbox from the stock where a run asks for a usual one. */
function stocked(boot: Boot, reserve: Reserve<Sandbox>): Boot {
  return (options, done) => {
    if (!isUsual(options)) {
      boot(options, done);
      return;
    }
    const hand = (sandbox: Sandbox | null): void => {
      if (sandbox === null) boot(options, done);
      else done(null, sandbox);
    };
    // Handed over outside of the promise: what the run throws is then an exception, as it is without a stock.
    void reserve.take().then((sandbox) => setImmediate(hand, sandbox));
  };
}

/** Booted and waiting; null when it could not be booted at all. */
async function bootAhead(boot: Boot): Promise<{ take(): Sandbox | null } | null> {
  const sandbox = await bootOne(boot).catch(() => null);
  if (sandbox === null) return null;
  let alive = true;
  const die = (): void => {
    alive = false;
  };
  sandbox.once("error", die);
  sandbox.once("exit", die);
  return {
    take() {
      sandbox.off("error", die);
      sandbox.off("exit", die);
      return alive ? sandbox : null;
    },
  };
}

function bootOne(boot: Boot): Promise<Sandbox> {
  return new Promise((resolve, reject) => {
    boot({ timeout: Infinity, serializeLogs: undefined }, (error, sandbox) => {
      if (sandbox !== undefined && error == null) resolve(sandbox);
      else reject(new Error("a sandbox could not be booted", { cause: error }));
    });
  });
}

/** What the runtime asks for when a run has no script timeout and no options of its own for the sandbox. */
const usualSchema = z.strictObject({ timeout: z.literal(Infinity), serializeLogs: z.undefined() });

function isUsual(options: unknown): boolean {
  return usualSchema.safeParse(options).success;
}

function installCodeCache(require: NodeJS.Require): CodeCache | null {
  const parts = firmwarePartsOf(require(WORKER_MODULE));
  const loaded = require.cache[require.resolve(WORKER_MODULE)];
  if (loaded === undefined || parts === null) return null;
  const cache = createCodeCache(parts);
  loaded.exports = cache.workerClass;
  return cache;
}

function firmwarePartsOf(workerClass: unknown): FirmwareParts | null {
  if (typeof workerClass !== "function" || !("__bootCodeExecutor" in workerClass)) return null;
  const self: unknown = Reflect.get(workerClass, "__self");
  const exceptionHandler: unknown = Reflect.get(workerClass, "__exceptionHandler");
  if (typeof self !== "string" || typeof exceptionHandler !== "string") return null;
  return { self, exceptionHandler };
}

function isSandboxModule(value: unknown): value is SandboxModule {
  return (
    typeof value === "object" &&
    value !== null &&
    "createContext" in value &&
    typeof value.createContext === "function"
  );
}

/** What scripts usually do, so that the code for it is compiled before it is kept. */
const WARM_EVENT = {
  listen: "test",
  script: {
    type: "text/javascript",
    exec: [
      "pm.variables.set('a', pm.variables.replaceIn('{{$guid}} {{$randomFirstName}}'));",
      "pm.environment.set('b', 1); pm.collectionVariables.get('c'); pm.globals.get('d');",
      "const body = pm.response.json();",
      "pm.test('a', () => pm.response.to.have.status(200));",
      "pm.test('b', () => pm.expect(body).to.have.property('id').that.is.a('number'));",
      "pm.test('c', () => pm.expect(body).to.eql({ id: 1 }));",
      "console.log(pm.request.url.toString(), pm.response.headers.get('content-type'));",
    ],
  },
};
const WARM_CONTEXT = {
  request: { method: "GET", url: "http://127.0.0.1/items/1", header: [] },
  response: {
    code: 200,
    status: "OK",
    header: [{ key: "content-type", value: "application/json" }],
    stream: { type: "Buffer", data: [...new TextEncoder().encode('{"id":1}')] },
    responseTime: 1,
  },
  environment: { values: [] },
  collectionVariables: { values: [] },
  globals: { values: [] },
};
