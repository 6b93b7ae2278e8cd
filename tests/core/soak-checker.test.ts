import assert from "node:assert/strict";
import test from "node:test";
import { NO_COUNTS } from "../../src/core/evidence.js";
import type { Outcome } from "../../src/core/outcome.js";
import { checkRun } from "../soak/check-run.js";
import type { EventsSeen, Fault, NodeSketch, RunEvidence, RunSeen } from "../soak/evidence.js";
import { createRandom } from "../soak/random.js";
import { drawScenario } from "../soak/scenario.js";

const BEGIN = Date.UTC(2026, 0, 1);

/** a -> gate -> b, all green: a from 1,000 to 2,000 ms, the gate at 2,010, b from 3,000 to 4,000. */
function healthyRun(): RunEvidence {
  return {
    scenario: {
      plan: "soak-1",
      nodes: [
        task("a", []),
        { kind: "checkpoint", id: "gate", needs: ["a"], timeoutMs: null, mayFail: [] },
        task("b", ["gate"]),
      ],
      copies: 2,
      again: false,
      cancelAfterMs: null,
      pause: null,
    },
    answeredIds: ["run", "run"],
    run: {
      id: "run",
      state: "ended",
      verdict: "passed",
      cancelledBy: null,
      createdAt: new Date(BEGIN).toISOString(),
      endedAt: new Date(BEGIN + 4010).toISOString(),
      nodes: [
        seen("a", [], passed("a", 1000, 2000)),
        seen("gate", ["a"], {
          ...passed("gate", 1000, 2010),
          kind: "checkpoint",
          attempt: 0,
          prefix: null,
        }),
        seen("b", ["gate"], passed("b", 3000, 4000)),
      ],
    } as unknown as RunSeen,
    events: [...eventsOf("a", 1, 1000), ...eventsOf("b", 1, 3000)],
    hits: [hit("a", 1, 1100), hit("b", 1, 3100)],
    cancelledAt: null,
    paused: null,
    faults: [],
  };
}

function task(id: string, needs: readonly string[]): NodeSketch {
  return {
    kind: "task",
    id,
    needs,
    behaviour: "passes",
    requests: 1,
    answerMs: 0,
    timeoutMs: null,
    always: false,
    retries: 0,
  };
}

function passed(node: string, startedAt: number, endedAt: number): Outcome {
  return {
    node,
    kind: "task",
    status: "passed",
    cause: null,
    reason: null,
    attempt: 1,
    startedAt: BEGIN + startedAt,
    endedAt: BEGIN + endedAt,
    prefix: `Test_${node}_run_1_`,
    counts: { ...NO_COUNTS, requests: 1, assertions: 1 },
  };
}

function seen(id: string, needs: string[], outcome: Outcome): RunSeen["nodes"][number] {
  return { id, kind: outcome.kind, title: id, needs, state: "ended", waitingFor: null, outcome };
}

function eventsOf(node: string, attempt: number, at: number): EventsSeen {
  const place = { node, attempt, at: BEGIN + at };
  return [
    { id: "1", event: { type: "node.started", ...place, prefix: null } },
    // What a record holds is not judged here, only that it is there.
    { id: "2", event: { type: "task.requests", ...place, records: [{} as never] } },
  ];
}

function hit(name: string, attempt: number, at: number): RunEvidence["hits"][number] {
  return { run: "run", task: name, attempt, step: 1, at: BEGIN + at };
}

function withOutcome(evidence: RunEvidence, id: string, change: Partial<Outcome>): RunEvidence {
  const nodes = evidence.run.nodes.map((node) =>
    node.id === id && node.outcome !== null
      ? { ...node, outcome: { ...node.outcome, ...change } }
      : node,
  );
  return { ...evidence, run: { ...evidence.run, nodes } };
}

function withVerdict(evidence: RunEvidence, verdict: RunSeen["verdict"]): RunEvidence {
  return { ...evidence, run: { ...evidence.run, verdict } };
}

const fault = (kind: Fault["kind"], from: number, to: number): Fault => ({
  kind,
  from: BEGIN + from,
  to: BEGIN + to,
});

test("a healthy run has nothing to say against", () => {
  assert.deepEqual(checkRun(healthyRun()), []);
});

const healthy = healthyRun();

/** The gate ends as timed out, 2,010 ms after the run was accepted. */
function withTimedOutGate(timeoutMs: number): RunEvidence {
  const run = healthyRun();
  const [a, gate, b] = run.scenario.nodes;
  assert.ok(a !== undefined && gate?.kind === "checkpoint" && b !== undefined);
  const scenario = { ...run.scenario, nodes: [a, { ...gate, timeoutMs }, b] };
  return withOutcome({ ...run, scenario }, "gate", { status: "timed_out", cause: "deadline" });
}

const crash = { status: "errored", cause: "crash", reason: "killed" } as const;
const cases: readonly (readonly [what: string, evidence: RunEvidence, finding: RegExp])[] = [
  [
    "a first attempt that goes on beside the second, whose worker was stopped",
    {
      ...healthy,
      hits: [hit("a", 1, 1100), hit("a", 2, 1200), hit("a", 1, 1300), hit("b", 1, 3100)],
      faults: [fault("stop-worker", 900, 1150)],
    },
    /^attempt 1 of a sent a request at \d+, after attempt 2 had begun to$/,
  ],
  [
    "a submission that became two runs",
    { ...healthy, answeredIds: ["run", "other"] },
    /also answered other/,
  ],
  [
    "a node without an outcome",
    {
      ...healthy,
      run: {
        ...healthy.run,
        nodes: healthy.run.nodes.map((node) =>
          node.id === "b" ? { ...node, outcome: null } : node,
        ),
      },
    },
    /b has no outcome/,
  ],
  [
    "a start before a need had passed, by the log",
    { ...healthy, events: [...eventsOf("a", 1, 1000), ...eventsOf("b", 1, 2005)] },
    /attempt 1 of b started at \d+, but gate passed at/,
  ],
  [
    "a start before a need had passed, by the target",
    { ...healthy, hits: [hit("a", 1, 1100), hit("b", 1, 1900)] },
    /attempt 1 of b started at \d+, but gate passed at/,
  ],
  [
    "a start behind a red checkpoint",
    withVerdict(withOutcome(healthy, "gate", { status: "failed", cause: "need" }), "failed"),
    /started at \d+, but gate failed/,
  ],
  [
    "a checkpoint that is green over a red task",
    withVerdict(withOutcome(healthy, "a", { status: "failed", cause: "assertion" }), "failed"),
    /gate is passed .* may only be failed/,
  ],
  [
    "a green verdict over a red task",
    withOutcome(healthy, "b", { status: "failed", cause: "assertion" }),
    /verdict is passed instead of failed/,
  ],
  [
    "a red verdict over green tasks",
    withVerdict(healthy, "failed"),
    /verdict is failed instead of passed/,
  ],
  [
    "a task that is errored without a fault",
    withVerdict(withOutcome(healthy, "b", crash), "errored"),
    /b is errored \(crash: killed\), and may only be passed/,
  ],
  [
    "a task that was cancelled by nobody",
    withVerdict(withOutcome(healthy, "b", { status: "cancelled", cause: "cancelled" }), "errored"),
    /b is cancelled .* may only be passed/,
  ],
  [
    "a checkpoint whose time was over before it could be",
    withTimedOutGate(3000),
    /gate is timed_out .* may only be passed/,
  ],
  [
    "a start after the end of its own node",
    {
      ...healthy,
      faults: [fault("kill-lane", 3000, 3000)],
      events: [...healthy.events, ...eventsOf("a", 2, 9000)],
    },
    /attempt 2 of a started \d+ ms after a had its outcome/,
  ],
  [
    "a start after a cancel",
    {
      ...withVerdict(healthy, "passed"),
      run: { ...healthy.run, cancelledBy: "me" },
      cancelledAt: BEGIN - 5000,
    },
    /started \d+ ms after the run was cancelled/,
  ],
  [
    "an outcome recorded by an execution that had lost its lock",
    {
      ...healthy,
      faults: [fault("steal-lock", 1200, 1200)],
      events: [...healthy.events, ...eventsOf("a", 2, 1800)],
    },
    /attempt 1 of a recorded its outcome although attempt 2 of a started before/,
  ],
  [
    "a start while the run was paused",
    { ...healthy, paused: { from: BEGIN - 3000, to: BEGIN + 3500 } },
    /attempt 1 of b started \d+ ms after the run was paused/,
  ],
  [
    "a second start without a fault",
    { ...healthy, events: [...healthy.events, ...eventsOf("a", 2, 1800)] },
    /attempt 2 of a started, though nothing had happened/,
  ],
  [
    "a green task whose request the target never saw",
    { ...healthy, hits: [hit("a", 1, 1100)] },
    /b passed, but the target saw its requests  of 1/,
  ],
  [
    "a green task whose evidence is gone",
    { ...healthy, events: eventsOf("a", 1, 1000) },
    /b passed with 1 requests, 1 assertions and 0 stored records/,
  ],
  [
    "a log that tells an outcome other than the one that stands",
    {
      ...healthy,
      events: [
        ...healthy.events,
        { id: "9", event: { type: "node.ended", at: BEGIN, outcome: passed("a", 1000, 1999) } },
      ],
    },
    /tells another outcome of a/,
  ],
];

test(`the checker finds each of ${String(cases.length)} planted violations`, () => {
  for (const [what, evidence, finding] of cases) {
    const found = checkRun(evidence);
    assert.ok(
      found.some((sentence) => finding.test(sentence)),
      `${what}: ${JSON.stringify(found)}`,
    );
  }
});

test("a checkpoint's clock may have been set by a start that nobody told of", () => {
  const findings = checkRun(withTimedOutGate(2000));
  assert.deepEqual(
    findings.filter((finding) => finding.startsWith("gate is")),
    [],
  );
});

test("a task whose next attempt a closed checkpoint forbade keeps the attempt it had", () => {
  const closed = withTimedOutGate(2000);
  const [a, ...others] = closed.scenario.nodes;
  assert.ok(a?.kind === "task");
  const scenario = { ...closed.scenario, nodes: [{ ...a, retries: 1 }, ...others] };
  const red = withOutcome({ ...closed, scenario }, "a", { status: "failed", cause: "assertion" });
  const told = ["gate", "a"].map((id, index): EventsSeen[number] => {
    const outcome = red.run.nodes.find((node) => node.id === id)?.outcome;
    assert.ok(outcome);
    return { id: String(index + 100), event: { type: "node.ended", at: outcome.endedAt, outcome } };
  });
  const findingsOf = (events: EventsSeen): readonly string[] =>
    checkRun({ ...red, events: [...red.events, ...events] }).filter((finding) =>
      finding.startsWith("a is"),
    );
  assert.deepEqual(findingsOf(told), []);
  assert.equal(findingsOf(told.toReversed()).length, 1);
});

test("what a fault explains is no violation", () => {
  const killed = withVerdict(withOutcome(healthy, "b", crash), "errored");
  assert.deepEqual(checkRun({ ...killed, faults: [fault("kill-lane", 3500, 3500)] }), []);
  const [a, b] = [eventsOf("a", 2, 1500), eventsOf("b", 1, 3000)];
  const again: RunEvidence = {
    ...withOutcome(healthy, "a", { attempt: 2 }),
    events: [...eventsOf("a", 1, 1000), ...a, ...b],
    hits: [...healthy.hits, hit("a", 2, 1600)],
    faults: [fault("kill-service", 1200, 1400)],
  };
  assert.deepEqual(checkRun(again), []);
});

test("the same seed draws the same runs, and other seeds other ones", () => {
  const draw = (seed: number): string =>
    JSON.stringify(
      Array.from({ length: 20 }, (_, number) =>
        drawScenario(createRandom(seed, `run ${String(number)}`), number),
      ),
    );
  assert.equal(draw(7), draw(7));
  assert.notEqual(draw(7), draw(8));
});
