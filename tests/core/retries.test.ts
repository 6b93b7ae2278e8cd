import assert from "node:assert/strict";
import test from "node:test";
import { retryCauseOf, withEarlierAttempts } from "../../src/core/attempts.js";
import { NO_COUNTS } from "../../src/core/evidence.js";
import { formatProblem } from "../../src/core/errors.js";
import type { Status } from "../../src/core/outcome.js";
import { readPlan } from "../../src/core/plan.js";
import type { CollectionResult, Failure } from "../../src/core/collection-job.js";
import { pauseBeforeRetry, type RetryCause } from "../../src/core/retries.js";
import { outcomeOf } from "../support/run-parts.js";

function retriesOf(retries: unknown): unknown {
  const check = readPlan({ name: "p", tasks: { a: { collection: "a.json", retries } } });
  if (!check.ok) return check.problems.map(formatProblem);
  const [node] = check.plan.nodes;
  return node?.kind === "task" ? node.retries : node;
}

test("a number of retries means refused connections and crashes, with a pause of a second", () => {
  assert.deepEqual(retriesOf(2), { max: 2, on: ["refused", "crash"], backoffMs: 1000 });
  assert.deepEqual(retriesOf(undefined), { max: 0, on: ["refused", "crash"], backoffMs: 1000 });
  assert.deepEqual(retriesOf({ max: 3 }), { max: 3, on: ["refused", "crash"], backoffMs: 1000 });
  assert.deepEqual(retriesOf({ max: 1, on: ["failed"], backoff: "250ms" }), {
    max: 1,
    on: ["failed"],
    backoffMs: 250,
  });
});

test("retries that cannot be read are named with their place", () => {
  for (const wrong of [-1, 1000, "2", { max: 0 }, { max: 1, on: [] }, { max: 1, on: ["luck"] }]) {
    const problems = retriesOf(wrong);
    assert.ok(Array.isArray(problems), JSON.stringify(wrong));
    assert.match(String(problems[0]), /^tasks\.a\.retries/);
  }
});

const finished = (failures: readonly Failure[]): CollectionResult => ({
  ended: "finished",
  counts: NO_COUNTS,
  assertionsSkipped: 0,
  failures,
  runError: null,
});
const request = (message: string): Failure => ({
  kind: "request",
  iteration: 0,
  item: "a",
  message,
});
const assertion: Failure = { kind: "assertion", iteration: 0, item: "a", message: "ECONNREFUSED" };

const CAUSES: readonly {
  readonly what: string;
  readonly result: CollectionResult;
  readonly status: Status;
  readonly cause: RetryCause | null;
}[] = [
  {
    what: "a refused connection",
    result: finished([request("connect ECONNREFUSED 127.0.0.1:9"), assertion]),
    status: "failed",
    cause: "refused",
  },
  {
    what: "a lost connection",
    result: finished([request("socket hang up")]),
    status: "failed",
    cause: "refused",
  },
  {
    what: "a slow answer",
    result: finished([request("ETIMEDOUT")]),
    status: "failed",
    cause: "timeout",
  },
  {
    what: "a failed assertion, whatever it quotes",
    result: finished([assertion]),
    status: "failed",
    cause: "failed",
  },
  {
    what: "an assertion that failed before the connection was lost",
    result: finished([assertion, request("read ECONNRESET")]),
    status: "failed",
    cause: "failed",
  },
  {
    what: "a name that does not exist",
    result: finished([request("getaddrinfo ENOTFOUND nowhere.invalid")]),
    status: "failed",
    cause: "failed",
  },
  {
    what: "a task over its time",
    result: { ended: "stopped", counts: NO_COUNTS },
    status: "timed_out",
    cause: "timeout",
  },
  {
    what: "a cancelled task",
    result: { ended: "stopped", counts: NO_COUNTS },
    status: "cancelled",
    cause: null,
  },
  {
    what: "a process that died",
    result: { ended: "crashed", cause: "SIGKILL", counts: NO_COUNTS },
    status: "errored",
    cause: "crash",
  },
  {
    what: "a collection that proves nothing",
    result: finished([]),
    status: "errored",
    cause: null,
  },
  { what: "a green run", result: finished([]), status: "passed", cause: null },
];

for (const { what, result, status, cause } of CAUSES) {
  test(`${what} counts as ${cause ?? "nothing to try again"}`, () => {
    assert.equal(retryCauseOf(result, { status }), cause);
  });
}

test("pauses double up to five minutes, and end with the retries", () => {
  const retries = { max: 12, on: ["refused"], backoffMs: 1000 } as const;
  const asList = { ...retries, on: [...retries.on] };
  const pauses = [1, 2, 3, 12, 13].map((attempt) => pauseBeforeRetry(asList, attempt, "refused"));
  assert.deepEqual(pauses, [1000, 2000, 4000, 300_000, null]);
  assert.equal(pauseBeforeRetry(asList, 1, "failed"), null);
  assert.equal(pauseBeforeRetry(asList, 1, null), null);
});

test("an outcome tells the attempts before it", () => {
  const first = outcomeOf("a", [0, 1], { status: "failed", cause: "request", reason: "refused" });
  const passed = outcomeOf("a", [2, 3], { attempt: 2 });
  assert.equal(
    withEarlierAttempts(passed, [first]).reason,
    "passed on attempt 2; attempt 1 failed: refused",
  );
  assert.deepEqual(withEarlierAttempts(passed, []), passed);
});
