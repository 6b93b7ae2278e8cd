/** The generators over HTTP: what they answer can be used as it is, and what they cannot make is refused with its place. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openApp, problemOf } from "../support/app.js";

const REQUEST = { name: "read a pet", method: "GET", url: "{{base_url}}/pets/1" };
const RESPONSE = { status: 200, body: { id: 1, name: "Rex" } };

test("scripts are written as lines for Postman's editor", async (context) => {
  const app = await openApp(context);
  const answer = await app.inject({
    method: "POST",
    url: "/v1/generate/scripts",
    payload: { request: REQUEST, response: RESPONSE, options: { capture: { id: "pet_id" } } },
  });
  assert.equal(answer.statusCode, 200);
  const { test: lines, assertions } = answer.json<{ test: string[]; assertions: number }>();
  assert.equal(lines.filter((line) => line.startsWith("pm.test(")).length, assertions);
  assert.ok(lines.some((line) => line.includes('"pet_id"')));
});

test("the same seed gives the same rows, another one others", async (context) => {
  const app = await openApp(context);
  const rowsOf = async (seed: number): Promise<unknown> => {
    const payload = { seed, count: 5, fields: [{ name: "mail", type: "internet.email" }] };
    const answer = await app.inject({ method: "POST", url: "/v1/generate/data", payload });
    assert.equal(answer.statusCode, 200);
    return answer.json<{ rows: unknown }>().rows;
  };
  assert.deepEqual(await rowsOf(7), await rowsOf(7));
  assert.notDeepEqual(await rowsOf(7), await rowsOf(8));
});

test("cases of a schema come with a body to send and what it violates", async (context) => {
  const app = await openApp(context);
  const schema = { type: "object", properties: { age: { type: "integer", minimum: 18 } } };
  const payload = { schema, cases: "invalid" };
  const answer = await app.inject({ method: "POST", url: "/v1/generate/data", payload });
  assert.equal(answer.statusCode, 200);
  const { rows } = answer.json<{ rows: Record<string, unknown>[] }>();
  const below = rows.find(({ keyword }) => keyword === "minimum");
  assert.deepEqual(below, {
    case: "age: minimum (17)",
    valid: false,
    place: "age",
    keyword: "minimum",
    body: '{"age":17}',
  });
});

test("a built collection is one the service takes", async (context) => {
  const app = await openApp(context);
  const built = await app.inject({
    method: "POST",
    url: "/v1/generate/collections",
    payload: { name: "Pets", requests: [{ name: "list", path: "/pets", expect: RESPONSE }] },
  });
  assert.equal(built.statusCode, 200);
  const { collection, requests } = built.json<{ collection: object; requests: number }>();
  const stored = await app.inject({
    method: "PUT",
    url: "/v1/collections/pets",
    payload: collection,
  });
  assert.equal(stored.statusCode, 201);
  assert.equal(stored.json<{ requests: number }>().requests, requests);
});

test("what cannot be generated is refused with the place and the nearest name", async (context) => {
  const app = await openApp(context);
  for (const [url, payload, path] of [
    ["scripts", { request: REQUEST, response: { status: 99 } }, "response.status"],
    ["scripts", { request: { ...REQUEST, methd: "GET" }, response: RESPONSE }, "request.methd"],
    ["data", { fields: [] }, "fields"],
    ["data", { fields: [{ name: "a", type: "internet.emial" }] }, "fields.0.type"],
    ["data", { schema: { type: "strin" } }, "schema.type"],
    ["data", { openapi: { document: "openapi: 3.1.0", ref: "Pet" } }, "openapi.ref"],
    ["collections", { name: "x", requests: [{ name: "y", expect: RESPONSE }] }, "requests.0.path"],
    ["collections", { name: "x", requests: [], reqests: [] }, "reqests"],
  ] as const) {
    const answer = await app.inject({ method: "POST", url: `/v1/generate/${url}`, payload });
    assert.equal(answer.statusCode, 400, `${url} ${path}`);
    const paths = problemOf(answer).problems.map((problem) => problem.path);
    assert.ok(paths.includes(path), `${url}: ${paths.join(", ")}`);
  }
});
