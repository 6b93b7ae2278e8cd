import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Script } from "node:vm";
import { REPORT_SCRIPT, REPORT_SCRIPT_HASH } from "../../src/reports/html-script.js";
import { renderHtml } from "../../src/reports/html.js";
import { printable } from "../../src/reports/printable.js";
import { buildReport } from "../../src/reports/report.js";
import { NASTY, outcomeOf, planOf, recordOf, redRecord, runOf } from "../support/run-parts.js";
import { greenRun, largeRun, redRun } from "../support/sample-run.js";

const nastyRun = runOf({
  plan: { ...planOf({ "task-1": [] }, { "task-1": NASTY }), title: NASTY },
  outcomes: [outcomeOf("task-1", [0, 1], { status: "failed", cause: "assertion", reason: NASTY })],
  records: {
    "task-1": [
      recordOf(0, {
        name: NASTY,
        folders: [NASTY],
        url: NASTY,
        method: NASTY,
        requestError: NASTY,
      }),
      redRecord(1, {
        assertions: [{ name: NASTY, outcome: "failed", message: `<!--${NASTY}\u2028` }],
      }),
    ],
  },
  verdict: "failed",
});

/** Content of the script elements as a browser finds them: from the tag to the first `</script`. */
function scriptsOf(html: string): { readonly attributes: string; readonly content: string }[] {
  return [...html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script/gi)].map(
    ([, attributes = "", content = ""]) => ({ attributes, content }),
  );
}

/** What would be markup out of the texts of a run; the page's own elements are listed, everything else is a finding. */
function foreignMarkup(html: string): string[] {
  const own =
    /^(?:!doctype|html|head|meta|title|style|body|main|header|section|footer|h[12]|p|dl|div|dt|dd|span|strong|small|ol|ul|li|a|pre|code|svg|g|line|rect|path|text|table|thead|tbody|tfoot|tr|th|td|br|details|summary|b|form|input|label|output|noscript|script)$/i;
  return [...html.matchAll(/<([!a-z][^\s/>]*)/gi)].flatMap(([, name = ""]) =>
    own.test(name) ? [] : [name],
  );
}

function withoutScripts(html: string): string {
  return html
    .replaceAll(/<script[^>]*>[\s\S]*?<\/script>/gi, "")
    .replaceAll(/<style>[\s\S]*?<\/style>/g, "");
}

test("texts of a run never become markup, in content, in attributes or in embedded data", () => {
  const html = renderHtml(buildReport(nastyRun));
  assert.deepEqual(foreignMarkup(withoutScripts(html)), []);
  const scripts = scriptsOf(html);
  assert.deepEqual(
    scripts.map(({ attributes }) => attributes),
    [' type="application/json" class="rows"', ""],
  );
  const rows: unknown = JSON.parse(scripts[0]?.content ?? "");
  assert.ok(Array.isArray(rows));
  assert.equal(Reflect.get(rows[0], "name"), printable(NASTY));
  assert.doesNotMatch(scripts[0]?.content ?? "", /[<>&\u2028]/);
});

test("the finder of foreign markup finds a planted one", () => {
  assert.deepEqual(foreignMarkup("<p>a<img src=x></p>"), ["img"]);
  assert.equal(scriptsOf("<script>1</script><p></script><script>alert(1)</script>").length, 2);
});

test("the page refers to nothing outside itself", () => {
  for (const run of [greenRun(), redRun(), nastyRun]) {
    const html = withoutScripts(renderHtml(buildReport(run)));
    const references = [
      ...html.matchAll(/<[^>]*\s(?:src|href|action|xlink:href|srcset)="([^"]*)"/g),
    ].map(([, target = ""]) => target);
    assert.ok(references.length > 0);
    for (const target of references) assert.match(target, /^#/);
    assert.doesNotMatch(html, /@import|url\(/);
  }
});

test("the policy of the page allows its own script and no other", () => {
  const hash = `sha256-${createHash("sha256").update(REPORT_SCRIPT).digest("base64")}`;
  assert.equal(
    REPORT_SCRIPT_HASH,
    hash,
    `the script has changed; set REPORT_SCRIPT_HASH to "${hash}"`,
  );
  const html = renderHtml(buildReport(greenRun()));
  assert.ok(html.includes(`script-src '${hash}'`));
  assert.equal(scriptsOf(html).at(-1)?.content, REPORT_SCRIPT);
  assert.ok(new Script(REPORT_SCRIPT) instanceof Script);
});

test("verdict, failures with curl, timeline and speed-up are there without a script", () => {
  const html = withoutScripts(renderHtml(buildReport(redRun())));
  for (const text of [
    '<p class="word">failed</p>',
    "expected response to have status code 200 but got 500",
    "curl -X PUT --globoff &#39;http://127.0.0.1:4848/v1/config/timeouts?names=[a,b]&#39;",
    '<svg role="img"',
    "critical path task-1 → task-3 → checkpoint-5",
    "at most 3 tasks at once (task-2, task-3, task-4)",
  ]) {
    assert.ok(html.includes(text), text);
  }
  assert.ok(html.indexOf("Failures") < html.indexOf("Timeline"));
});

test("a green report has no list of failures, a run that goes on is called running", () => {
  assert.doesNotMatch(renderHtml(buildReport(greenRun())), /<section class="card failures">/);
  const running = renderHtml(buildReport({ ...redRun(), end: null, outcomes: new Map() }));
  assert.match(running, /<p class="word">running<\/p>/);
});

test("at 5,000 requests their rows are data, not elements, and the file stays small", () => {
  const html = renderHtml(buildReport(largeRun(5000)));
  const rows: unknown = JSON.parse(scriptsOf(html)[0]?.content ?? "");
  assert.ok(Array.isArray(rows));
  assert.equal(rows.length, 5000);
  assert.ok(html.length < 4_000_000, `${String(html.length)} characters`);
  const elements = withoutScripts(html).match(/<[a-z]/g)?.length ?? 0;
  assert.ok(elements < 1500, `${String(elements)} elements before anything is opened`);
});
