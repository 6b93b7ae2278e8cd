import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { countsSchema, type Counts, type RequestRecord } from "../../src/core/evidence.js";
import { judge } from "../../src/core/judge.js";
import { createLanes } from "../../src/newman/lanes.js";
import {
  corpusDirectory,
  readCorpus,
  startCorpusServers,
  type CorpusCase,
} from "../support/corpus.js";
import { toCorpusJob } from "../support/corpus-job.js";
import { doingsOfLane, doingsOfNewman } from "../support/doings.js";
import { runNewmanCommand } from "../support/newman-command.js";

/** Cases that take long by their nature. The same rules hold for them; `CORPUS=all` runs them too. */
const SLOW = new Map([
  ["newman-integration/set-next-request", "loops for 60 s until it is killed"],
  ["nasty/a22-csv-2000-rows", "2,000 iterations"],
  ["nasty/c04-interval-no-timeout", "hangs for 15 s until it is killed"],
  ["nasty/d15-slow", "10 s of slow answers"],
  ["nasty/d16-dead", "10 s of answers that never come"],
]);
/** Where Newman is silently green, and we must not be. */
const FALSE_GREEN = new Set(["nasty/a03-array", "nasty/c16-snr-self", "nasty/d01-etc-passwd"]);
/** Where the variables at the end are not Newman's: nobody's two runs have the same, or we read the file otherwise on purpose. */
const OTHER_VARIABLES = new Set([
  // A random number.
  "newman-integration/distinct-random-int",
  // A row with `enabled: false`, which Newman counts.
  "newman-fixtures/overrides-failing",
  // Rows that are none, which Newman keeps.
  "nasty/a17-env-junk-values",
]);
/** Every flag, every kind of ending, and collections of each origin; a process each costs seconds. */
const BY_COMMAND_LINE = new Set([
  "newman-integration/bom-in-collection-file",
  "newman-fixtures/folder",
  "newman-fixtures/bail",
  "newman-examples/sample-n20",
  "nasty/a01-empty-file",
  "nasty/a20-csv-mess",
  "nasty/c06-global-timeout",
  "nasty/d01-etc-passwd",
  "nasty/d09-auth",
  "mojaloop/oauth",
]);
const MIN_CASES = 20;
const CONCURRENCY = 2;
const DEFAULT_LIMIT_MS = 30_000;

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const corpus = readCorpus();
const skip =
  corpus === null &&
  "the corpus (../shared/corpus) is absent here; newman-counts.test.ts holds the same for our own fixtures";
const runsAll = process.env["CORPUS"] === "all";

/** Runs every case that can run here, two at a time; prints which ran, and why the others did not. */
async function eachCase(
  say: (line: string) => void,
  wanted: (corpusCase: CorpusCase) => boolean,
  run: (corpusCase: CorpusCase, worker: number) => Promise<void>,
): Promise<void> {
  const servers = await startCorpusServers();
  try {
    const cases = (corpus ?? []).filter(wanted);
    const left = new Map<string, string>();
    let serversMissing = 0;
    for (const corpusCase of cases) {
      const missing = servers.missingFor(corpusCase);
      if (missing !== null) serversMissing++;
      const reason = missing ?? (runsAll ? undefined : SLOW.get(corpusCase.id));
      if (reason !== undefined) left.set(corpusCase.id, reason);
    }
    const queue = cases.filter(({ id }) => !left.has(id));
    const ran = queue.map(({ id }) => id);
    const wrong: string[] = [];
    const work = async (worker: number): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { id } = next;
        await run(next, worker).catch((error: unknown) => {
          wrong.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
        });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, (_, worker) => work(worker)));
    say(`${String(ran.length)} cases ran: ${ran.join(", ")}`);
    for (const [id, reason] of left) say(`did not run: ${id}: ${reason}`);
    assert.deepEqual(wrong, [], "cases that differ from Newman");
    const most = Math.min(MIN_CASES, cases.length - serversMissing);
    assert.ok(ran.length >= most, `only ${String(ran.length)} cases ran`);
  } finally {
    await servers.close();
  }
}

function compareCounts({ expect }: CorpusCase, counts: Counts): void {
  const { requests, requestsFailed, assertions, assertionsFailed, failures } = counts;
  assert.deepEqual(
    { requests: [requests, requestsFailed], assertions: [assertions, assertionsFailed], failures },
    { requests: expect.requests, assertions: expect.assertions, failures: expect.failures },
  );
}

test("one count that differs is noticed", () => {
  const corpusCase: CorpusCase = {
    id: "planted",
    server: "none",
    args: [],
    expect: { exit: 1, requests: [2, 0], assertions: [3, 1], failures: 1, report: true },
  };
  const counts: Counts = {
    iterations: 1,
    requests: 2,
    requestsFailed: 0,
    assertions: 3,
    assertionsFailed: 1,
    scriptsFailed: 0,
    failures: 1,
  };
  compareCounts(corpusCase, counts);
  for (const key of [
    "requests",
    "requestsFailed",
    "assertions",
    "assertionsFailed",
    "failures",
  ] as const) {
    assert.throws(() => {
      compareCounts(corpusCase, { ...counts, [key]: counts[key] + 1 });
    });
  }
});

test(
  "a lane does what Newman does beside it: verdict, counts, order of requests and variables; and passes nothing that Newman did not",
  { skip },
  async (context) => {
    const lanes = createLanes({
      size: CONCURRENCY,
      memoryLimitMb: 1024,
      recycleAfterRuns: 100,
      maxResponseMb: 50,
      log: { debug: () => undefined, warn: () => undefined },
    });
    let compared = 0;
    try {
      // A file that is not JSON never reaches a lane; the command line refuses it below.
      const wanted = ({ id }: CorpusCase): boolean => id !== "nasty/a01-empty-file";
      await eachCase(
        (line) => {
          context.diagnostic(line);
        },
        wanted,
        async (corpusCase) => {
          const { job, timeoutMs } = toCorpusJob(corpusCase);
          const limitMs = timeoutMs ?? (runsAll ? 180_000 : DEFAULT_LIMIT_MS);
          const records: RequestRecord[] = [];
          const result = await lanes.run(job, {
            signal: AbortSignal.timeout(
              SLOW.get(corpusCase.id)?.includes("killed") === true ? 15_000 : limitMs,
            ),
            onRecords: (more) => records.push(...more),
          });
          const { status } = judge(result, { allowEmpty: false, timeoutMs: limitMs }, "deadline");
          if (!corpusCase.expect.report) {
            assert.notEqual(status, "passed");
            return;
          }
          assert.equal(result.ended, "finished");
          compareCounts(corpusCase, result.counts);
          const asserted = records.flatMap(({ assertions }) => assertions).length;
          assert.equal(asserted, result.counts.assertions);
          assert.equal(status === "passed", exitCodeFor(corpusCase) === 0, `status ${status}`);
          const { code, report } = await runNewmanCommand(corpusCase.args, {
            directory: corpusDirectory,
          });
          assert.ok(report !== null, "Newman wrote no report");
          assert.equal(code, corpusCase.expect.exit);
          const [ours, theirs] = [doingsOfLane(result, records), doingsOfNewman(report)];
          assert.deepEqual([ours.counts, ours.requests], [theirs.counts, theirs.requests]);
          if (!OTHER_VARIABLES.has(corpusCase.id))
            assert.deepEqual(ours.variables, theirs.variables);
          compared++;
        },
      );
      context.diagnostic(`${String(compared)} cases were compared with Newman beside them`);
    } finally {
      await lanes.close();
    }
  },
);

const reportSchema = z.object({
  totals: z.object({ counts: countsSchema }),
  tasks: z.array(z.object({ status: z.string() })).length(1),
});

test(
  "`turnpike run` counts and exits as Newman's command line would",
  { skip },
  async (context) => {
    const folder = await mkdtemp(join(tmpdir(), "turnpike-corpus-"));
    try {
      const wanted = ({ id }: CorpusCase): boolean => BY_COMMAND_LINE.has(id);
      await eachCase(
        (line) => {
          context.diagnostic(line);
        },
        wanted,
        async (corpusCase, worker) => {
          const report = join(folder, `${corpusCase.id.replaceAll("/", "-")}.json`);
          // One data directory for each worker: it is created once, and belongs to one process at a time.
          const place = [
            "--data-dir",
            join(folder, `data-${String(worker)}`),
            "--report",
            `json=${report}`,
            "--quiet",
          ];
          const { exitCode, stderr } = await runCommandLine(["run", ...corpusCase.args, ...place]);
          // Where Newman wrote no report, and for what is no collection at all, only a pass would be wrong.
          if (!corpusCase.expect.report || corpusCase.expect.requests[0] === 0) {
            assert.ok(
              exitCode !== null && exitCode >= 1 && exitCode <= 5,
              `exit ${String(exitCode)}: ${stderr}`,
            );
            return;
          }
          assert.equal(exitCode, exitCodeFor(corpusCase), stderr);
          const { totals, tasks } = reportSchema.parse(JSON.parse(await readFile(report, "utf8")));
          compareCounts(corpusCase, totals.counts);
          assert.equal(tasks[0]?.status === "passed", exitCode === 0);
        },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

/** Newman's exit code, but for the runs that prove nothing: 5 where nothing ran or was asserted, 1 where a file was refused. */
function exitCodeFor({ id, expect: { exit, requests, assertions } }: CorpusCase): number | string {
  if (exit !== 0) return exit;
  if (requests[0] === 0 || assertions[0] === 0) return 5;
  return FALSE_GREEN.has(id) ? 1 : 0;
}

function runCommandLine(
  args: readonly string[],
): Promise<{ exitCode: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: corpusDirectory,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const limit = setTimeout(() => child.kill("SIGKILL"), 120_000);
    child.once("error", reject);
    child.once("close", (exitCode) => {
      clearTimeout(limit);
      resolve({ exitCode, stderr });
    });
  });
}
