/** Starting and cancelling runs over HTTP against a whole service: real queue, real Newman, a target on loopback. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import {
  bodyOf,
  openRunFixture,
  type PlanAnswer,
  type Receipt,
  type RunAnswer,
  type RunFixture,
  type RunPage,
} from "../support/run-fixture.js";

let fixture: RunFixture;
before(async () => {
  fixture = await openRunFixture();
});
after(() => fixture.close());

test("a run that is waited for is answered with its verdict, and shows every node", async () => {
  const answer = await fixture.post("/v1/runs", { plan: "pair" }, { prefer: "wait=60" });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("preference-applied"), "wait=60");
  const receipt = await bodyOf<Receipt>(answer);
  assert.deepEqual(
    { state: receipt.state, verdict: receipt.verdict },
    { state: "ended", verdict: "passed" },
  );
  assert.equal(answer.headers.get("location"), receipt.links.self);

  const run = await fixture.read<RunAnswer>(receipt.links.self);
  assert.deepEqual(
    run.nodes.map(({ id, kind, state, outcome }) => [id, kind, state, outcome?.status]),
    [
      ["first", "task", "ended", "passed"],
      ["second", "task", "ended", "passed"],
      ["gate", "checkpoint", "ended", "passed"],
    ],
  );
  assert.deepEqual(
    { requests: run.counts.requests, assertions: run.counts.assertions },
    { requests: 2, assertions: 2 },
  );
  assert.deepEqual(run.environment, ["here"]);
  assert.match(run.createdAt, /^\d{4}-\d\d-\d\dT.*Z$/);
});

test("a submission's own timeout limits the whole run, and one that is none is refused", async () => {
  const answer = await fixture.post(
    "/v1/runs",
    { plan: "pair", timeout: "1ms" },
    { prefer: "wait=60" },
  );
  const receipt = await bodyOf<Receipt>(answer);
  assert.equal(receipt.verdict, "timed_out");
  const run = await fixture.read<RunAnswer>(receipt.links.self);
  assert.deepEqual(
    run.nodes.map(({ outcome }) => outcome?.status),
    ["timed_out", "timed_out", "failed"],
  );
  assert.equal((await fixture.post("/v1/runs", { plan: "pair", timeout: "soon" })).status, 400);
});

test("a run that is not waited for is 202 with where to look and when to ask again", async () => {
  const answer = await fixture.post("/v1/runs", { collection: "single", environment: "here" });
  assert.equal(answer.status, 202);
  assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
  const location = answer.headers.get("location") ?? "";
  const ended = await fixture.read<RunAnswer>(`${location}?wait=240`);
  assert.deepEqual(
    { state: ended.state, verdict: ended.verdict },
    { state: "ended", verdict: "passed" },
  );
});

test("the same Idempotency-Key is the same run, and another request under it is refused", async () => {
  const key = { "idempotency-key": randomUUID() };
  const answers = await Promise.all(
    [1, 2, 3, 4].map(() => fixture.post("/v1/runs", { plan: "pair" }, key)),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    [202, 202, 202, 202],
  );
  const ids = new Set(
    await Promise.all(answers.map(async (answer) => (await bodyOf<Receipt>(answer)).id)),
  );
  assert.equal(ids.size, 1);
  const other = await fixture.post("/v1/runs", { plan: "slow" }, key);
  assert.equal(other.status, 422);
  assert.equal((await bodyOf<{ readonly code: string }>(other)).code, "IDEMPOTENCY_MISMATCH");
  await fixture.read(`/v1/runs/${[...ids].join("")}?wait=240`);
});

test("what cannot run is refused before anything is stored", async () => {
  const before = (await fixture.read<RunPage>("/v1/runs?limit=100")).runs.length;
  for (const [body, status, code] of [
    [{ plan: "piar" }, 404, "NOT_FOUND"],
    [{ collection: "singel" }, 404, "NOT_FOUND"],
    [{ plan: "broken" }, 422, "INVALID_PLAN"],
    [{ plan: "pair", environment: "hree" }, 422, "INVALID_PLAN"],
    [{}, 400, "INVALID_REQUEST"],
    [{ plan: "pair", collection: "single" }, 400, "INVALID_REQUEST"],
    [{ plan: "pair", environment: 7 }, 400, "INVALID_REQUEST"],
    [{ plan: "../../etc" }, 404, "NOT_FOUND"],
  ] as const) {
    const answer = await fixture.post("/v1/runs", body);
    const problem = await bodyOf<{ readonly code: string }>(answer);
    assert.deepEqual([answer.status, problem.code], [status, code], JSON.stringify(body));
    assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
  }
  assert.equal((await fixture.read<RunPage>("/v1/runs?limit=100")).runs.length, before);
});

test("plans are listed with what is wrong with them, and a broken one is 422 when asked for", async () => {
  const { plans } = await fixture.read<{ readonly plans: readonly PlanAnswer[] }>("/v1/plans");
  assert.deepEqual(
    plans.map(({ id, valid }) => [id, valid]),
    [
      ["broken", false],
      ["pair", true],
      ["slow", true],
    ],
  );
  assert.deepEqual(plans[1], {
    id: "pair",
    title: "A pair",
    valid: true,
    tasks: 2,
    checkpoints: 1,
  });
  assert.ok((plans[0]?.problems ?? []).length >= 3, JSON.stringify(plans[0]));
  const plan = await fixture.read<{
    readonly nodes: readonly { readonly id: string; readonly needs: readonly string[] }[];
  }>("/v1/plans/pair");
  assert.deepEqual(
    plan.nodes.map(({ id, needs }) => [id, needs]),
    [
      ["first", []],
      ["second", ["first"]],
      ["gate", ["first", "second"]],
    ],
  );
  assert.equal((await fetch(`${fixture.url}/v1/plans/broken`)).status, 422);
  assert.equal((await fetch(`${fixture.url}/v1/plans/nothing`)).status, 404);
});

test("a run is cancelled once; a run that has ended is a conflict", async () => {
  const id = await fixture.startHeldRun();
  const answer = await fixture.post(`/v1/runs/${id}/cancel`, { by: "a tester" });
  assert.equal(answer.status, 202);
  const ended = await fixture.read<RunAnswer>(`/v1/runs/${id}?wait=240`);
  assert.deepEqual(
    [ended.state, ended.verdict, ended.cancelledBy],
    ["ended", "cancelled", "a tester"],
  );
  const again = await fetch(`${fixture.url}/v1/runs/${id}/cancel`, { method: "POST" });
  assert.equal(again.status, 409);
  assert.equal((await fixture.post("/v1/runs/unknown/cancel", {})).status, 404);
});
