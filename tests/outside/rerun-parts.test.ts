/** Running the failed part again of a plan that hands values on, and has a matrix, an included plan and a task in shards. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { collectionOf, STATUS_200 } from "../support/project.js";
import { openLiveService, openTarget, type LiveService } from "../support/service.js";

interface Report {
  readonly verdict: string | null;
  readonly totals: { readonly counts: { readonly requests: number } };
  readonly tasks: readonly {
    readonly id: string;
    readonly status: string;
    readonly reusedFrom: string | null;
    readonly counts: { readonly requests: number; readonly iterations: number };
    readonly split: { readonly shards: readonly { readonly status: string }[] } | null;
  }[];
}

let service: LiveService;
let target: Awaited<ReturnType<typeof openTarget>>;
/** Paths that were asked for, with the token that came along. */
const asked: string[] = [];
/** What the target answers with 500. */
const broken = new Set<string>();
let logins = 0;

const ROWS = 6;

before(async () => {
  target = await openTarget((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    response.statusCode = broken.has(path) ? 500 : 200;
    if (path === "/login") logins += 1;
    response.end(JSON.stringify({ token: `t${String(logins)}` }));
  });
  const get = (name: string, path: string, test: readonly string[] = STATUS_200): object =>
    collectionOf(name, [{ url: `${target.url}${path}`, test }]);
  service = await openLiveService({
    collections: {
      "parts/plan.yaml": `
name: parts
tasks:
  setup: { collection: setup.json }
  login: { collection: login.json, outputs: [token] }
  zone:
    collection: zone.json
    needs: [setup]
    matrix: { variables: { zone: [eu, us] } }
  rows: { collection: rows.json, needs: [setup], data: numbers.json, shards: 3 }
  smoke: { plan: smoke.yaml, needs: [setup] }
  gate: { checkpoint: true, needs: [zone, rows, smoke, login] }
  buy: { collection: buy.json, needs: [gate] }
`,
      "parts/smoke.yaml": `
name: smoke
tasks:
  ping: { collection: ping.json }
  pong: { collection: pong.json, needs: [ping] }
`,
      "parts/numbers.json": Array.from({ length: ROWS }, (_, n) => ({ n })),
      "parts/setup.json": get("setup", "/setup"),
      "parts/login.json": get("login", "/login", [
        ...STATUS_200,
        "pm.environment.set('token', pm.response.json().token);",
      ]),
      "parts/zone.json": get("zone", "/zone/{{zone}}"),
      "parts/rows.json": get("rows", "/rows/{{n}}"),
      "parts/ping.json": get("ping", "/ping"),
      "parts/pong.json": get("pong", "/pong"),
      "parts/buy.json": get("buy", "/buy/{{token}}"),
    },
    environments: {},
  });
});
after(async () => {
  await service.close();
  await target.close();
});

async function post(path: string, body: object): Promise<string> {
  const answer = await fetch(`${service.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, 202, text);
  return (JSON.parse(text) as { readonly id: string }).id;
}

/** Starts a run, or runs the failed part of one again; answers its report, and what the target was asked for meanwhile. */
async function runToEnd(path: string, body: object) {
  asked.length = 0;
  const id = await post(path, body);
  await fetch(`${service.url}/v1/runs/${id}?wait=240`);
  const answer = await fetch(`${service.url}/v1/runs/${id}/report.json`);
  const report = (await answer.json()) as Report;
  const reused = Object.fromEntries(
    report.tasks.flatMap((task) => (task.reusedFrom === null ? [] : [[task.id, task.reusedFrom]])),
  );
  const red = report.tasks.filter(({ status }) => status === "failed").map(({ id: task }) => task);
  return { id, report, reused, red, asked: asked.toSorted() };
}

const rerun = (id: string) => runToEnd(`/v1/runs/${id}/rerun`, { failed: true });

test("a rerun of a rerun of a rerun runs only what is red each time, with fresh values handed on", async () => {
  for (const path of ["/zone/us", "/rows/4", "/pong"]) broken.add(path);
  const first = await runToEnd("/v1/runs", { plan: "parts" });
  assert.equal(first.report.verdict, "failed");
  const zones = first.report.tasks.filter(({ id }) => id.startsWith("zone")).map(({ id }) => id);
  const [eu = "", us = ""] = zones;
  assert.equal(zones.length, 2);
  assert.deepEqual(first.red, [us, "rows", "smoke.pong", "gate"]);

  // The red one of the matrix, the whole task of which one part was red, and the red one of the included plan.
  const second = await rerun(first.id);
  assert.deepEqual(second.red, first.red);
  assert.deepEqual(second.reused, { setup: first.id, [eu]: first.id, "smoke.ping": first.id });
  const rows = Array.from({ length: ROWS }, (_, n) => `/rows/${String(n)}`);
  assert.deepEqual(second.asked, ["/login", "/pong", ...rows, "/zone/us"]);
  const split = second.report.tasks.find(({ id }) => id === "rows");
  assert.equal(split?.split?.shards.length, 3);
  assert.equal(split.counts.iterations, ROWS);

  broken.delete("/rows/4");
  broken.delete("/pong");
  const third = await rerun(second.id);
  assert.deepEqual(third.red, [us, "gate"]);
  assert.deepEqual(third.reused, second.reused, "what was reused names the run that executed it");

  broken.clear();
  const fourth = await rerun(third.id);
  assert.equal(fourth.report.verdict, "passed");
  assert.deepEqual(fourth.reused, { ...second.reused, rows: third.id, "smoke.pong": third.id });
  assert.equal(logins, 4);
  assert.deepEqual(
    fourth.asked,
    ["/buy/t4", "/login", "/zone/us"],
    "the token is that of this run",
  );
  const reusedRows = fourth.report.tasks.find(({ id }) => id === "rows");
  assert.deepEqual([reusedRows?.status, reusedRows?.counts.requests], ["passed", 0]);
  assert.equal(fourth.report.totals.counts.requests, 3);
});
