/** What every answer of the API keeps to, whatever it is about: errors, methods, media types, hosts, tokens. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { Writable } from "node:stream";
import { test } from "node:test";
import { pino } from "pino";
import { queuesDashboard } from "../../src/http/queues-dashboard.js";
import { openApp, problemOf } from "../support/app.js";
import { emptyService, waitingRun } from "../support/empty-service.js";

const TOKEN = "a-very-secret-token";

interface Readiness {
  readonly status: string;
  readonly checks: readonly object[];
}
interface ConfigCheck {
  readonly valid: boolean;
  readonly problems: readonly object[];
}

test("an unknown path is 404 and names the entry point", async (context) => {
  const app = await openApp(context);
  const answer = await app.inject("/v1/nothing");
  const problem = problemOf(answer);
  assert.equal(answer.statusCode, 404);
  assert.equal(problem.code, "NOT_FOUND");
  assert.equal(problem.status, 404);
  assert.match(problem.detail, /\/v1\/nothing/);
});

test("a wrong method is 405 with the methods there are", async (context) => {
  const app = await openApp(context);
  for (const [method, url, allow] of [
    ["POST", "/healthz", "GET, HEAD"],
    ["DELETE", "/v1/runs", "GET, HEAD, POST"],
    ["PATCH", "/v1/environments/local", "DELETE, GET, HEAD, PUT"],
    ["GET", "/v1/runs/x/cancel", "POST"],
  ] as const) {
    const answer = await app.inject({ method, url });
    assert.equal(answer.statusCode, 405, `${method} ${url}`);
    assert.equal(answer.headers["allow"], allow);
    assert.equal(problemOf(answer).code, "METHOD_NOT_ALLOWED");
  }
});

test("a body that is no JSON is 400 with line and column", async (context) => {
  const app = await openApp(context);
  const post = (payload: string | Buffer) =>
    app.inject({
      method: "POST",
      url: "/v1/runs",
      headers: { "content-type": "application/json" },
      payload,
    });
  for (const [payload, expected] of [
    ['{\n  "plan": tasks\n}', /line 2, column 11: expected a value, found "t"/],
    ["[1,]", /line 1, column 4: expected a value, found "\]"/],
    ['{"a" 1}', /line 1, column 6: expected a colon, found "1"/],
    ['{"a":1', /line 1, column 7: expected a comma or the end .* found the end of the text/],
    ['{"a":"x', /column 6: this string is not closed/],
    ["{} x", /column 4: expected nothing more/],
    [Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
    ['{"plan":"a","\\u005f_proto__":{"collection":"b"}}', /"__proto__" is not allowed/],
    ["[".repeat(5000), /nested deeper than 400/],
  ] as const) {
    const answer = await post(payload);
    assert.equal(answer.statusCode, 400);
    const [problem] = problemOf(answer).problems;
    assert.match(problem?.message ?? "", expected);
  }
  const empty = problemOf(await post(""));
  assert.match(empty.problems[0]?.message ?? "", /a JSON body is required/);
});

test("another media type is 415, a body over the limit 413", async (context) => {
  const app = await openApp(context);
  const text = await app.inject({
    method: "POST",
    url: "/v1/runs",
    headers: { "content-type": "text/plain" },
    payload: "x",
  });
  assert.equal(text.statusCode, 415);
  assert.equal(problemOf(text).code, "UNSUPPORTED_MEDIA_TYPE");
  const large = await app.inject({
    method: "POST",
    url: "/v1/runs",
    payload: { plan: "x".repeat(20_000) },
  });
  assert.equal(large.statusCode, 413);
  assert.equal(problemOf(large).code, "BODY_TOO_LARGE");
});

test("every problem of a request is named at once, with the nearest name for a misspelt key", async (context) => {
  const app = await openApp(context);
  const answer = await app.inject({
    method: "POST",
    url: "/v1/runs?waits=3",
    headers: { "idempotency-key": "k".repeat(300) },
    payload: { plans: "a", environment: [1], variables: { a: 1 }, plan: 7, collection: "b" },
  });
  assert.equal(answer.statusCode, 400);
  const { problems } = problemOf(answer);
  const paths = problems.map(({ path }) => path);
  assert.deepEqual(
    [
      "plan",
      "plans",
      "environment.0",
      "variables.a",
      "query.waits",
      "headers.idempotency-key",
    ].filter((path) => !paths.includes(path)),
    [],
  );
  assert.match(
    problems.find(({ path }) => path === "plans")?.suggestedAction ?? "",
    /did you mean "plan"/,
  );
  assert.match(
    problems.find(({ path }) => path === "query.waits")?.suggestedAction ?? "",
    /did you mean "wait"/,
  );
  assert.ok(
    problems.some(
      ({ path, message }) => path === "plan" && /either a plan or a collection/.test(message),
    ),
  );
});

test("query keys nobody asked for are refused, also where a route has none", async (context) => {
  const app = await openApp(context);
  const answer = await app.inject("/v1/plans?page=2");
  assert.equal(answer.statusCode, 400);
  assert.equal(problemOf(answer).problems[0]?.path, "query.page");
});

test("a bug is 500 without its text; the log has all of it under the id that is shown", async (context) => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const app = await openApp(context, {
    log: pino({ level: "error" }, sink),
    service: emptyService({ listRuns: () => Promise.reject(new Error("password is hunter2")) }),
  });
  const answer = await app.inject("/v1/runs");
  assert.equal(answer.statusCode, 500);
  const problem = problemOf(answer);
  assert.equal(problem.code, "INTERNAL");
  assert.ok(!answer.body.includes("hunter2"));
  const id = problem.instance.replace("urn:uuid:", "");
  assert.equal(answer.headers["x-request-id"], id);
  const logged = lines.find((line) => line.includes(id)) ?? "";
  assert.match(logged, /hunter2/);
});

test("a full disk is 503 and says so, however it is told", async (context) => {
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
  for (const cause of [
    full,
    new Error("a blob could not be written", { cause: full }),
    Object.assign(new Error("could not extend file"), { code: "53100" }),
    new Error("write: No space left on device"),
  ]) {
    const service = emptyService({ listRuns: () => Promise.reject(cause) });
    const app = await openApp(context, { service });
    const answer = await app.inject("/v1/runs");
    assert.equal(answer.statusCode, 503, cause.message);
    assert.equal(problemOf(answer).code, "DATA_DIRECTORY_BROKEN");
    assert.match(problemOf(answer).detail, /disk of the service is full; make some space/);
  }
});

test("without a token only a Host of this machine is answered", async (context) => {
  const app = await openApp(context);
  for (const host of [
    "localhost",
    "localhost:4848",
    "127.0.0.1:80",
    "127.9.8.7",
    "[::1]:4848",
    "LOCALHOST",
  ]) {
    assert.equal((await app.inject({ url: "/v1/runs", headers: { host } })).statusCode, 200, host);
  }
  for (const host of [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:80",
    "10.0.0.1",
    "[::2]",
  ]) {
    for (const url of ["/v1/runs", "/healthz", "/nothing"]) {
      const answer = await app.inject({ url, headers: { host } });
      assert.equal(answer.statusCode, 403, `${host} ${url}`);
      assert.equal(problemOf(answer).code, "FORBIDDEN_HOST");
    }
  }
});

test("pages of other sites may change nothing", async (context) => {
  const app = await openApp(context);
  const post = (headers: Record<string, string>) =>
    app.inject({
      method: "POST",
      url: "/v1/config/check",
      payload: { document: {} },
      headers: { host: "localhost:4848", ...headers },
    });
  for (const headers of [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "http://evil.example" },
    { origin: "http://localhost:9999" },
    { origin: "null" },
  ] as const) {
    const answer = await post({ ...headers });
    assert.equal(answer.statusCode, 403, JSON.stringify(headers));
    assert.equal(problemOf(answer).code, "FORBIDDEN_ORIGIN");
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
  }
  assert.equal((await post({})).statusCode, 200);
  assert.equal(
    (await post({ "sec-fetch-site": "same-origin", origin: "http://localhost:4848" })).statusCode,
    200,
  );
});

test("with a token everything but the two probes needs it", async (context) => {
  const app = await openApp(context, {
    token: TOKEN,
    queuesDashboard: queuesDashboard(() => undefined),
  });
  const get = (url: string, authorization?: string) =>
    app.inject({
      url,
      headers: {
        host: "turnpike.example",
        ...(authorization === undefined ? {} : { authorization }),
      },
    });
  for (const url of ["/healthz", "/readyz", "/healthz?x=1"])
    assert.equal((await get(url)).statusCode, 200, url);
  for (const url of [
    "/",
    "/metrics",
    "/openapi.json",
    "/v1/runs",
    "/nothing",
    "/queues",
    "/queues/api/queues",
    "/healthz/",
    "//healthz",
  ]) {
    const answer = await get(url);
    assert.equal(answer.statusCode, 401, url);
    assert.equal(problemOf(answer).code, "UNAUTHORIZED");
    assert.match(String(answer.headers["www-authenticate"]), /Bearer/);
  }
  assert.equal((await get("/v1/runs", `Bearer ${TOKEN}`)).statusCode, 200);
  assert.equal((await get("/v1/runs", `bearer  ${TOKEN}`)).statusCode, 200);
  assert.equal(
    (await get("/v1/runs", `Basic ${Buffer.from(`me:${TOKEN}`).toString("base64")}`)).statusCode,
    200,
  );
  for (const wrong of ["Bearer wrong", "Bearer", `Bearer ${TOKEN}x`, TOKEN, "Basic !!", ""]) {
    assert.equal((await get("/v1/runs", wrong)).statusCode, 401, wrong);
  }
});

test("while draining no run is accepted, readiness fails and reading goes on", async (context) => {
  const app = await openApp(context, { isDraining: () => true });
  const answer = await app.inject({ method: "POST", url: "/v1/runs", payload: { plan: "x" } });
  assert.equal(answer.statusCode, 503);
  assert.equal(problemOf(answer).code, "DRAINING");
  assert.match(String(answer.headers["retry-after"]), /^\d+$/);
  const ready = await app.inject("/readyz");
  assert.equal(ready.statusCode, 503);
  assert.equal(ready.json<Readiness>().status, "not_ready");
  assert.equal((await app.inject("/v1/runs")).statusCode, 200);
});

test("the probes answer what a supervisor needs, also to HEAD", async (context) => {
  const failing = emptyService({
    checkReadiness: async () => [
      { name: "queue", ok: false, durationMs: 3, detail: "no answer within 3 s" },
    ],
  });
  const app = await openApp(context);
  assert.deepEqual(Object.keys((await app.inject("/healthz")).json<object>()), [
    "status",
    "version",
    "uptimeSeconds",
  ]);
  assert.equal((await app.inject({ method: "HEAD", url: "/healthz" })).statusCode, 200);
  assert.equal((await app.inject("/readyz")).json<Readiness>().status, "ready");
  const other = await openApp(context, { service: failing });
  const answer = await other.inject("/readyz");
  assert.equal(answer.statusCode, 503);
  assert.deepEqual(answer.json<Readiness>().checks, [
    { name: "queue", status: "failed", durationMs: 3, detail: "no answer within 3 s" },
  ]);
});

test("metrics are in the Prometheus text format, each with HELP and TYPE", async (context) => {
  const app = await openApp(context);
  const answer = await app.inject("/metrics");
  assert.equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const samples = answer.body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.ok(samples.includes('turnpike_runs_ended_total{verdict="passed"} 3'));
  assert.ok(samples.includes("turnpike_lanes_busy 1"));
  for (const sample of samples) {
    assert.match(sample, /^[a-z_]+(?:\{[a-z]+="[^"]*"\})? [\d.]+$/);
    const name = /^[a-z_]+/.exec(sample)?.[0] ?? "";
    assert.ok(
      answer.body.includes(`# HELP ${name} `) && answer.body.includes(`# TYPE ${name} `),
      name,
    );
  }
});

test("the configuration is shown with its secrets masked, and judged with every problem", async (context) => {
  const app = await openApp(context);
  const shown = await app.inject("/v1/config");
  assert.ok(!shown.body.includes(TOKEN));
  const { values } = shown.json<{ readonly values: readonly { readonly key: string }[] }>();
  const token = values.find(({ key }) => key === "token");
  assert.deepEqual(token, { key: "token", value: "********", source: "flags", secret: true });
  const check = await app.inject({
    method: "POST",
    url: "/v1/config/check",
    payload: { document: { prot: 1, lanes: -1 } },
  });
  assert.equal(check.statusCode, 200);
  assert.equal(check.json<ConfigCheck>().valid, false);
  assert.equal(check.json<ConfigCheck>().problems.length, 2);
});

test("bytes that are no HTTP are answered with a problem on the bare socket", async (context) => {
  const app = await openApp(context);
  const answer = await exchange(
    await app.listen({ host: "127.0.0.1", port: 0 }),
    "THIS IS NOT HTTP\r\n\r\n",
  );
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.match(answer, /"code":"INVALID_REQUEST"/);
});

test("a request without any Host is refused", async (context) => {
  const app = await openApp(context);
  const answer = await exchange(
    await app.listen({ host: "127.0.0.1", port: 0 }),
    "GET /v1/runs HTTP/1.0\r\n\r\n",
  );
  assert.match(answer, /^HTTP\/1\.1 403 /);
});

/** Sends bytes and reads until the other side closes. */
function exchange(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk) => (text += String(chunk)));
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
}

test("a URL that cannot be decoded is 400, and an overlong name is no crash", async (context) => {
  const app = await openApp(context);
  const bad = await app.inject("/v1/plans/%zz");
  assert.equal(bad.statusCode, 400);
  assert.equal(problemOf(bad).code, "INVALID_REQUEST");
  const long = await app.inject(`/v1/environments/${"x".repeat(2000)}`);
  assert.ok(long.statusCode >= 400 && long.statusCode < 500);
  problemOf(long);
});

test("closing ends a stream that is underway", async (context) => {
  const service = emptyService({
    viewRun: async (id) => waitingRun(id),
    followRun: (_id, { signal }) => silentUntil(signal),
  });
  const app = await openApp(context, { service });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const ended = new Promise<string>((resolve, reject) => {
    const call = request(`${url}/v1/runs/r1/events`, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
        void app.close();
      });
      response.on("end", () => resolve(text));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end();
  });
  assert.match(await ended, /^retry: \d+\n\n$/);
});

/** A stream without events that ends when the signal is aborted. */
async function* silentUntil(signal: AbortSignal): AsyncGenerator<never> {
  await once(signal, "abort");
  yield* [];
}
