/** `npm run bench`: measures whole runs, from submission to verdict, each case in turn with what it is held against. */

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { BenchCase, Contender } from "./bench-case.js";
import { engine1000Case, random30Case } from "./case-engine.js";
import { lanesCase } from "./case-lanes.js";
import { openShape } from "./case-shape.js";
import { SHAPES } from "./shapes.js";
import { soak } from "./soak.js";

const AGAINST = ["newman-cli", "newman-in-process", "floor"] as const;
/** Without `--rounds` a case gets no further round once it has taken this long, so that everything is done in minutes. */
const CASE_LIMIT_MS = 75_000;

interface BenchResult {
  readonly name: string;
  readonly against: string;
  readonly medianMs: number;
  readonly againstMedianMs: number;
  /** How many times faster than the other; for the floor, how many times its time. */
  readonly ratio: number;
}

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string" },
    only: { type: "string", multiple: true },
    against: { type: "string", multiple: true },
    soak: { type: "string" },
  },
});
const rounds = Number(values.rounds ?? 5);
const limitMs = values.rounds === undefined ? CASE_LIMIT_MS : Number.POSITIVE_INFINITY;
const cases: ReadonlyMap<string, (against: ReadonlySet<string>) => Promise<BenchCase>> = new Map([
  ...SHAPES.map((shape) => [shape.name, openShape.bind(null, shape)] as const),
  ["lanes-4", lanesCase],
  ["engine-1000", engine1000Case],
  ["random-30", random30Case],
]);
const chosen = chooseOf("--only", values.only, [...cases.keys()]);
const against = chooseOf("--against", values.against, AGAINST);

say(
  `${String(availableParallelism())} cores, Node ${process.version}; newman is the one in node_modules, with the newer runtime package.json gives it`,
);
if (values.soak !== undefined) await soak(Number(values.soak), say);
else await compare();

async function compare(): Promise<void> {
  const results: BenchResult[] = [];
  const notes: string[] = [];
  for (const [name, open] of cases) {
    if (!chosen.has(name)) continue;
    const bench = await open(against);
    try {
      results.push(...(await measure(bench)));
      notes.push(`${name}: ${bench.note()}`);
    } finally {
      await bench.close();
    }
  }
  for (const line of [...results.map(lineOf), ...notes]) say(line);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ cases: results }, null, 2)}\n`);
}

/** All contenders in turn, round by round, so that a drifting machine disturbs them alike. */
async function measure(bench: BenchCase): Promise<BenchResult[]> {
  const begun = performance.now();
  const contenders = [bench.own, ...bench.against];
  // What stays warm between runs is measured warm; a command line starts anew each time.
  for (const contender of contenders)
    if (contender.name !== "newman-cli") await contender.measure();
  const figures = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]));
  for (let round = 1; round <= rounds; round += 1) {
    const line: string[] = [];
    for (const contender of contenders) {
      const durationMs = await contender.measure();
      figures.get(contender)?.push(durationMs);
      line.push(`${contender.name} ${durationMs.toFixed(0)} ms`);
    }
    say(`${bench.name} ${String(round)}/${String(rounds)}: ${line.join(", ")}`);
    if (performance.now() - begun > limitMs) break;
  }
  const medianMs = median(figures.get(bench.own) ?? []);
  return bench.against.map((other) => {
    const againstMedianMs = median(figures.get(other) ?? []);
    const ratio = other.name === "floor" ? medianMs / againstMedianMs : againstMedianMs / medianMs;
    return { name: bench.name, against: other.name, medianMs, againstMedianMs, ratio };
  });
}

function lineOf({ name, against: other, medianMs, againstMedianMs, ratio }: BenchResult): string {
  const claim = other === "floor" ? "times its time" : "times as fast";
  return `${name}: ${String(medianMs)} ms, ${other} ${String(againstMedianMs)} ms, ${ratio.toFixed(2)} ${claim}`;
}

function chooseOf(
  flag: string,
  asked: readonly string[] | undefined,
  known: readonly string[],
): ReadonlySet<string> {
  const unknown = (asked ?? []).filter((name) => !known.includes(name));
  if (unknown.length === 0) return new Set(asked ?? known);
  throw new Error(`${flag}: there is no ${unknown.join(", ")}; there is ${known.join(", ")}`);
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return Math.round(sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
