import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { judge } from "../../src/core/judge.js";
import { execute } from "../../src/newman/execute.js";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { toJobMessage } from "../../src/newman/messages.js";
import { checkRuntime, type Newman } from "../../src/newman/newman.js";
import { jobOf, PASSING_TEST, sketchCollection } from "../support/collection.js";
import { laneSizes, runJob } from "../support/lanes.js";
import { startTarget, type Target } from "../support/target.js";

const task = { allowEmpty: false, timeoutMs: 60_000 };

let target: Target;
let lanes: Lanes;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-lane-"));
  target = await startTarget();
  lanes = createLanes({ ...laneSizes, size: 1 });
  await lanes.start();
});
after(async () => {
  await lanes.close();
  await target.close();
  await rm(folder, { recursive: true });
});

test("a green collection passes with Newman's counts and one record for each request and iteration, in order", async () => {
  const collection = sketchCollection(
    { url: `${target.url}/first`, test: PASSING_TEST },
    { url: `${target.url}/second`, test: [...PASSING_TEST, "pm.test.skip('later', () => {});"] },
  );
  const { result, records } = await runJob(lanes, jobOf(collection, { iterations: 2 }));
  assert.deepEqual(result, {
    ended: "finished",
    counts: {
      iterations: 2,
      requests: 4,
      requestsFailed: 0,
      assertions: 6,
      assertionsFailed: 0,
      scriptsFailed: 0,
      failures: 0,
    },
    assertionsSkipped: 2,
    failures: [],
    runError: null,
    outputs: {},
    exports: {},
  });
  assert.deepEqual(
    records.map(({ index, iteration, itemId, url, status }) => [
      index,
      iteration,
      itemId,
      url,
      status,
    ]),
    [
      [0, 0, "item-0", `${target.url}/first`, 200],
      [1, 0, "item-1", `${target.url}/second`, 200],
      [2, 1, "item-0", `${target.url}/first`, 200],
      [3, 1, "item-1", `${target.url}/second`, 200],
    ],
  );
  assert.deepEqual(
    records[1]?.assertions.map(({ outcome }) => outcome),
    ["passed", "skipped"],
  );
  assert.ok(
    records.every(({ exchange }) => exchange === null),
    "bodies are kept for failures only",
  );
  assert.equal(judge(result, task, null).status, "passed");
});

test("a red assertion fails the task, names itself, and keeps the bodies of its request", async () => {
  const collection = sketchCollection({
    name: "create",
    method: "POST",
    url: `${target.url}/status/500`,
    body: { mode: "raw", raw: "x".repeat(20_000) },
    test: ["console.log('seen', 1);", ...PASSING_TEST],
  });
  const { result, records } = await runJob(lanes, jobOf(collection));
  const judgement = judge(result, task, null);
  assert.equal(judgement.status, "failed");
  assert.equal(judgement.cause, "assertion");
  assert.match(
    judgement.reason ?? "",
    /in "create": status is 200: expected response to have status code 200/,
  );
  assert.ok(records[0]);
  assert.deepEqual(records[0].console, [{ level: "log", text: "seen 1" }]);
  assert.equal(records[0].exchange?.responseBody, '{"ok":true}');
  assert.ok((records[0].exchange.requestBody?.length ?? 0) < 9_000, "the body is cut");
});

for (const [what, script, reason] of [
  ["a script with a syntax error", "pm.test('x', () => {};", /SyntaxError/],
  [
    "an exception in a timer of a script",
    "pm.test('x', () => {}); setTimeout(() => { throw new Error('late'); }, 5);",
    /late/,
  ],
  [
    "an assertion that fails after its test has ended",
    "pm.test('x', async () => { throw new Error('inside'); });",
    /inside/,
  ],
] as const) {
  test(`${what} fails the task`, async () => {
    const { result } = await runJob(
      lanes,
      jobOf(sketchCollection({ url: target.url, test: [script] })),
    );
    const judgement = judge(result, task, null);
    assert.deepEqual([judgement.status, judgement.cause], ["failed", "script"]);
    assert.match(judgement.reason ?? "", reason);
  });
}

for (const [what, collection, more, cause] of [
  ["no requests", () => sketchCollection(), {}, "no_requests"],
  ["requests and no assertion", () => sketchCollection({ url: target.url }), {}, "no_assertions"],
  [
    "skipped assertions only",
    () => sketchCollection({ url: target.url, test: ["pm.test.skip('x', () => {});"] }),
    {},
    "no_assertions",
  ],
  [
    "a folder it does not have",
    () => sketchCollection({ url: target.url }),
    { folder: ["absent"] },
    "collection",
  ],
  ["null for a collection", () => null, {}, "collection"],
  ["a path for a collection", () => "/etc/hostname", {}, "collection"],
  [
    "iteration data that is none",
    () => sketchCollection({ url: target.url, test: PASSING_TEST }),
    { data: { format: "json", text: "{" } },
    "collection",
  ],
] as const) {
  test(`a run with ${what} could not be proven: ${cause}`, async () => {
    const { result } = await runJob(lanes, jobOf(collection(), more));
    const judgement = judge(result, task, null);
    assert.deepEqual([judgement.status, judgement.cause], ["errored", cause]);
  });
}

test("data rows, globals and environment reach the scripts as Newman ranks them", async () => {
  const collection = sketchCollection({
    url: `${target.url}/{{path}}`,
    test: [
      "pm.test(['row', 'base', 'only'].map((name) => pm.variables.get(name)).join(), () => {});",
    ],
  });
  const row = (key: string, value: unknown) => ({
    key,
    value,
    secret: false,
    from: "test",
    hides: [],
  });
  const { records } = await runJob(
    lanes,
    jobOf(collection, {
      data: { format: "csv", text: "row,base\n007,data\n2,data\n" },
      environment: { name: "e", rows: [row("base", "environment"), row("path", "there")] },
      globals: [
        { key: "only", value: "global" },
        { key: "base", value: "global" },
      ],
    }),
  );
  assert.deepEqual(
    records.map(({ url, assertions }) => [url, assertions[0]?.name]),
    [
      [`${target.url}/there`, "7,data,global"],
      [`${target.url}/there`, "2,data,global"],
    ],
  );
});

test("what a script sends is counted and recorded like any request", async () => {
  const script = `pm.sendRequest('${target.url}/side', () => pm.test('sent', () => {}));`;
  const { result, records } = await runJob(
    lanes,
    jobOf(sketchCollection({ name: "main", url: target.url, test: [script] })),
  );
  assert.equal(result.counts.requests, 2);
  assert.deepEqual(
    records.map(({ name }) => name),
    ["main", "main (sent by a script)"],
  );
});

test("a file outside the working directory is not sent, and the task does not pass; one inside is", async () => {
  await writeFile(join(folder, "inside.txt"), "content-of-the-file");
  const upload = (src: string) =>
    jobOf(
      sketchCollection({
        method: "POST",
        url: `${target.url}/upload`,
        body: { mode: "formdata", formdata: [{ key: "file", type: "file", src }] },
        test: PASSING_TEST,
      }),
      { workingDirectory: folder },
    );
  const inside = await runJob(lanes, upload("inside.txt"));
  assert.equal(judge(inside.result, task, null).status, "passed");
  assert.match(target.requests.at(-1)?.body ?? "", /content-of-the-file/);
  for (const path of ["/etc/hostname", "../../../../../../etc/hostname"]) {
    const { result } = await runJob(lanes, upload(path));
    assert.doesNotMatch(target.requests.at(-1)?.body ?? "", /etc|hostname/);
    const judgement = judge(result, task, null);
    assert.equal(judgement.status, "failed");
    assert.match(judgement.reason ?? "", /outside working directory/);
  }
  const { result } = await runJob(lanes, { ...upload("/etc/hostname"), refusedFiles: "warn" });
  assert.equal(judge(result, task, null).status, "passed");
});

test("a run that Newman ends twice has no result", async () => {
  const twice: Newman = {
    run(_options, done) {
      setImmediate(() => {
        done(new Error("the script took too long"), undefined);
        done(null, undefined);
      });
      return { on: () => undefined };
    },
  };
  await assert.rejects(
    execute(twice, toJobMessage(jobOf({}), { maxResponseBytes: 1 }), {
      onRecords: () => undefined,
      takeTurn: () => Promise.resolve(0),
    }),
    /ended the same run twice/,
  );
});

test("a runtime that cannot contain scripts is refused", () => {
  for (const version of ["7.40.0", "7.56.1", "8.0.0"]) checkRuntime(version);
  for (const version of ["7.39.1", "6.99.0"]) {
    assert.throws(() => {
      checkRuntime(version);
    }, /cannot contain scripts.*npm ci.*npm pack/);
  }
});
