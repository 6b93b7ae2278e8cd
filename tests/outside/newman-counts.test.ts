import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import test, { after, before } from "node:test";
import type { Counts } from "../../src/core/evidence.js";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import type { NewmanSummary } from "../../src/newman/newman.js";
import { jobOf } from "../support/collection.js";
import { fixturesDirectory } from "../support/corpus.js";
import { startTarget, type Target } from "../support/target.js";

/** What each fixture holds: [requests, failed], [assertions, failed], failures; for one iteration. */
const FIXTURES: Readonly<Record<string, readonly [number, number, number, number, number]>> = {
  "every-kind-of-failure": [4, 1, 4, 2, 6],
  "folders-and-variables": [3, 0, 9, 0, 0],
  "loop-and-skip": [4, 0, 5, 0, 0],
  "scripts-that-send": [3, 1, 2, 0, 1],
};

let target: Target;
let lanes: Lanes;

before(async () => {
  target = await startTarget();
  lanes = createLanes({
    size: 1,
    memoryLimitMb: 512,
    recycleAfterRuns: 100,
    maxResponseMb: 50,
    log: { debug: () => undefined, warn: () => undefined },
  });
  await lanes.start();
});
after(async () => {
  await lanes.close();
  await target.close();
});

function readFixture(name: string): object {
  const file = new URL(`${name}.postman_collection.json`, fixturesDirectory);
  const collection: unknown = JSON.parse(readFileSync(file, "utf8"));
  assert.ok(typeof collection === "object" && collection !== null);
  return collection;
}

/** The same collection in a Newman of its own, as its command line would run it. */
function countWithNewman(
  collection: object,
  iterationCount: number,
): Promise<Omit<Counts, "scriptsFailed">> {
  const newman: {
    run(
      options: object,
      done: (error: unknown, summary: NewmanSummary | undefined) => void,
    ): unknown;
  } = createRequire(import.meta.url)("newman");
  const options = {
    collection,
    environment: { values: [{ key: "base_url", value: target.url }] },
    iterationCount,
    reporters: [],
  };
  return new Promise((resolve, reject) => {
    newman.run(options, (error, summary) => {
      if (error || summary === undefined) {
        reject(new Error("Newman could not run the fixture", { cause: error }));
        return;
      }
      const { stats, failures } = summary.run;
      resolve({
        iterations: stats.iterations.total,
        requests: stats.requests.total,
        requestsFailed: stats.requests.failed,
        assertions: stats.assertions.total,
        assertionsFailed: stats.assertions.failed,
        failures: failures.length,
      });
    });
  });
}

test("every fixture is listed here", () => {
  const names = readdirSync(fixturesDirectory).map((file) =>
    file.replace(".postman_collection.json", ""),
  );
  assert.deepEqual(names.toSorted(), Object.keys(FIXTURES).toSorted());
});

for (const [name, expected] of Object.entries(FIXTURES)) {
  for (const iterations of [1, 2]) {
    test(`a lane counts ${name} as Newman does, ${String(iterations)} time(s)`, async () => {
      const collection = readFixture(name);
      const rows = [{ key: "base_url", value: target.url, secret: false, from: "test", hides: [] }];
      let records = 0;
      const result = await lanes.run(
        jobOf(collection, { iterations, environment: { name: "test", rows } }),
        {
          signal: new AbortController().signal,
          onRecords: (more) => {
            records += more.filter(
              ({ status, requestError }) => status !== null || requestError !== null,
            ).length;
          },
        },
      );
      const { scriptsFailed: _, ...counts } = result.counts;
      assert.deepEqual(counts, await countWithNewman(collection, iterations));
      const { requests, requestsFailed, assertions, assertionsFailed, failures } = counts;
      const times = expected.map((count) => count * iterations);
      assert.deepEqual([requests, requestsFailed, assertions, assertionsFailed, failures], times);
      assert.equal(records, requests, "every request has a record");
    });
  }
}
