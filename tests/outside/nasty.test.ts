import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "node:test";
import { judge, type Judgement } from "../../src/core/judge.js";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { jobOf } from "../support/collection.js";
import { corpusDirectory, startCorpusServers } from "../support/corpus.js";
import { LOOPBACK_ONLY, laneSizes, runJob } from "../support/lanes.js";

/** The nasty collections that are only slow or long, with what each has to come to when it is given the time. */
const SLOW = new Map([
  ["d15", { status: "passed", requests: [5, 0], assertions: [5, 0] }],
  ["d16", { status: "failed", requests: [4, 3], assertions: [1, 0] }],
  ["d21", { status: "passed", requests: [1_000, 0], assertions: [1_000, 0] }],
]);
/** The others by what they are made to do wrong. */
const METADATA = "d05-metadata";
const NEVER_GREEN = new Map([
  ["a02", "a collection that cannot be one"],
  ["a03", "an empty list"],
  ["a04", "null"],
  ["c01", "an endless loop"],
  ["c08", "an endless regular expression"],
  ["c14", "throws of every kind"],
  ["c15", "syntax errors"],
  ["c16", "a cycle without assertions"],
  ["d01", "files from outside the folder"],
  ["d04", "ports of the machine"],
  [METADATA, "metadata addresses"],
]);
const DEADLINE_MS = 6_000;
const SLOW_LIMIT_MS = 120_000;
/** From the deadline until the killed process is gone. */
const KILL_LIMIT_MS = 3_000;
const LANES = 2;
const MIN_CASES = 40;

const folder = resolve(corpusDirectory, "nasty");
const skip = !existsSync(folder) && "the nasty corpus (../shared/corpus/nasty) is absent here";

interface Ended {
  readonly id: string;
  readonly judgement: Judgement;
  readonly tookMs: number;
}

async function runFile(lanes: Lanes, file: string): Promise<Ended | null> {
  const id = file.replace(/\..*$/, "");
  let collection: unknown;
  try {
    collection = JSON.parse(readFileSync(resolve(folder, file), "utf8"));
  } catch {
    // What is no JSON never reaches a lane.
    return null;
  }
  // From its turn on: waiting for a lane is no part of a deadline.
  const startedAt = Date.now();
  const result = await lanes.run(
    jobOf(collection, {
      workingDirectory: folder,
      egress: LOOPBACK_ONLY,
      allowUnresolved: true,
      timeoutScriptMs: 2_000,
      timeoutRequestMs: 3_000,
    }),
    { signal: AbortSignal.timeout(DEADLINE_MS), onRecords: () => undefined },
  );
  const tookMs = Date.now() - startedAt;
  const judgement = judge(result, { allowEmpty: false, timeoutMs: DEADLINE_MS }, "deadline");
  return { id: id.startsWith("d05") ? METADATA : id, judgement, tookMs };
}

test(
  "every nasty collection ends within its deadline with an outcome, and the lanes live on",
  { skip },
  async (context) => {
    const servers = await startCorpusServers();
    const lanes = createLanes({ ...laneSizes, size: LANES });
    try {
      await lanes.start();
      const files = readdirSync(folder)
        .filter((file) => /^[a-d]\d\d(-.*)?\.json$|^d05-.*\.json$/.test(file))
        .filter((file) => !SLOW.has(file.slice(0, 3)));
      const ended: Ended[] = [];
      const work = async (): Promise<void> => {
        for (let file = files.shift(); file !== undefined; file = files.shift()) {
          const one = await runFile(lanes, file);
          if (one !== null) ended.push(one);
        }
      };
      await Promise.all(Array.from({ length: LANES }, work));
      for (const { id, judgement, tookMs } of ended) {
        context.diagnostic(
          `${id}: ${judgement.status} after ${String(tookMs)} ms: ${judgement.reason ?? ""}`,
        );
      }
      const late = ended.filter(({ tookMs }) => tookMs > DEADLINE_MS + KILL_LIMIT_MS);
      assert.deepEqual(
        late.map(({ id }) => id),
        [],
        "cases that outlived their deadline",
      );
      const green = ended.filter(
        ({ id, judgement }) => judgement.status === "passed" && NEVER_GREEN.has(id),
      );
      assert.deepEqual(
        green.map(({ id }) => id),
        [],
        "cases that must not pass",
      );
      assert.ok(ended.length >= MIN_CASES, `only ${String(ended.length)} cases ran`);
      assert.equal(ended.filter(({ id }) => id === METADATA).length, 1);
      await lanes.start();
      assert.equal(lanes.status().filter(({ pid, busy }) => pid !== null && !busy).length, LANES);
    } finally {
      await lanes.close();
      await servers.close();
    }
  },
);

test("nothing of the metadata collection leaves the machine", { skip }, async () => {
  const [file] = readdirSync(folder).filter((name) => name.startsWith("d05"));
  assert.ok(file);
  const lanes = createLanes({ ...laneSizes, size: 1 });
  try {
    const collection: unknown = JSON.parse(readFileSync(resolve(folder, file), "utf8"));
    const problems: (string | null)[] = [];
    await lanes.run(jobOf(collection, { egress: LOOPBACK_ONLY, timeoutRequestMs: 3_000 }), {
      signal: AbortSignal.timeout(20_000),
      onRecords: (records) => problems.push(...records.map(({ requestError }) => requestError)),
    });
    assert.ok(problems.length > 0);
    for (const problem of problems)
      assert.match(problem ?? "answered", /refused by the egress guard/);
  } finally {
    await lanes.close();
  }
});

test(
  "the slow and the long ones come to what the index says of them",
  { skip },
  async (context) => {
    const servers = await startCorpusServers();
    const lanes = createLanes({ ...laneSizes, size: LANES });
    try {
      const missing = servers.missingFor({ server: "httpbin" });
      if (missing !== null) {
        context.skip(missing);
        return;
      }
      const ended = await Promise.all(
        [...SLOW.keys()].map(async (id) => {
          const text = readFileSync(resolve(folder, `${id}.json`), "utf8");
          const job = jobOf(JSON.parse(text), { egress: LOOPBACK_ONLY, timeoutRequestMs: 5_000 });
          const { result } = await runJob(lanes, job, AbortSignal.timeout(SLOW_LIMIT_MS));
          const { counts } = result;
          const { status } = judge(
            result,
            { allowEmpty: false, timeoutMs: SLOW_LIMIT_MS },
            "deadline",
          );
          const requests = [counts.requests, counts.requestsFailed];
          return [
            id,
            { status, requests, assertions: [counts.assertions, counts.assertionsFailed] },
          ] as const;
        }),
      );
      assert.deepEqual(new Map(ended), SLOW);
      // Without a limit for scripts an interval that is never cleared lasts until the deadline of its task.
      const endless: unknown = JSON.parse(readFileSync(resolve(folder, "c03.json"), "utf8"));
      const { result } = await runJob(
        lanes,
        jobOf(endless, { egress: LOOPBACK_ONLY }),
        AbortSignal.timeout(DEADLINE_MS),
      );
      const { status } = judge(result, { allowEmpty: false, timeoutMs: DEADLINE_MS }, "deadline");
      assert.equal(status, "timed_out");
    } finally {
      await lanes.close();
      await servers.close();
    }
  },
);
