/** `npm run bench -- --soak 500`: so many runs one after the other in one service, with the memory it and its lanes hold. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { startForked } from "./forked.js";
import { serve } from "./serving.js";
import { writeShape, type Shape } from "./shapes.js";

/** Memory is compared from here on: what is loaded and compiled on the way is there by then. */
const WARM_RUNS = 50;
const SHAPE: Shape = {
  name: "soak",
  collections: 2,
  requests: 5,
  scripts: 2,
  rows: null,
  answerMs: 0,
  atOnce: null,
};

/** Prints the memory every 50 runs, and how much it grew after the first 50. */
export async function soak(runs: number, say: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-soak-"));
  const target = await startForked("target-process", z.unknown(), ["0"]);
  const { port } = z.strictObject({ port: z.int() }).parse(target.first);
  writeShape(folder, SHAPE, `http://127.0.0.1:${String(port)}`);
  const serving = await serve(folder, SHAPE.atOnce);
  try {
    let warm = serving.residentMb();
    for (let run = 1; run <= runs; run += 1) {
      await serving.runPlan("bench");
      if (run % WARM_RUNS !== 0 && run !== runs) continue;
      const now = serving.residentMb();
      if (run === WARM_RUNS) warm = now;
      say(
        `${String(run)} runs: service ${String(now.service)} MB, lanes together ${String(now.lanes)} MB`,
      );
    }
    const now = serving.residentMb();
    say(
      `after the first ${String(WARM_RUNS)}: service ${signed(now.service - warm.service)} MB, lanes ${signed(now.lanes - warm.lanes)} MB`,
    );
  } finally {
    await serving.close();
    target.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${String(value)}`;
}
