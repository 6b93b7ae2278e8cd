/** `npm run bench`: measures whole runs, from submission to verdict, each case in turn with what it is held against. */

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { lanesCase } from "./case-lanes.js";

/** Two ways of doing the same work, measured alternately so that a drifting machine disturbs both alike. */
export interface BenchCase {
  readonly name: string;
  readonly against: string;
  /** Milliseconds of one run of each. */
  readonly measure: () => Promise<number>;
  readonly measureAgainst: () => Promise<number>;
  readonly close: () => Promise<void>;
}

interface BenchResult {
  readonly name: string;
  readonly against: string;
  readonly medianMs: number;
  readonly againstMedianMs: number;
  /** How many times faster than the other. */
  readonly ratio: number;
}

const { values } = parseArgs({
  options: { json: { type: "string" }, rounds: { type: "string", default: "5" } },
});

const results: BenchResult[] = [];
for (const open of [lanesCase]) {
  const bench = await open();
  try {
    results.push(await measure(bench, Number(values.rounds)));
  } finally {
    await bench.close();
  }
}
say(`${String(cpus().length)} cores, Node ${process.version}`);
for (const { name, against, medianMs, againstMedianMs, ratio } of results) {
  say(
    `${name}: ${String(medianMs)} ms, against ${against}: ${String(againstMedianMs)} ms, ratio ${ratio.toFixed(2)}`,
  );
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ cases: results }, null, 2)}\n`);

async function measure(bench: BenchCase, rounds: number): Promise<BenchResult> {
  // One round to warm up both.
  await bench.measure();
  await bench.measureAgainst();
  const own: number[] = [];
  const other: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    own.push(await bench.measure());
    other.push(await bench.measureAgainst());
    say(
      `${bench.name} ${String(round)}/${String(rounds)}: ${String(own.at(-1))} ms, ${bench.against} ${String(other.at(-1))} ms`,
    );
  }
  const medianMs = median(own);
  const againstMedianMs = median(other);
  return {
    name: bench.name,
    against: bench.against,
    medianMs,
    againstMedianMs,
    ratio: againstMedianMs / medianMs,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
