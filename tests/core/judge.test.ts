import assert from "node:assert/strict";
import test from "node:test";
import { NO_COUNTS, type Counts } from "../../src/core/evidence.js";
import { judge, type StopReason } from "../../src/core/judge.js";
import type { CollectionResult, Failure } from "../../src/core/collection-job.js";

type Finished = Extract<CollectionResult, { readonly ended: "finished" }>;

const green: Counts = { ...NO_COUNTS, iterations: 1, requests: 3, assertions: 4 };
const assertionFailure: Failure = {
  kind: "assertion",
  iteration: 1,
  item: "Create user",
  message: "is 201: got 500",
};

function finished(counts: Partial<Counts> = {}, more: Partial<Finished> = {}): Finished {
  return {
    ended: "finished",
    counts: { ...green, ...counts },
    assertionsSkipped: 0,
    failures: [],
    runError: null,
    ...more,
  };
}

function check(
  result: CollectionResult,
  expected: { readonly status: string; readonly cause: string | null; readonly reason?: RegExp },
  given: {
    readonly allowEmpty?: boolean;
    readonly data?: string;
    readonly stopReason?: StopReason;
  } = {},
): void {
  const { allowEmpty = false, data, stopReason = null } = given;
  const task = { allowEmpty, timeoutMs: 90_000, ...(data !== undefined && { data }) };
  const { status, cause, reason, counts } = judge(result, task, stopReason);
  assert.deepEqual({ status, cause }, { status: expected.status, cause: expected.cause });
  if (expected.reason === undefined) assert.equal(reason, null);
  else assert.match(reason ?? "", expected.reason);
  assert.equal(counts, result.counts, "Newman's totals are handed on as they are");
}

test("a clean end with a request and an executed assertion passes", () => {
  check(finished(), { status: "passed", cause: null });
  check(finished({ requests: 1, assertions: 1 }), { status: "passed", cause: null });
  check(finished({ assertions: 4 }, { assertionsSkipped: 3 }), { status: "passed", cause: null });
});

test("a failure names the first of them, its item and iteration, and how many there are", () => {
  check(
    finished(
      { failures: 1, assertionsFailed: 1 },
      { failures: [{ ...assertionFailure, iteration: 0 }] },
    ),
    {
      status: "failed",
      cause: "assertion",
      reason: /^assertion failed in "Create user": is 201: got 500$/,
    },
  );
  check(
    finished(
      { failures: 2, assertionsFailed: 2 },
      { failures: [{ ...assertionFailure, iteration: 0, item: "" }] },
    ),
    { status: "failed", cause: "assertion", reason: /^2 failures; the first: is 201: got 500$/ },
  );
  check(
    finished(
      { iterations: 2, failures: 12, assertionsFailed: 12 },
      { failures: [assertionFailure] },
    ),
    {
      status: "failed",
      cause: "assertion",
      reason: /^12 failures; the first, in "Create user" \(iteration 2\): /,
    },
  );
  for (const kind of ["request", "script"] as const) {
    check(finished({ failures: 1 }, { failures: [{ ...assertionFailure, kind }] }), {
      status: "failed",
      cause: kind,
      reason: new RegExp(`^${kind} failed in "Create user"`),
    });
  }
});

test("what Newman does not count as a failure still fails the task", () => {
  check(finished({}, { failures: [{ ...assertionFailure, kind: "script" }] }), {
    status: "failed",
    cause: "script",
    reason: /^script failed/,
  });
});

test("failures that are counted and named nowhere are no pass", () => {
  check(finished({ failures: 2 }), {
    status: "errored",
    cause: "evidence",
    reason: /counted 2 failures and named none/,
  });
  check(finished({ assertionsFailed: 1 }), {
    status: "errored",
    cause: "evidence",
    reason: /counted 1 failure and/,
  });
});

test("an empty run is no pass, unless the plan allows it", () => {
  const none = { requests: 0, assertions: 0 };
  check(finished(none), {
    status: "errored",
    cause: "no_requests",
    reason: /not one request was sent; check/,
  });
  check(finished({ ...none, iterations: 0 }), {
    status: "errored",
    cause: "no_requests",
    reason: /allowEmpty/,
  });
  check(
    finished({ ...none, iterations: 0 }),
    { status: "errored", cause: "no_iterations", reason: /rows\.csv has no rows/ },
    { data: "rows.csv" },
  );
  check(finished({ assertions: 0 }), {
    status: "errored",
    cause: "no_assertions",
    reason: /add a pm\.test/,
  });
  check(finished({ assertions: 2 }, { assertionsSkipped: 2 }), {
    status: "errored",
    cause: "no_assertions",
    reason: /^every assertion was skipped/,
  });
  check(finished(none), { status: "passed", cause: null }, { allowEmpty: true });
  check(finished({ assertions: 0 }), { status: "passed", cause: null }, { allowEmpty: true });
});

test("an empty run that is allowed may still not fail", () => {
  const options = { allowEmpty: true };
  check(
    finished({}, { failures: [assertionFailure] }),
    { status: "failed", cause: "assertion", reason: /./ },
    options,
  );
  check(
    finished({}, { runError: "no such folder" }),
    { status: "errored", cause: "collection", reason: /no such folder/ },
    options,
  );
});

test("a run that Newman itself gave up is errored, unless it had failed before", () => {
  check(finished({}, { runError: "boom" }), {
    status: "errored",
    cause: "collection",
    reason: /boom$/,
  });
  check(finished({ failures: 1 }, { runError: "boom", failures: [assertionFailure] }), {
    status: "failed",
    cause: "assertion",
    reason: /^assertion failed/,
  });
});

test("a crash is errored with its cause, however green it was so far", () => {
  check(
    { ended: "crashed", cause: "the process was killed by SIGKILL", counts: green },
    {
      status: "errored",
      cause: "crash",
      reason: /killed by SIGKILL/,
    },
  );
});

test("a stopped run says why it was stopped", () => {
  const stopped: CollectionResult = { ended: "stopped", counts: green };
  check(
    stopped,
    { status: "timed_out", cause: "deadline", reason: /after 3 requests: .* timeout of 90 s/ },
    { stopReason: "deadline" },
  );
  check(
    stopped,
    { status: "timed_out", cause: "deadline", reason: /time of the whole run was over/ },
    { stopReason: "run_deadline" },
  );
  check(
    stopped,
    { status: "cancelled", cause: "cancelled", reason: /the run was cancelled/ },
    { stopReason: "cancelled" },
  );
  check(
    stopped,
    { status: "cancelled", cause: "cancelled", reason: /its checkpoint had closed/ },
    { stopReason: "closed" },
  );
  check(
    stopped,
    { status: "errored", cause: "crash", reason: /worker that ran it was stopping/ },
    { stopReason: "lost" },
  );
  check(stopped, { status: "errored", cause: "crash", reason: /worker that ran it was stopping/ });
});
