import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { renderJunit } from "../../src/reports/junit.js";
import { buildReport } from "../../src/reports/report.js";
import {
  NASTY,
  outcomeOf,
  planOf,
  recordOf,
  redRecord,
  runOf,
  someRecords,
  type SampleRun,
} from "../support/run-parts.js";
import { greenRun, largeRun, redRun } from "../support/sample-run.js";
import { parseXml, type XmlElement } from "../support/xml.js";

const PLAN = planOf({ "task-1": [], "checkpoint-2": ["task-1"] });
const SCHEMA = "../shared/corpus/schemas/jenkins-junit-10.xsd";

/** One task with a checkpoint behind it. */
function runWith(
  task: Parameters<typeof outcomeOf>[2],
  records: Parameters<typeof runOf>[0]["records"],
): SampleRun {
  const started = task?.attempt === 0 ? null : ([0, 1] as const);
  return runOf({
    plan: PLAN,
    outcomes: [
      outcomeOf("task-1", started, task),
      outcomeOf("checkpoint-2", [0, 1], {
        status: "failed",
        cause: "need",
        reason: "task-1 did not pass",
      }),
    ],
    records: records ?? {},
    verdict: "failed",
  });
}

const RUNS: Readonly<Record<string, SampleRun>> = {
  green: greenRun(),
  red: redRun(),
  large: largeRun(600),
  "crashed after green requests": runWith(
    { status: "errored", cause: "crash", reason: `the process died: ${NASTY}` },
    { "task-1": someRecords(3) },
  ),
  "timed out": runWith(
    { status: "timed_out", cause: "deadline", reason: "not done within 1 s" },
    { "task-1": someRecords(2) },
  ),
  "without assertions": runWith(
    { status: "failed", cause: "no_assertions", reason: "no assertion was made" },
    { "task-1": [recordOf(0, { assertions: [] })] },
  ),
  skipped: runWith({ status: "skipped", cause: "need", reason: "not started", attempt: 0 }, {}),
  cancelled: runWith(
    { status: "cancelled", cause: "cancelled", reason: "the run was cancelled", attempt: 0 },
    {},
  ),
  unfinished: runOf({ plan: PLAN, outcomes: [], verdict: null }),
  nasty: runWith(
    { status: "failed", cause: "assertion", reason: NASTY },
    {
      "task-1": [
        redRecord(0, {
          name: NASTY,
          folders: [NASTY, "a\nb\tc"],
          url: `http://x/${NASTY}`,
          assertions: [
            { name: `${NASTY}\r\n`, outcome: "failed", message: `${NASTY}\u0001\uFFFF` },
          ],
        }),
      ],
    },
  ),
};

function junitOf(run: SampleRun): XmlElement {
  return parseXml(renderJunit(buildReport(run)));
}

function suiteOf(run: SampleRun, id: string): XmlElement {
  const suite = junitOf(run).children.find(({ attributes }) => attributes["id"] === id);
  assert.ok(suite !== undefined, `there is no suite ${id}`);
  return suite;
}

function casesOf(suite: XmlElement): XmlElement[] {
  return suite.children.filter(({ name }) => name === "testcase");
}

function count(cases: readonly XmlElement[], result: string): number {
  return cases.filter(({ children }) => children.some(({ name }) => name === result)).length;
}

for (const [what, run] of Object.entries(RUNS)) {
  test(`the counts of a ${what} run equal the elements below them`, () => {
    const root = junitOf(run);
    assert.equal(root.children.length, run.run.plan.nodes.length);
    const all = root.children.flatMap(casesOf);
    for (const [element, cases] of [
      [root, all],
      ...root.children.map((suite) => [suite, casesOf(suite)] as const),
    ] as const) {
      assert.equal(element.attributes["tests"], String(cases.length));
      assert.equal(element.attributes["failures"], String(count(cases, "failure")));
      assert.equal(element.attributes["errors"], String(count(cases, "error")));
      assert.match(element.attributes["time"] ?? "", /^\d+\.\d{3}$/);
    }
    for (const suite of root.children) {
      assert.equal(suite.attributes["skipped"], String(count(casesOf(suite), "skipped")));
      assert.ok(casesOf(suite).length > 0, "a suite without a case is green for every reader");
      const names = casesOf(suite).map(({ attributes }) => attributes["name"]);
      assert.equal(new Set(names).size, names.length, "two cases have one name");
    }
  });

  test(`a node that did not pass is not green in a ${what} run`, () => {
    const report = buildReport(run);
    for (const node of report.tasks) {
      const cases = casesOf(suiteOf(run, node.id));
      const notGreen = count(cases, "failure") + count(cases, "error");
      if (node.status === "passed") assert.equal(notGreen, 0, node.id);
      else if (node.status === "skipped") assert.equal(count(cases, "skipped"), 1, node.id);
      else assert.ok(notGreen > 0, node.id);
    }
    const red = report.tasks.some(({ status }) => status !== "passed");
    const root = junitOf(run).attributes;
    assert.equal(Number(root["failures"]) + Number(root["errors"]) > 0, red);
  });
}

test("an assertion that fails in iteration 1 and passes in 2 and 3 is exactly one failure", () => {
  const cases = casesOf(suiteOf(RUNS["red"] ?? redRun(), "task-3")).filter(({ attributes }) =>
    attributes["name"]?.includes("status is 200"),
  );
  assert.deepEqual(
    cases.map(({ attributes, children }) => [attributes["name"], children.map(({ name }) => name)]),
    [
      ["Happy path / config / Update config: status is 200 (iteration 1)", ["failure"]],
      ["Happy path / config / Update config: status is 200 (iteration 2)", []],
      ["Happy path / config / Update config: status is 200 (iteration 3)", []],
    ],
  );
});

test("request and script errors are errors, and carry how to repeat the request", () => {
  const errors = casesOf(suiteOf(redRun(), "task-3")).flatMap(({ children }) =>
    children.filter(({ name }) => name === "error"),
  );
  assert.deepEqual(
    errors.map(({ attributes }) => attributes["type"]),
    ["request", "script"],
  );
  assert.match(errors[0]?.text ?? "", /ECONNREFUSED[\s\S]*curl -X POST 'http:/);
});

test("a request that a script repeats in a loop gives cases of different names", () => {
  const run = runWith(
    {},
    { "task-1": [recordOf(0, { name: "poll" }), recordOf(4, { name: "poll" })] },
  );
  const names = casesOf(suiteOf(run, "task-1")).map(({ attributes }) => attributes["name"]);
  assert.equal(names[0], "Happy path / config / poll: status is as documented");
  assert.equal(names[2], "Happy path / config / poll: status is as documented #2");
});

const validator = spawnSync("xmllint", ["--version"]).error === undefined ? "xmllint" : null;
const noValidator =
  validator === null
    ? "xmllint is not installed (Debian: libxml2-utils)"
    : existsSync(SCHEMA)
      ? false
      : `${SCHEMA} is not there`;
if (noValidator !== false)
  console.log(`not validated against the schema of Jenkins: ${noValidator}`);

test(
  "every sample is valid against the schema of Jenkins, and a planted wrong document is not",
  { skip: noValidator },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "turnpike-junit-"));
    try {
      const validate = (xml: string): number | null => {
        const file = join(folder, "report.xml");
        writeFileSync(file, xml);
        return spawnSync("xmllint", ["--noout", "--schema", SCHEMA, file]).status;
      };
      for (const [what, run] of Object.entries(RUNS))
        assert.equal(validate(renderJunit(buildReport(run))), 0, what);
      assert.notEqual(validate('<testsuites><testsuite name="x"/></testsuites>'), 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test("the reader of these tests refuses documents that are not well-formed", () => {
  for (const xml of [
    "<a><b></a></b>",
    "<a>&nbsp;</a>",
    "<a>& b</a>",
    '<a b="1" b="2"/>',
    "<a>\u0001</a>",
    "<a>",
    "<a/><b/>",
    "<a><</a>",
  ]) {
    assert.throws(() => parseXml(xml), assert.AssertionError, xml);
  }
});
