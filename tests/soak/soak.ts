/** `npm run soak`: runs under random faults on a real service, each held against the invariants; ends with one line and an exit code. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { runSoak } from "./run-soak.js";

const PLANTS = { "no-fence": new URL("./plant-no-fence.js", import.meta.url) };

const optionsSchema = z.strictObject({
  minutes: z.coerce.number().min(0.1).max(600).default(2),
  backend: z.enum(["redis", "embedded"]),
  seed: z.coerce
    .number()
    .int()
    .min(0)
    .default(() => Date.now() % 1_000_000),
  /** A violation put into the service, which must be found. */
  plant: z.enum(["no-fence"]).optional(),
});

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    backend: { type: "string" },
    seed: { type: "string" },
    plant: { type: "string" },
  },
});
const read = optionsSchema.safeParse(values);
if (!read.success) {
  process.stderr.write(
    `${z.prettifyError(read.error)}\nusage: npm run soak -- --minutes N --backend redis|embedded [--seed S] [--plant no-fence]\n`,
  );
  process.exit(2);
}
const { minutes, backend, seed, plant } = read.data;
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    stop.abort(new Error(`stopped by ${signal}`));
  });
}
const folder = mkdtempSync(join(tmpdir(), `turnpike-soak-${backend}-`));
say(`soak of ${String(minutes)} min on ${backend}, --seed ${String(seed)}, in ${folder}`);

try {
  const result = await runSoak({
    folder,
    backend,
    seed,
    durationMs: minutes * 60_000,
    plant: plant === undefined ? null : PLANTS[plant],
    signal: stop.signal,
    say,
  });
  const { runs, nodes, faults, stuck, wrong, leftover } = result;
  const sawNothing = runs === 0 || faults === 0;
  if (sawNothing) say("no run or no fault took place: that proves nothing");
  const isClean = stuck + wrong + leftover === 0 && !sawNothing;
  if (!isClean) {
    writeFileSync(join(folder, "evidence.json"), JSON.stringify(result.failing, null, 1));
    say(`kept: ${folder} (service.log, and evidence.json with every run that was wrong)`);
  }
  say(
    `runs ${String(runs)} nodes ${String(nodes)} faults ${String(faults)} stuck ${String(stuck)} wrong ${String(wrong)} leftover ${String(leftover)}`,
  );
  if (isClean) rmSync(folder, { recursive: true, force: true });
  process.exitCode = isClean ? 0 : 1;
} catch (error) {
  say(`the soak itself failed: ${String(error)}; kept: ${folder}`);
  process.exitCode = stop.signal.aborted ? 130 : 3;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
