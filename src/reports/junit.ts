/** JUnit XML, true for each iteration, valid against the schema of Jenkins' xUnit plugin, and never green for what did not pass. */

import type { RequestRecord } from "../core/evidence.js";
import { endedBadly } from "./failures.js";
import type { NodeReport } from "./node-report.js";
import { curlOf } from "./curl.js";
import { printable, printableLine } from "./printable.js";
import type { RunReport } from "./report.js";

type CaseResult = "passed" | "failure" | "error" | "skipped";

interface TestCase {
  readonly name: string;
  readonly result: CaseResult;
  /** What went wrong: a short word, one line, and all there is to know. */
  readonly type: string;
  readonly message: string;
  readonly detail: string;
  readonly timeMs: number;
}

interface Suite {
  readonly node: NodeReport;
  readonly cases: readonly TestCase[];
}

/** One suite for each node of the plan; a test case for each assertion of each request of each iteration. */
export function renderJunit(report: RunReport): string {
  const suites = report.tasks.map((node) => ({ node, cases: numberRepeats(casesOf(node)) }));
  const all = suites.flatMap(({ cases }) => cases);
  const totals = attributes({
    name: report.plan.title,
    tests: String(all.length),
    failures: countOf(all, "failure"),
    errors: countOf(all, "error"),
    time: seconds(report.timing.wallMs),
  });
  const body = suites.map((suite) => renderSuite(report, suite));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${totals}>\n${body.join("")}</testsuites>\n`;
}

function casesOf(node: NodeReport): TestCase[] {
  const repeats = node.requests.some(({ iteration }) => iteration > 0);
  const cases = node.requests.flatMap((record) => casesOfRequest(record, repeats));
  const red = cases.filter(({ result }) => result === "failure" || result === "error").length;
  const own = caseOfNode(node, red);
  if (own !== null) return [own, ...cases];
  return cases.length > 0
    ? cases
    : [{ ...PASSED, name: node.kind === "task" ? "ran without requests" : "verified" }];
}

const PASSED = { result: "passed", type: "", message: "", detail: "", timeMs: 0 } as const;

/** The case that carries what a node came to as a whole, where its requests alone would look green; else null. */
function caseOfNode(node: NodeReport, redCases: number): TestCase | null {
  const message = node.reason ?? "no reason given";
  const named = {
    ...PASSED,
    name: `${node.id} ${node.status.replaceAll("_", " ")}`,
    message,
    detail: message,
  };
  switch (node.status) {
    case "passed":
      // What was not executed here is no passed case of this run.
      return node.reusedFrom === null
        ? null
        : { ...named, name: `${node.id} reused`, result: "skipped", type: "reused" };
    case "skipped":
      return { ...named, result: "skipped", type: node.cause ?? "skipped" };
    case "failed":
      return node.kind === "checkpoint" || endedBadly(node, redCases)
        ? { ...named, result: "failure", type: node.cause ?? "failed" }
        : null;
    case "errored":
    case "timed_out":
    case "cancelled":
      return { ...named, result: "error", type: node.cause ?? node.status };
    case "waiting":
    case "running":
      return {
        ...named,
        result: "error",
        type: "unfinished",
        message: "the run has not ended yet",
      };
  }
}

function casesOfRequest(record: RequestRecord, repeats: boolean): TestCase[] {
  const place = [...record.folders, record.name].join(" / ");
  const suffix = repeats ? ` (iteration ${String(record.iteration + 1)})` : "";
  const detailOf = (message: string): string => detailText(record, message);
  const cases: TestCase[] = [];
  if (record.requestError !== null) {
    const message = record.requestError;
    cases.push({
      ...PASSED,
      name: `${place}${suffix}`,
      result: "error",
      type: "request",
      message,
      detail: detailOf(message),
    });
  }
  for (const { script, name, message } of record.scriptErrors) {
    const text = `${name}: ${message}`;
    const scriptName = script === "test" ? "test script" : "pre-request script";
    cases.push({
      ...PASSED,
      name: `${place}: ${scriptName}${suffix}`,
      result: "error",
      type: "script",
      message: text,
      detail: detailOf(text),
    });
  }
  for (const { name, outcome, message } of record.assertions) {
    const named = { ...PASSED, name: `${place}: ${name}${suffix}` };
    if (outcome === "passed") cases.push(named);
    if (outcome === "skipped")
      cases.push({
        ...named,
        result: "skipped",
        type: "assertion",
        message: "skipped by the script",
      });
    if (outcome === "failed") {
      const text = message ?? "failed without a message";
      cases.push({
        ...named,
        result: "failure",
        type: "assertion",
        message: text,
        detail: detailOf(text),
      });
    }
  }
  if (cases.length === 0) cases.push({ ...PASSED, name: `${place}${suffix}` });
  // The time of the request stands once, so that the cases of a suite add up.
  return cases.map((testCase, position) =>
    position === 0 ? { ...testCase, timeMs: record.responseTimeMs ?? 0 } : testCase,
  );
}

function detailText(record: RequestRecord, message: string): string {
  const answer = record.status === null ? "no response" : `status ${String(record.status)}`;
  const curl = curlOf(record);
  const body = record.exchange?.responseBody ?? null;
  return [
    message,
    `${record.method} ${record.url} -> ${answer}`,
    ...(curl === null ? [] : [curl]),
    ...(body === null || body === "" ? [] : ["", body]),
  ].join("\n");
}

/** Readers take two cases of one name for one; a request that ran again in a loop gets a number. */
function numberRepeats(cases: readonly TestCase[]): TestCase[] {
  const seen = new Map<string, number>();
  return cases.map((testCase) => {
    const count = (seen.get(testCase.name) ?? 0) + 1;
    seen.set(testCase.name, count);
    return count === 1 ? testCase : { ...testCase, name: `${testCase.name} #${String(count)}` };
  });
}

function renderSuite(report: RunReport, { node, cases }: Suite): string {
  const head = attributes({
    name: node.title === node.id ? node.id : `${node.id} ${node.title}`,
    tests: String(cases.length),
    failures: countOf(cases, "failure"),
    errors: countOf(cases, "error"),
    skipped: countOf(cases, "skipped"),
    time: seconds(node.durationMs ?? 0),
    ...(node.startedAt === null ? {} : { timestamp: node.startedAt }),
    id: node.id,
    package: report.plan.name,
  });
  const classname = `${report.plan.name}.${node.id}`;
  const body = cases.map((testCase) => renderCase(classname, testCase)).join("");
  return `  <testsuite${head}>\n${properties(report, node)}${body}  </testsuite>\n`;
}

function properties(report: RunReport, node: NodeReport): string {
  const values: Readonly<Record<string, string>> = {
    run: report.runId,
    environment: report.environment.join(" + ") || "none",
    ...(report.branch === null ? {} : { branch: report.branch }),
    ...(report.commit === null ? {} : { commit: report.commit }),
    status: node.status,
    attempt: String(node.attempt),
    ...(node.prefix === null ? {} : { prefix: node.prefix }),
    ...(node.waivers.length === 0 ? {} : { accepts: node.waivers.join(", ") }),
  };
  const rows = Object.entries(values).map(
    ([name, value]) => `      <property${attributes({ name, value })}/>\n`,
  );
  return `    <properties>\n${rows.join("")}    </properties>\n`;
}

function renderCase(
  classname: string,
  { name, result, type, message, detail, timeMs }: TestCase,
): string {
  const head = attributes({ name: printableLine(name), classname, time: seconds(timeMs) });
  if (result === "passed") return `    <testcase${head}/>\n`;
  const inner = `<${result}${attributes({ type, message: printableLine(message) })}>${escape(detail)}</${result}>`;
  return `    <testcase${head}>${inner}</testcase>\n`;
}

function countOf(cases: readonly TestCase[], wanted: CaseResult): string {
  return String(cases.filter(({ result }) => result === wanted).length);
}

function seconds(durationMs: number): string {
  return (Math.max(0, durationMs) / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        ` ${name}="${escape(value).replaceAll("\n", "&#10;").replaceAll("\t", "&#9;")}"`,
    )
    .join("");
}

function escape(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
