/** The OpenAPI document of the service: complete, consistent, and true to what the routes do. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openApp } from "../support/app.js";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: object }>
  >;
  readonly requestBody?: { readonly required: boolean };
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

test("every operation has an id of its own, a summary, a tag, and answers with problems", async (context) => {
  const app = await openApp(context);
  const answer = await app.inject("/openapi.json");
  const document = answer.json<Document>();
  assert.equal(document.openapi, "3.1.1");
  assert.equal(document.info.version, "0.0.0-test");
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      place: `${method} ${path}`,
      operation,
    })),
  );
  assert.ok(operations.length >= 25, `${String(operations.length)} operations seen`);
  assert.equal(
    new Set(operations.map(({ operation }) => operation.operationId)).size,
    operations.length,
  );
  for (const { place, operation } of operations) {
    assert.match(operation.operationId, /^[a-z][A-Za-z]+$/, place);
    assert.ok(operation.summary.length > 5, place);
    assert.equal(operation.tags.length, 1, place);
    assert.deepEqual(
      Object.keys(operation.responses["500"]?.content ?? {}),
      ["application/problem+json"],
      place,
    );
    for (const [status, { description }] of Object.entries(operation.responses)) {
      assert.ok(description !== "" && description !== "Default Response", `${place} ${status}`);
    }
  }
  assert.equal(document.paths["/v1/runs"]?.["post"]?.requestBody?.required, true);
  assert.equal(document.paths["/v1/runs/{id}/cancel"]?.["post"]?.requestBody?.required, false);
});

test("every reference leads somewhere, and nothing is described that is not used", async (context) => {
  const app = await openApp(context);
  const text = (await app.inject("/openapi.json")).body;
  const document = JSON.parse(text) as Document;
  const named = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name ?? "",
  );
  assert.ok(named.length > 50, `${String(named.length)} references seen`);
  assert.deepEqual([...new Set(named)].sort(), Object.keys(document.components.schemas).sort());
});

test("every path the document names is there, and every path that is there is named", async (context) => {
  const app = await openApp(context);
  const document = (await app.inject("/openapi.json")).json<Document>();
  for (const [path, methods] of Object.entries(document.paths)) {
    const url = path.replaceAll(/\{[^}]+\}/g, "x");
    const { headers, statusCode } = await app.inject({ method: "OPTIONS", url });
    assert.equal(statusCode, 405, path);
    const allowed = String(headers["allow"])
      .split(", ")
      .filter((method) => method !== "HEAD");
    assert.deepEqual(
      allowed,
      Object.keys(methods)
        .map((method) => method.toUpperCase())
        .sort(),
      path,
    );
  }
  const { links } = (await app.inject("/")).json<{
    readonly links: Readonly<Record<string, string>>;
  }>();
  for (const link of Object.values(links))
    assert.ok(link in document.paths || link === "/queues", link);
});
