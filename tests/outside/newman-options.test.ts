import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import type { RequestRecord } from "../../src/core/evidence.js";
import type { CollectionJob } from "../../src/core/collection-job.js";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { jobOf, PASSING_TEST, sketchCollection } from "../support/collection.js";
import { runNewmanCommand } from "../support/newman-command.js";
import { createProject, type Project } from "../support/project.js";

let target: Server;
let base: string;
let lanes: Lanes;
let project: Project;
/** Request targets as they arrived; a proxy is sent whole URLs. */
let asked: string[] = [];

before(async () => {
  project = createProject();
  target = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "application/json");
    response.end('{"ok":true}');
  });
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  base = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}`;
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
  await project.remove();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

interface Seen {
  readonly asked: readonly string[];
  readonly assertions: number;
  readonly assertionsFailed: number;
  readonly requests: number;
  readonly failures: number;
}

async function runNewman(collection: object, ...flags: readonly string[]): Promise<Seen> {
  asked = [];
  project.write("theirs.json", collection);
  const { directory } = project;
  const { report } = await runNewmanCommand(["theirs.json", ...flags], { directory });
  assert.ok(report !== null, "Newman wrote no report");
  const { stats, failures } = report.run;
  return {
    asked: [...asked],
    assertions: stats.assertions.total,
    assertionsFailed: stats.assertions.failed,
    requests: stats.requests.total,
    failures: failures.length,
  };
}

async function runLane(
  collection: object,
  more: Partial<CollectionJob> = {},
): Promise<{ readonly seen: Seen; readonly records: readonly RequestRecord[] }> {
  asked = [];
  const records: RequestRecord[] = [];
  const result = await lanes.run(jobOf(collection, more), {
    signal: new AbortController().signal,
    onRecords: (come) => records.push(...come),
  });
  const { assertions, assertionsFailed, requests, failures } = result.counts;
  assert.equal(result.ended, "finished");
  const seen = { asked: [...asked], assertions, assertionsFailed, requests, failures };
  return { seen, records };
}

const RED = ["pm.test('red', () => pm.expect(1).to.equal(2));"];

// Not both modifiers at once: Newman prints its end then and stays, without a report; what we do is tested below.
for (const bail of [false, true, "failure", "folder"] as const) {
  test(`bail ${JSON.stringify(bail)} sends and counts what Newman does`, async () => {
    const collection = sketchCollection(
      { url: `${base}/first`, test: PASSING_TEST },
      { url: `${base}/second`, test: RED },
      { url: `${base}/third`, test: PASSING_TEST },
    );
    const { seen } = await runLane(collection, { bail });
    const flags = bail === false ? [] : ["--bail", ...(bail === true ? [] : [bail])];
    assert.deepEqual(seen, await runNewman(collection, ...flags));
    const goesOn = bail === false || bail === "folder";
    assert.equal(seen.asked.includes("/third"), goesOn);
  });
}

test("pm.execution chooses the next request, skips one, and knows where it is, as under Newman", async () => {
  const collection = sketchCollection(
    {
      name: "first",
      url: `${base}/first`,
      test: [...PASSING_TEST, "pm.execution.setNextRequest('fourth');"],
    },
    { name: "second", url: `${base}/second`, test: PASSING_TEST },
    {
      name: "third",
      url: `${base}/third`,
      prerequest: ["pm.execution.skipRequest();"],
      test: PASSING_TEST,
    },
    {
      name: "fourth",
      url: `${base}/fourth`,
      test: [
        "pm.test('at ' + [...pm.execution.location].join(' > ') + ', in ' + pm.execution.location.current, () => {});",
        "if (!pm.environment.get('again')) { pm.environment.set('again', 'yes'); pm.execution.setNextRequest('third'); }",
        "else pm.execution.setNextRequest(null);",
      ],
    },
    { name: "fifth", url: `${base}/fifth`, test: PASSING_TEST },
  );
  const { seen, records } = await runLane(collection);
  assert.deepEqual(seen, await runNewman(collection));
  assert.deepEqual(seen.asked, ["/first", "/fourth", "/fourth"]);
  const names = records.flatMap(({ assertions }) => assertions.map(({ name }) => name));
  assert.deepEqual(names, [
    "status is 200",
    "at sketch > fourth, in fourth",
    "at sketch > fourth, in fourth",
  ]);
});

test("pm.visualizer.set is taken and fails nothing", async () => {
  const collection = sketchCollection({
    url: `${base}/seen`,
    test: [...PASSING_TEST, "pm.visualizer.set('<b>{{ok}}</b>', pm.response.json());"],
  });
  const { seen } = await runLane(collection);
  assert.deepEqual(seen, await runNewman(collection));
  assert.deepEqual([seen.assertions, seen.failures], [1, 0]);
});

test("a proxy that a request of the collection names is sent the request, as under Newman", async () => {
  const proxy = { match: "http+https://*/*", host: "127.0.0.1", port: Number(new URL(base).port) };
  const sketch = sketchCollection({ url: "http://shop.invalid/behind", test: PASSING_TEST });
  const text = JSON.stringify(sketch).replace(
    '"method":"GET"',
    `"method":"GET","proxy":${JSON.stringify({ ...proxy, tunnel: false })}`,
  );
  const collection = JSON.parse(text) as object;
  const { seen } = await runLane(collection);
  assert.deepEqual(seen, await runNewman(collection));
  assert.deepEqual(seen.asked, ["http://shop.invalid/behind"]);
});

test("007 in CSV data is 7 as under Newman, and stays 007 where csvTypes is false, by flag and by plan", async () => {
  const collection = sketchCollection({ url: `${base}/{{code}}`, test: PASSING_TEST });
  project.write("rows.csv", "code\n007\n");
  project.write("coded.json", collection);
  await runLane(collection, { data: { format: "csv", text: "code\n007\n" } });
  assert.deepEqual(asked, ["/7"]);
  asked = [];
  const plain = await project.run(["run", "coded.json", "-d", "rows.csv", "--no-csv-types"]);
  assert.equal(plain.code, 0, plain.stderr);
  assert.deepEqual(asked, ["/007"]);
  project.write("collections/codes/rows.csv", "code\n007\n");
  project.write("collections/codes/coded.json", collection);
  project.write(
    "collections/codes/plan.yaml",
    "name: codes\ntasks:\n  coded: { collection: coded.json, data: rows.csv, csvTypes: false, bail: [failure, folder] }\n",
  );
  const planned = await project.run(["run", "codes"]);
  assert.equal(planned.code, 0, planned.stderr);
  assert.deepEqual(asked, ["/007", "/007"]);
});

test("--bail takes Newman's modifiers and no others", async () => {
  project.write(
    "bailing.json",
    sketchCollection({ url: `${base}/a`, test: RED }, { url: `${base}/b`, test: PASSING_TEST }),
  );
  asked = [];
  assert.equal((await project.run(["run", "bailing.json", "--bail", "folder,failure"])).code, 1);
  assert.deepEqual(asked, ["/a"]);
  const wrong = await project.run(["run", "bailing.json", "--bail", "fast"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /"fast" is no modifier of --bail; give failure, folder/);
  assert.deepEqual(asked, ["/a"]);
});
