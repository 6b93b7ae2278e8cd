/** One shape of work through the whole service, held against Newman twice and against the bare requests. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { BenchCase, Contender } from "./bench-case.js";
import { floor, newmanCli, newmanInProcess } from "./contenders.js";
import { startForked } from "./forked.js";
import { serve } from "./serving.js";
import { requestsOf, writeShape, type Shape } from "./shapes.js";

/** Lanes at rest boot sandboxes for the next runs; whoever is measured next must not pay for that. */
const REST_MS = 3_000;

/** Opens the case with the contenders of these names. */
export async function openShape(shape: Shape, against: ReadonlySet<string>): Promise<BenchCase> {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-bench-"));
  const target = await startForked("target-process", z.strictObject({ requests: z.int() }), [
    String(shape.answerMs),
  ]);
  const { port } = z.strictObject({ port: z.int() }).parse(target.first);
  const baseUrl = `http://127.0.0.1:${String(port)}`;
  const work = { shape, baseUrl, ...writeShape(folder, shape, baseUrl) };
  const serving = await serve(folder, shape.atOnce);
  const warm = against.has("newman-in-process") ? await newmanInProcess(work) : null;
  let highest = serving.residentMb();

  /** Whoever sends fewer requests than the work has is not faster. */
  const counted = ({ name, measure }: Contender): Contender => ({
    name,
    async measure() {
      await target.ask({});
      const durationMs = await measure();
      const { requests } = await target.ask({});
      const wanted = requestsOf(shape);
      if (requests % wanted !== 0 || requests === 0)
        throw new Error(`${name} sent ${String(requests)} requests instead of ${String(wanted)}`);
      return durationMs;
    },
  });
  const own: Contender = {
    name: "turnpike",
    async measure() {
      const durationMs = await serving.runPlan("bench");
      const { service, lanes } = serving.residentMb();
      highest = {
        service: Math.max(highest.service, service),
        lanes: Math.max(highest.lanes, lanes),
      };
      await pause(REST_MS);
      return durationMs;
    },
  };
  const others = [newmanCli(work), ...(warm === null ? [] : [warm]), floor(work)];
  return {
    name: shape.name,
    own: counted(own),
    against: others.filter(({ name }) => against.has(name)).map(counted),
    note: () =>
      `memory after a run: service ${String(highest.service)} MB, lanes together ${String(highest.lanes)} MB`,
    async close() {
      warm?.close();
      await serving.close();
      target.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
