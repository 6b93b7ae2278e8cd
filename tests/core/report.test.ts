import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { NO_COUNTS } from "../../src/core/evidence.js";
import { curlOf } from "../../src/reports/curl.js";
import { repeatOnce, type FailureReport } from "../../src/reports/failures.js";
import { placeOf } from "../../src/reports/failures.js";
import { buildReport } from "../../src/reports/report.js";
import {
  outcomeOf,
  planOf,
  recordOf,
  redRecord,
  runOf,
  SAMPLE_START,
  someRecords,
} from "../support/run-parts.js";
import { greenRun, redRun } from "../support/sample-run.js";

const PLAN = planOf({ "task-1": [], "checkpoint-2": ["task-1"] });

test("a green run adds up", () => {
  const report = buildReport(greenRun());
  assert.equal(report.verdict, "passed");
  assert.deepEqual(report.totals.counts, {
    ...NO_COUNTS,
    iterations: 8,
    requests: 112,
    assertions: 224,
  });
  assert.equal(report.totals.tasks.total, 8);
  assert.equal(report.totals.tasks.passed, 8);
  assert.equal(report.totals.checkpoints.passed, 2);
  assert.deepEqual(
    report.tasks.map(({ id }) => id),
    greenRun().run.plan.nodes.map(({ id }) => id),
  );
  assert.deepEqual(report.failures, []);
  assert.equal(report.startedAt, "2026-11-23T09:30:00.000Z");
  assert.equal(report.endedAt, "2026-11-23T09:30:06.220Z");
  assert.equal(report.durationMs, 6220);
});

test("the failures are those Newman counted, each with its place; consequences are not among them", () => {
  const report = buildReport(redRun());
  assert.equal(report.failures.length, report.totals.counts.failures);
  assert.deepEqual(
    report.failures.map((failure) => [failure.kind, failure.task]),
    [
      ["assertion", "task-3"],
      ["request", "task-3"],
      ["script", "task-3"],
    ],
  );
  const [first] = report.failures;
  assert.ok(first !== undefined);
  assert.equal(placeOf(first), "task-3 › Happy path › config › Update config");
  assert.deepEqual(
    {
      skipped: report.totals.tasks.skipped,
      failed: report.totals.tasks.failed,
      checkpoints: report.totals.checkpoints.failed,
    },
    { skipped: 4, failed: 1, checkpoints: 1 },
  );
});

test("a task that crashed, timed out or proved nothing is a failure of its own", () => {
  for (const more of [
    { status: "errored", cause: "crash" },
    { status: "timed_out", cause: "deadline" },
    { status: "failed", cause: "no_assertions" },
    { status: "cancelled", cause: "cancelled" },
  ] as const) {
    const outcome = outcomeOf("task-1", [0, 1], { ...more, reason: "because" });
    const { failures } = buildReport(
      runOf({
        plan: PLAN,
        outcomes: [outcome],
        records: { "task-1": someRecords(2) },
        verdict: "failed",
      }),
    );
    assert.deepEqual(failures, [{ kind: "outcome", task: "task-1", ...more, message: "because" }]);
  }
});

test("only the final attempt counts, and evidence that was appended twice counts once", () => {
  const base = runOf({
    plan: PLAN,
    outcomes: [outcomeOf("task-1", [0, 1], { attempt: 2 })],
    records: { "task-1": someRecords(3) },
    verdict: "passed",
  });
  const evidence = { type: "task.requests" as const, at: SAMPLE_START, node: "task-1" };
  const givenUp = { ...evidence, attempt: 1, records: [redRecord(0)] };
  const again = { ...evidence, attempt: 2, records: someRecords(2).toReversed() };
  const report = buildReport({ ...base, events: [givenUp, again, ...base.events] });
  assert.deepEqual(
    report.tasks[0]?.requests.map(({ index }) => index),
    [0, 1, 2],
  );
  assert.deepEqual(report.failures, []);
});

test("a run that goes on has no verdict, and counts what has come in", () => {
  const red = redRun();
  const outcomes = new Map([...red.outcomes].filter(([node]) => node === "task-1"));
  const report = buildReport({ ...red, end: null, outcomes, events: red.events });
  assert.equal(report.verdict, null);
  assert.equal(report.endedAt, null);
  assert.equal(report.durationMs, null);
  const task = report.tasks.find(({ id }) => id === "task-3");
  assert.equal(task?.status, "running");
  assert.deepEqual(task.counts, red.outcomes.get("task-3")?.counts);
  assert.equal(report.tasks.find(({ id }) => id === "task-6")?.status, "waiting");
  assert.equal(report.totals.tasks.running, 3);
});

test("the slowest requests are ten, slowest first, and those without a response are not among them", () => {
  const { slowest } = buildReport(redRun());
  assert.equal(slowest.length, 10);
  const times = slowest.map(({ responseTimeMs }) => responseTimeMs);
  assert.deepEqual(
    times,
    times.toSorted((left, right) => right - left),
  );
});

test("the report survives JSON", () => {
  const report = buildReport(redRun());
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

const exchange = (headers: readonly (readonly [string, string])[], body: string | null) => ({
  requestHeaders: headers.map(([name, value]): [string, string] => [name, value]),
  requestBody: body,
  responseHeaders: [],
  responseBody: null,
});

const CURLS: readonly (readonly [
  what: string,
  record: Parameters<typeof curlOf>[0],
  curl: string | null,
])[] = [
  ["a plain GET", recordOf(0, { url: "http://x/a" }), "curl http://x/a"],
  ["a query", recordOf(0, { url: "http://x/a?b=1&c=$HOME" }), "curl 'http://x/a?b=1&c=$HOME'"],
  [
    "a POST with a body",
    recordOf(0, { method: "POST", url: "http://x/", exchange: exchange([], "it's") }),
    `curl http://x/ --data-raw 'it'\\''s'`,
  ],
  [
    "a POST without a body",
    recordOf(0, { method: "POST", url: "http://x/" }),
    "curl -X POST http://x/",
  ],
  [
    "a GET with a body",
    recordOf(0, { url: "http://x/", exchange: exchange([], "{}") }),
    "curl -X GET http://x/ --data-raw '{}'",
  ],
  ["a HEAD", recordOf(0, { method: "HEAD", url: "http://x/" }), "curl --head http://x/"],
  [
    "a method with a quote",
    recordOf(0, { method: "A'; rm -rf /", url: "http://x/" }),
    `curl -X 'A'\\''; rm -rf /' http://x/`,
  ],
  [
    "a URL that looks like an option",
    recordOf(0, { url: "-o/etc/passwd" }),
    "curl --url -o/etc/passwd",
  ],
  [
    "a URL curl would expand",
    recordOf(0, { url: "http://x/[1-9]" }),
    "curl --globoff 'http://x/[1-9]'",
  ],
  [
    "headers",
    recordOf(0, {
      url: "http://x/",
      exchange: exchange(
        [
          ["X-A", "1\r\nX-B: 2"],
          ["Content-Length", "3"],
          ["X-Empty", ""],
          ["@file", "x"],
          ["Host", "x"],
        ],
        null,
      ),
    }),
    "curl http://x/ -H 'X-A: 1 X-B: 2' -H 'X-Empty;'",
  ],
  [
    "a body with a NUL",
    recordOf(0, { method: "POST", url: "http://x/", exchange: exchange([], "a\0b") }),
    "curl http://x/ --data-raw 'a\uFFFDb'",
  ],
  ["no URL", recordOf(0, { url: "" }), null],
];

function checkCurl([, record, curl]: (typeof CURLS)[number]): void {
  assert.equal(curlOf(record), curl);
}

for (const row of CURLS) {
  test(`the curl line of ${row[0]}`, () => {
    checkCurl(row);
  });
}

test("a POSIX shell reads a curl line as the words it was made of", () => {
  const body = `it's $HOME \`id\` $(id) "x" \\ !! \n*`;
  const record = recordOf(0, {
    method: "PUT",
    url: "http://x/a b?c='d'&e",
    exchange: exchange([["X-A", "'"]], body),
  });
  const shell = spawnSync(
    "sh",
    ["-c", `curl() { printf '%s\\037' "$@"; }\n${curlOf(record) ?? ""}`],
    { encoding: "utf8" },
  );
  assert.deepEqual(shell.stdout.split("\u001F"), [
    "-X",
    "PUT",
    "http://x/a b?c='d'&e",
    "-H",
    "X-A: '",
    "--data-raw",
    body,
    "",
  ]);
});

test("the table of curl lines finds a wrong one", () => {
  assert.throws(() => {
    checkCurl(["planted", recordOf(0, { url: "http://x/$(id)" }), "curl http://x/$(id)"]);
  }, assert.AssertionError);
});

test("several failures at one request are repeated by one line, that of the last", () => {
  const at = (index: number, name: string): FailureReport => ({
    kind: "assertion",
    task: "a",
    index,
    iteration: 0,
    folders: [],
    request: "read",
    name,
    message: "no",
    curl: `curl ${String(index)}`,
  });
  const shown = repeatOnce([at(0, "x"), at(0, "y"), at(1, "x"), { ...at(1, "y"), task: "b" }]);
  assert.deepEqual(
    shown.map((failure) => failure.kind !== "outcome" && failure.curl),
    [null, "curl 0", "curl 1", "curl 1"],
  );
});
