/** Environments and collections over HTTP: conditional reads and writes, masks, names, what is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openApp, problemOf } from "../support/app.js";

const MASK = "********";
const STAGING = {
  name: "staging",
  values: [
    { key: "base_url", value: "http://127.0.0.1:1", enabled: true },
    { key: "api_key", value: "hunter2-hunter2", type: "secret" },
    { key: "unset", value: "", type: "secret" },
  ],
};

test("an environment is written, read with its secrets masked, and deleted", async (context) => {
  const app = await openApp(context);
  const url = "/v1/environments/staging";
  const created = await app.inject({ method: "PUT", url, payload: STAGING });
  assert.equal(created.statusCode, 201);
  assert.equal(created.headers["location"], url);
  const replaced = await app.inject({ method: "PUT", url, payload: { ...STAGING, id: "x" } });
  assert.equal(replaced.statusCode, 200);
  assert.notEqual(replaced.headers["etag"], created.headers["etag"]);

  const read = await app.inject(url);
  assert.equal(read.statusCode, 200);
  assert.equal(read.headers["etag"], replaced.headers["etag"]);
  assert.ok(!read.body.includes("hunter2"));
  assert.deepEqual(
    read.json<typeof STAGING>().values.map(({ value }) => value),
    ["http://127.0.0.1:1", MASK, ""],
  );
  assert.deepEqual((await app.inject("/v1/environments")).json(), {
    environments: [{ name: "staging", etag: replaced.json<{ etag: string }>().etag }],
  });
  assert.equal((await app.inject({ method: "DELETE", url })).statusCode, 204);
  const gone = await app.inject({ method: "DELETE", url });
  assert.equal(gone.statusCode, 404);
  assert.equal(problemOf(gone).code, "NOT_FOUND");
});

test("a read with the ETag one has is 304 without a body", async (context) => {
  const app = await openApp(context);
  const { headers } = await app.inject({
    method: "PUT",
    url: "/v1/environments/a",
    payload: STAGING,
  });
  const etag = String(headers["etag"]);
  for (const value of [etag, `"other", ${etag}`, `W/${etag}`, "*"]) {
    const answer = await app.inject({
      url: "/v1/environments/a",
      headers: { "if-none-match": value },
    });
    assert.equal(answer.statusCode, 304, value);
    assert.equal(answer.body, "");
    assert.equal(answer.headers["etag"], etag);
  }
  const other = await app.inject({
    url: "/v1/environments/a",
    headers: { "if-none-match": '"other"' },
  });
  assert.equal(other.statusCode, 200);
});

test("a conditional write replaces only what its writer has seen", async (context) => {
  const app = await openApp(context);
  const put = (headers: Record<string, string>, name = "a") =>
    app.inject({
      method: "PUT",
      url: `/v1/environments/${name}`,
      headers,
      payload: { ...STAGING, id: String(Math.random()) },
    });
  const first = await put({ "if-none-match": "*" });
  assert.equal(first.statusCode, 201);
  for (const headers of [{ "if-none-match": "*" }, { "if-match": '"stale"' }] as const) {
    const answer = await put({ ...headers });
    assert.equal(answer.statusCode, 412, JSON.stringify(headers));
    assert.equal(problemOf(answer).code, "PRECONDITION_FAILED");
  }
  assert.equal((await put({ "if-match": String(first.headers["etag"]) })).statusCode, 200);
  assert.equal((await put({ "if-match": "*" })).statusCode, 200);
  assert.equal((await put({ "if-match": "*" }, "absent")).statusCode, 412);
});

test("writing the mask back is refused, so that no secret is destroyed", async (context) => {
  const app = await openApp(context);
  const url = "/v1/environments/a";
  await app.inject({ method: "PUT", url, payload: STAGING });
  const masked = (await app.inject(url)).json<typeof STAGING>();
  const answer = await app.inject({ method: "PUT", url, payload: masked });
  assert.equal(answer.statusCode, 422);
  const problem = problemOf(answer);
  assert.equal(problem.code, "INVALID_ENVIRONMENT");
  assert.deepEqual(
    problem.problems.map(({ path }) => path),
    ["values.1.value"],
  );
});

test("an environment with wrong rows is refused with the place of each", async (context) => {
  const app = await openApp(context);
  const answer = await app.inject({
    method: "PUT",
    url: "/v1/environments/a",
    payload: { name: "", values: [{ value: 1 }, 7, { key: "k", enabled: "yes" }] },
  });
  assert.equal(answer.statusCode, 400);
  assert.deepEqual(
    problemOf(answer).problems.map(({ path }) => path),
    ["name", "values.0.key", "values.1", "values.2.enabled"],
  );
});

test("names that could leave the folder are refused", async (context) => {
  const app = await openApp(context);
  for (const name of [
    "..",
    "..%2Fetc",
    ".hidden",
    "a%2Fb",
    "a%5Cb",
    "a%00b",
    "a%0Ab",
    "%F0%9F%98%80".repeat(70),
  ]) {
    for (const kind of ["environments", "collections"]) {
      const answer = await app.inject({
        method: "PUT",
        url: `/v1/${kind}/${name}`,
        payload: { values: [], item: [] },
      });
      assert.ok(
        [400, 404, 405].includes(answer.statusCode),
        `${name}: ${String(answer.statusCode)}`,
      );
      assert.deepEqual((await app.inject(`/v1/${kind}`)).json(), { [kind]: [] });
    }
  }
});

test("a collection is judged before it is written, and read as it was written", async (context) => {
  const app = await openApp(context);
  const url = "/v1/collections/pets";
  const collection = {
    info: {
      name: "Pets",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    item: [
      { name: "list", request: { method: "GET", url: "{{base_url}}/pets" } },
      { name: "folder", item: [] },
    ],
  };
  const refused = await app.inject({ method: "PUT", url, payload: STAGING });
  assert.equal(refused.statusCode, 422);
  assert.equal(problemOf(refused).code, "INVALID_COLLECTION");
  assert.match(problemOf(refused).problems[0]?.message ?? "", /Postman environment/);
  const written = await app.inject({ method: "PUT", url, payload: collection });
  assert.equal(written.statusCode, 201);
  assert.deepEqual(
    { ...written.json<object>(), etag: "" },
    { name: "pets", etag: "", format: "v2.1", requests: 1, folders: 1 },
  );
  assert.deepEqual((await app.inject(url)).json(), collection);
  assert.equal((await app.inject({ method: "DELETE", url })).statusCode, 204);
  assert.equal((await app.inject(url)).statusCode, 404);
});
