/** Watching runs over HTTP against a whole service: events, reports, the list, the dashboard. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  bodyOf,
  openRunFixture,
  until,
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

test("events stream in order while the run goes on, resume after the last one seen, and end with it", async () => {
  const id = await fixture.startHeldRun();
  const early = await fixture.read<RunAnswer>(`/v1/runs/${id}?wait=0`);
  assert.equal(early.state, "running");
  const live = fixture.follow(`/v1/runs/${id}/events`);
  await until("the start is streamed", () =>
    live.events.some(({ type }) => type === "node.started"),
  );
  assert.ok(!live.ended());
  fixture.letGo();
  await until("the stream ends", () => live.ended());
  const types = live.events.map(({ type }) => type);
  assert.equal(types[0], "run.accepted");
  assert.equal(types.at(-1), "run.ended");
  assert.ok(types.includes("task.requests"));
  assert.equal(live.response()?.headers["content-type"], "text/event-stream; charset=utf-8");

  const half = live.events[1];
  const rest = fixture.follow(`/v1/runs/${id}/events`, { "last-event-id": half?.id ?? "" });
  await until("the rest ends", () => rest.ended());
  assert.deepEqual(rest.events, live.events.slice(2));

  const page = await bodyOf<readonly { readonly id: string }[]>(
    await fetch(`${fixture.url}/v1/runs/${id}/events?limit=2`, {
      headers: { accept: "application/json" },
    }),
  );
  assert.deepEqual(
    page.map((entry) => entry.id),
    live.events.slice(0, 2).map((event) => event.id),
  );
  assert.equal((await fetch(`${fixture.url}/v1/runs/unknown/events`)).status, 404);
});

test("a report comes in every format, also while the run goes on, and holds no secret", async () => {
  const id = await fixture.startHeldRun();
  const early = await fixture.read<Receipt>(`/v1/runs/${id}/report.json`);
  assert.equal(early.verdict, null);
  fixture.letGo();
  await fixture.read(`/v1/runs/${id}?wait=240`);
  for (const [extension, type, pattern] of [
    ["json", "application/json", /"verdict": "passed"/],
    ["xml", "application/xml", /^<\?xml[\s\S]*<testsuites/],
    ["html", "text/html", /^<!doctype html>/i],
    ["md", "text/markdown", /slow/],
  ] as const) {
    const answer = await fetch(`${fixture.url}/v1/runs/${id}/report.${extension}`);
    assert.equal(answer.status, 200, extension);
    assert.ok(answer.headers.get("content-type")?.startsWith(type), extension);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const text = await answer.text();
    assert.match(text, pattern);
    assert.ok(!text.includes("hunter2"));
  }
  assert.equal((await fetch(`${fixture.url}/v1/runs/${id}/report.pdf`)).status, 404);
  assert.equal((await fetch(`${fixture.url}/v1/runs/unknown/report.json`)).status, 404);
});

test("runs are listed newest first, page by page, each once", async () => {
  for (let count = 0; count < 3; count += 1) {
    await fixture.post("/v1/runs?wait=240", { collection: "single", environment: "here" });
  }
  const all = (await fixture.read<RunPage>("/v1/runs?limit=100")).runs.map(({ id }) => id);
  assert.ok(all.length >= 3, `${String(all.length)} runs seen`);
  const paged: string[] = [];
  for (let next: string | null = ""; next !== null;) {
    const page: RunPage = await fixture.read(
      `/v1/runs?limit=2${next === "" ? "" : `&cursor=${next}`}`,
    );
    paged.push(...page.runs.map(({ id }) => id));
    next = page.next;
  }
  assert.deepEqual(paged, all);
  assert.equal((await fetch(`${fixture.url}/v1/runs?limit=101`)).status, 400);
});

test("a caller that hangs up leaves no wait behind", async () => {
  const id = await fixture.startHeldRun();
  const caller = new AbortController();
  const waiting = fetch(`${fixture.url}/v1/runs/${id}?wait=300`, { signal: caller.signal });
  const streaming = fixture.follow(`/v1/runs/${id}/events`);
  await until("the stream has begun", () => streaming.events.length > 0);
  caller.abort();
  streaming.response()?.destroy();
  await assert.rejects(waiting, { name: "AbortError" });
  fixture.letGo();
  assert.equal((await fixture.read<Receipt>(`/v1/runs/${id}?wait=240`)).verdict, "passed");
});

test("the dashboard shows the queues and the tree of a run, and lets nobody touch them", async () => {
  const page = await fetch(`${fixture.url}/queues`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'self'/);
  const { queues } = await fixture.read<{
    readonly queues: readonly { readonly name: string; readonly readOnlyMode: boolean }[];
  }>("/queues/api/queues");
  assert.deepEqual(
    queues.map(({ name, readOnlyMode }) => `${name} ${String(readOnlyMode)}`),
    ["tasks true", "control true"],
  );
  const { id } = await bodyOf<Receipt>(await fixture.post("/v1/runs?wait=240", { plan: "pair" }));
  const { flowRoot } = await fixture.read<{ readonly flowRoot: FlowNode }>(
    `/queues/api/queues/control/${id}.$run/flow`,
  );
  assert.equal(sketch(flowRoot), `run ${id}(gate(first,second(gate after first)))`);
  for (const path of [
    "queues/pause",
    "queues/tasks/pause",
    "queues/tasks/obliterate",
    "queues/tasks/add",
  ]) {
    for (const method of ["PUT", "POST", "DELETE", "PATCH"]) {
      const answer = await fetch(`${fixture.url}/queues/api/${path}`, { method, body: "{" });
      assert.ok(answer.status === 405 || answer.status === 404, `${method} ${path}`);
      await answer.text();
    }
  }
  const paused = await fetch(`${fixture.url}/queues/api/queues/pause`, { method: "PUT" });
  assert.equal((await bodyOf<{ readonly code: string }>(paused)).code, "METHOD_NOT_ALLOWED");
});

interface FlowNode {
  readonly name: string;
  readonly children?: readonly FlowNode[];
}

/** `parent(child,child)`, by the names of the jobs. */
function sketch({ name, children = [] }: FlowNode): string {
  return children.length === 0 ? name : `${name}(${children.map(sketch).sort().join(",")})`;
}
