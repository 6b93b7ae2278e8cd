/** Those the service is held against: Newman's command line, Newman kept warm in processes of its own, and bare requests. */

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Contender } from "./bench-case.js";
import { startForked, type Forked } from "./forked.js";
import type { Shape } from "./shapes.js";

const NEWMAN = fileURLToPath(new URL("../../../node_modules/.bin/newman", import.meta.url));

interface Work {
  readonly shape: Shape;
  readonly baseUrl: string;
  readonly collections: readonly string[];
  readonly data: string | null;
}

/** `xargs -P` over the command line; the first measurement tries one process for each core and ten, and the better one stays. */
export function newmanCli({ shape, collections, data }: Work): Contender {
  const degrees = new Set([availableParallelism(), 10].map((n) => Math.min(n, shape.collections)));
  let best: number | null = null;
  const run = async (atOnce: number): Promise<number> => {
    const begun = performance.now();
    const flags = data === null ? [] : ["--iteration-data", data];
    const xargs = spawn(
      "xargs",
      ["-n1", `-P${String(atOnce)}`, process.execPath, NEWMAN, "run", ...flags],
      { stdio: ["pipe", "ignore", "inherit"] },
    );
    xargs.stdin.end(collections.join("\n"));
    const code = await new Promise((resolve) => {
      xargs.once("close", resolve);
    });
    if (code !== 0) throw new Error(`xargs ended with exit code ${String(code)}`);
    return performance.now() - begun;
  };
  return {
    name: "newman-cli",
    async measure() {
      if (best !== null) return run(best);
      const tries: { readonly atOnce: number; readonly durationMs: number }[] = [];
      for (const atOnce of degrees) tries.push({ atOnce, durationMs: await run(atOnce) });
      const [first] = tries.toSorted((left, right) => left.durationMs - right.durationMs);
      if (first === undefined) throw new Error("nothing was tried");
      best = first.atOnce;
      return first.durationMs;
    },
  };
}

const newmanAnswerSchema = z.strictObject({ failed: z.string().nullable() });
type NewmanProcess = Forked<z.infer<typeof newmanAnswerSchema>>;

/** As many warm processes as the service has lanes, each taking the next collection when it has finished one. */
export async function newmanInProcess({
  shape,
  collections,
  data,
}: Work): Promise<Contender & { close(): void }> {
  const count = Math.min(shape.atOnce ?? Math.max(2, availableParallelism()), shape.collections);
  const processes: NewmanProcess[] = [];
  for (let index = 0; index < count; index += 1)
    processes.push(await startForked("newman-process", newmanAnswerSchema));
  return {
    name: "newman-in-process",
    async measure() {
      const begun = performance.now();
      const waiting = [...collections];
      const work = async (newman: NewmanProcess): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const { failed } = await newman.ask({ collection: next, data });
          if (failed !== null) throw new Error(`Newman failed: ${failed}`);
        }
      };
      await Promise.all(processes.map(work));
      return performance.now() - begun;
    },
    close() {
      for (const newman of processes) newman.kill();
    },
  };
}

/** The same requests by Node's own fetch (undici): collections side by side, the requests of each one after the other. */
export function floor({ shape, baseUrl }: Work): Contender {
  const collection = async (): Promise<void> => {
    for (let request = 0; request < shape.requests * (shape.rows ?? 1); request += 1)
      await (await fetch(`${baseUrl}/items/${String(request)}`)).json();
  };
  return {
    name: "floor",
    async measure() {
      const begun = performance.now();
      await Promise.all(Array.from({ length: shape.collections }, collection));
      return performance.now() - begun;
    },
  };
}
