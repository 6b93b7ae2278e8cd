import assert from "node:assert/strict";
import { test } from "node:test";
import { readPlan } from "../../src/core/plan.js";
import { REPORT_FORMATS } from "../../src/reports/formats.js";
import { renderMarkdown } from "../../src/reports/markdown.js";
import { ANSI, PLAIN } from "../../src/reports/palette.js";
import { buildReport } from "../../src/reports/report.js";
import { renderText } from "../../src/reports/text.js";
import { NASTY, outcomeOf, runOf } from "../support/run-parts.js";
import { greenRun, largeRun, redRun, SAMPLE_PLAN } from "../support/sample-run.js";

const GREEN = buildReport(greenRun());
const RED = buildReport(redRun());
// oxlint-disable-next-line no-control-regex -- what a terminal would act on
const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/;

// oxlint-disable-next-line no-control-regex -- the switches of ANSI colours
const SWITCHES = /\u001B\[\d+m/g;

interface TextCase {
  readonly what: string;
  readonly lines: readonly string[];
  readonly holds: readonly RegExp[];
}

const TEXTS: readonly TextCase[] = [
  {
    what: "a green run",
    lines: renderText(GREEN, PLAIN),
    holds: [
      /^task-3 Postman power {8}✓ passed {8}14 {10}28 {5}2\.2 s$/m,
      /^checkpoint-5 Core proven {4}✓ passed {9}- {11}- {9}-$/m,
      /sum of tasks 15\.6 s, wall time 6\.2 s, speed-up 2\.5x/,
      /critical path task-1 -> task-3 -> checkpoint-5 -> task-8 -> checkpoint-10: 5\.9 s, 95% of the wall time/,
      /at most 4 tasks at once \(task-6, task-7, task-8, task-9\)/,
      /^PASSED {2}8 of 8 tasks passed, 2 of 2 checkpoints, 112 requests, 224 assertions, 0 failures$/m,
    ],
  },
  {
    what: "a red run",
    lines: renderText(RED, PLAIN),
    holds: [
      /^ {2}1\) task-3 › Happy path › config › Update config$/m,
      /^ {5}status is 200\n {5}expected response to have status code 200 but got 500\n {5}curl -X PUT/m,
      /✗ failed {6}10\/11 {7}17\/18/,
      /^task-6 Environment manager {2}- skipped {9}- {11}- {9}-\n {4}not started: checkpoint-5 failed$/m,
      /^FAILED {2}3 of 8 tasks passed/m,
    ],
  },
  {
    what: "a run of which nothing is known yet",
    lines: renderText(
      buildReport(runOf({ plan: SAMPLE_PLAN, outcomes: [], verdict: null })),
      PLAIN,
    ),
    holds: [/… waiting/, /No task was executed/, /^RUNNING {2}0 of 8 tasks passed/m],
  },
];

test("what a task waited for is told where it was long, in text and HTML, and as figures in JSON", () => {
  const run = greenRun();
  const waitedOf = (node: string): Record<string, number> =>
    node === "task-2" ? { "lock database": 61_000, "a lane": 2300 } : { "a lane": 400 };
  const events = run.events.map((event) =>
    event.type === "node.started" ? { ...event, waited: waitedOf(event.node) } : event,
  );
  const report = buildReport({ ...run, events });
  assert.deepEqual(report.tasks[1]?.waited, [
    { reason: "lock database", durationMs: 61_000 },
    { reason: "a lane", durationMs: 2300 },
  ]);
  const sentence = "1 min 3 s: 1 min 1 s for lock database, 2.3 s for a lane";
  const text = renderText(report, PLAIN).join("\n");
  assert.ok(text.includes(`\n    waited ${sentence}\n`), text);
  assert.equal(text.match(/waited/g)?.length, 1);
  const html = REPORT_FORMATS.html.render(report);
  assert.ok(html.includes(`<dt>Waited</dt><dd>${sentence}</dd>`));
  assert.equal(html.match(/<dt>Waited/g)?.length, 1);
  assert.deepEqual(GREEN.tasks[1]?.waited, [], "events of before say nothing of it");
});

function checkText({ lines, holds }: TextCase): void {
  const text = lines.join("\n");
  for (const pattern of holds) assert.match(text, pattern);
  for (const line of lines) assert.doesNotMatch(line, CONTROL);
}

for (const row of TEXTS) {
  test(`the terminal report of ${row.what} says what is to be known, without any control character`, () => {
    checkText(row);
  });
}

test("colour comes from the palette alone and changes no text", () => {
  const coloured = renderText(RED, ANSI).join("\n");
  const plain = renderText(RED, PLAIN).join("\n");
  assert.notEqual(coloured, plain);
  assert.equal(coloured.replaceAll(SWITCHES, ""), plain);
});

test("five hundred failures do not push the table off the screen", () => {
  const lines = renderText(buildReport(largeRun(5000)), PLAIN);
  assert.ok(lines.length < 350, String(lines.length));
  assert.ok(lines.some((line) => line.includes("and 450 more")));
});

test("a long title is cut where it would push the table off the screen", () => {
  const report = buildReport(greenRun());
  const tasks = report.tasks.map((task) => ({ ...task, title: "long ".repeat(60) }));
  const lines = renderText({ ...report, tasks }, PLAIN);
  const row = lines.find((line) => line.startsWith("task-1 ")) ?? "";
  assert.match(row, /^task-1 (?:long ){7}long…\s+✓ passed/);
  assert.ok(row.length < 110, row);
});

test("Markdown has a table of all nodes, the failures in code blocks, and no markup out of the texts of a run", () => {
  const markdown = renderMarkdown(RED);
  assert.match(markdown, /^## ❌ Tasks 1 to 10: failed$/m);
  assert.equal(
    markdown.split("\n").filter((line) => /^\| \*\*(?:task|checkpoint)-\d+\*\*/.test(line)).length,
    10,
  );
  for (const line of markdown.split("\n").filter((each) => each.startsWith("| "))) {
    assert.equal(line.replaceAll("\\|", "").split("|").length, 7, line);
  }
  assert.match(markdown, /speed-up 1\.8x/);
  const outsideBlocks = markdown.replaceAll(/^ {2}(`{3,})text\n[\s\S]*?^ {2}\1$/gm, "");
  assert.doesNotMatch(outsideBlocks, /<(?!br>)/);
  assert.doesNotMatch(markdown, new RegExp(`^${NASTY.slice(0, 9)}`, "m"));
});

test("Markdown stays far below the limit of a CI step summary at 5,000 requests", () => {
  assert.ok(renderMarkdown(buildReport(largeRun(5000))).length < 100_000);
});

test("every format renders every kind of run, and the JSON report is the model itself", () => {
  for (const [name, format] of Object.entries(REPORT_FORMATS)) {
    assert.match(format.mediaType, /^[a-z]+\/[a-z]+/, name);
    assert.match(format.extension, /^[a-z]+$/, name);
    for (const report of [GREEN, RED]) assert.ok(format.render(report).length > 500, name);
  }
  assert.equal(
    new Set(Object.values(REPORT_FORMATS).map(({ extension }) => extension)).size,
    Object.keys(REPORT_FORMATS).length,
  );
  assert.deepEqual(JSON.parse(REPORT_FORMATS.json.render(RED)), RED);
});

test("the table of texts finds a missing line and a control character", () => {
  assert.throws(() => {
    checkText({ what: "planted", lines: ["nothing"], holds: [/^PASSED/m] });
  }, assert.AssertionError);
  assert.throws(() => {
    checkText({ what: "planted", lines: ["\u001B[31mred"], holds: [] });
  }, assert.AssertionError);
});

test("every format shows which rules of evidence a plan gives up", () => {
  const check = readPlan({
    name: "lax",
    tasks: {
      lax: { collection: "a.json", allowEmpty: true, allowUnresolved: true, refusedFiles: "warn" },
      strict: { collection: "a.json" },
    },
  });
  assert.ok(check.ok);
  const outcomes = [outcomeOf("lax", [0, 1]), outcomeOf("strict", [0, 1])];
  const report = buildReport(runOf({ plan: check.plan, outcomes, verdict: "passed" }));
  assert.deepEqual(
    report.tasks.map(({ waivers }) => waivers),
    [["allowEmpty", "allowUnresolved", "refusedFiles"], []],
  );
  const texts = {
    ...Object.fromEntries(
      Object.entries(REPORT_FORMATS).map(([name, { render }]) => [name, render(report)]),
    ),
    text: renderText(report, PLAIN).join("\n"),
  };
  for (const [format, text] of Object.entries(texts)) {
    for (const waiver of report.tasks[0]?.waivers ?? [])
      assert.equal(text.split(waiver).length - 1, 1, `${format} names ${waiver} once`);
  }
});
