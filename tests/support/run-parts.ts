/** Builders of what a run leaves in the store: plans, outcomes, request records, and the run they make. */

import assert from "node:assert/strict";
import type { RunEvent } from "../../src/core/event.js";
import { NO_COUNTS, type Counts, type RequestRecord } from "../../src/core/evidence.js";
import type { Outcome } from "../../src/core/outcome.js";
import { readPlan, type Plan } from "../../src/core/plan.js";
import { prefixOf, type Run, type RunStatus, type Verdict } from "../../src/core/run.js";

export const SAMPLE_START = Date.UTC(2026, 10, 23, 9, 30, 0);
const RUN_ID = "0mi5x1k7cabc123";

export type SampleRun = RunStatus & {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly events: readonly RunEvent[];
};

const RESOURCES = ["config", "plans", "environments", "collections"];

/** A plan from ids and needs; ids beginning with `checkpoint` are checkpoints. */
export function planOf(
  needs: Readonly<Record<string, readonly string[]>>,
  titles: Readonly<Record<string, string>> = {},
): Plan {
  const tasks = Object.entries(needs).map(([id, before]) => {
    const head = { needs: before, ...(titles[id] === undefined ? {} : { title: titles[id] }) };
    return [
      id,
      id.startsWith("checkpoint")
        ? { checkpoint: true, ...head }
        : { collection: `${id}.json`, ...head },
    ];
  });
  const check = readPlan({
    name: "tasks-1-10",
    title: "Tasks 1 to 10",
    tasks: Object.fromEntries(tasks),
  });
  assert.ok(check.ok, JSON.stringify(check));
  return check.plan;
}

/** An outcome; `seconds` are start and end after the start of the run, null for a node that never started. */
export function outcomeOf(
  node: string,
  seconds: readonly [number, number] | null,
  more: Partial<Outcome> = {},
): Outcome {
  const started = seconds === null ? null : SAMPLE_START + seconds[0] * 1000;
  const kind = node.startsWith("checkpoint") ? "checkpoint" : "task";
  const ran = kind === "task" && started !== null;
  return {
    node,
    kind,
    status: "passed",
    cause: null,
    reason: null,
    attempt: ran ? 1 : 0,
    startedAt: started,
    endedAt: SAMPLE_START + (seconds?.[1] ?? 0) * 1000,
    prefix: ran ? prefixOf(RUN_ID, node, 1) : null,
    counts: NO_COUNTS,
    ...more,
  };
}

export function byNode(outcomes: readonly Outcome[]): ReadonlyMap<string, Outcome> {
  return new Map(outcomes.map((outcome) => [outcome.node, outcome]));
}

/** A green request with two passed assertions; `more` says what is different. */
export function recordOf(index: number, more: Partial<RequestRecord> = {}): RequestRecord {
  const resource = RESOURCES[index % RESOURCES.length] ?? "config";
  return {
    index,
    iteration: 0,
    itemId: `item-${String(index)}`,
    name: `Read ${resource} ${String(index)}`,
    folders: ["Happy path", resource],
    method: index % 5 === 4 ? "POST" : "GET",
    url: `http://127.0.0.1:4848/v1/${resource}/${String(index)}?page=2`,
    status: index % 5 === 4 ? 201 : 200,
    requestError: null,
    startedAt: SAMPLE_START + index * 20,
    responseTimeMs: 4 + ((index * 37) % 190),
    responseSizeBytes: 512 + index,
    assertions: [
      { name: "status is as documented", outcome: "passed", message: null },
      { name: "body matches the schema", outcome: "passed", message: null },
    ],
    scriptErrors: [],
    console: [],
    exchange: null,
    ...more,
  };
}

/** Totals as Newman counts them for these records. */
function countsOf(records: readonly RequestRecord[]): Counts {
  const assertions = records.flatMap((record) => record.assertions);
  const requestsFailed = records.filter(({ requestError }) => requestError !== null).length;
  const assertionsFailed = assertions.filter(({ outcome }) => outcome === "failed").length;
  const scriptsFailed = records.flatMap(({ scriptErrors }) => scriptErrors).length;
  return {
    iterations: new Set(records.map(({ iteration }) => iteration)).size,
    requests: records.length,
    requestsFailed,
    assertions: assertions.length,
    assertionsFailed,
    scriptsFailed,
    failures: requestsFailed + assertionsFailed + scriptsFailed,
  };
}

/** A run of `plan` from outcomes and the records of each task; counts follow the records. */
export function runOf(from: {
  readonly plan: Plan;
  readonly outcomes: readonly Outcome[];
  readonly records?: Readonly<Record<string, readonly RequestRecord[]>>;
  readonly verdict: Verdict | null;
  readonly cancelled?: boolean;
}): SampleRun {
  const { plan, records = {} } = from;
  const outcomes = from.outcomes.map((outcome) => ({
    ...outcome,
    counts: countsOf(records[outcome.node] ?? []),
  }));
  const run: Run = {
    id: RUN_ID,
    plan,
    workingDirectory: "/plans/tasks-1-10",
    uploads: {},
    files: {},
    environment: ["local", "eu"],
    inputs: "inputs-hash",
    createdAt: SAMPLE_START - 40,
    trigger: "cli",
    namespace: "test",
    branch: null,
    commit: null,
    labels: {},
    overrides: [],
    rerunOf: null,
    reused: {},
    fingerprint: "fingerprint",
  };
  const endedAt = Math.max(SAMPLE_START, ...outcomes.map((outcome) => outcome.endedAt));
  const events = outcomes.flatMap(({ node, kind, attempt, startedAt, prefix }): RunEvent[] =>
    kind === "checkpoint" || startedAt === null
      ? []
      : [
          { type: "node.started", at: startedAt, node, attempt, prefix },
          {
            type: "task.requests",
            at: startedAt,
            node,
            attempt,
            records: [...(records[node] ?? [])],
          },
        ],
  );
  return {
    run,
    end: from.verdict === null ? null : { verdict: from.verdict, endedAt: endedAt + 20 },
    cancellation: from.cancelled === true ? { by: "api", at: endedAt - 100 } : null,
    outcomes: byNode(outcomes),
    events,
  };
}

export function someRecords(count: number): RequestRecord[] {
  return Array.from({ length: count }, (_, index) => recordOf(index));
}

/** A POST that was answered 500, with what was sent and answered. */
export function redRecord(index: number, more: Partial<RequestRecord> = {}): RequestRecord {
  return recordOf(index, {
    name: "Update config",
    folders: ["Happy path", "config"],
    method: "PUT",
    url: "http://127.0.0.1:4848/v1/config/timeouts?names=[a,b]",
    status: 500,
    assertions: [
      {
        name: "status is 200",
        outcome: "failed",
        message: "expected response to have status code 200 but got 500",
      },
      { name: "body matches the schema", outcome: "skipped", message: null },
    ],
    console: [{ level: "log", text: "retrying with it's own id" }],
    exchange: {
      requestHeaders: [
        ["Content-Type", "application/json"],
        ["Authorization", "Bearer ********"],
        ["Content-Length", "31"],
        ["Host", "127.0.0.1:4848"],
      ],
      requestBody: `{"name":"it's","timeoutMs":1000}`,
      responseHeaders: [["content-type", "application/problem+json"]],
      responseBody: `{"title":"Turnpike itself failed","status":500}`,
    },
    ...more,
  });
}

/** Text that breaks careless writers of HTML, XML, Markdown and terminals. */
export const NASTY =
  "</script><script>alert(1)</script> \u0000\u001B[31m \uD800 ]]> & \"q\" 'a' | `tick` <img src=x onerror=alert(1)>";
