import assert from "node:assert/strict";
import { test } from "node:test";
import { readCollection, type CollectionSummary } from "../../src/collections/read-collection.js";

const SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
const REQUEST = { name: "one", request: { method: "GET", url: "http://localhost/" } };

function v2(extra: object = {}): object {
  return { info: { name: "Orders", schema: SCHEMA }, item: [REQUEST], ...extra };
}

function accepts(input: unknown, expected: CollectionSummary): void {
  const check = readCollection(input);
  assert.ok(check.ok, check.ok ? "accepted" : JSON.stringify(check.problems));
  assert.deepEqual(check.summary, expected);
}

function refuses(input: unknown, expected: RegExp, path = ""): void {
  const check = readCollection(input);
  assert.ok(!check.ok, "it was taken for a collection");
  assert.equal(check.problems.length, 1);
  const [problem] = check.problems;
  assert.ok(problem !== undefined);
  assert.match(problem.message, expected);
  assert.equal(problem.path, path);
  assert.ok(problem.suggestedAction);
}

test("A collection is recognised as text, bytes and document, with or without a byte order mark", () => {
  const summary: CollectionSummary = { name: "Orders", format: "v2.1", requests: 1, folders: 0 };
  accepts(v2(), summary);
  accepts(JSON.stringify(v2()), summary);
  accepts(`\uFEFF${JSON.stringify(v2())}`, summary);
  accepts(new TextEncoder().encode(`\uFEFF${JSON.stringify(v2())}`), summary);
});

test("The wrapper of Postman's API is taken off", () => {
  const check = readCollection({ collection: v2() });
  assert.ok(check.ok);
  assert.deepEqual(check.collection, v2());
  accepts(v2({ collection: { odd: true } }), {
    name: "Orders",
    format: "v2.1",
    requests: 1,
    folders: 0,
  });
});

test("Older formats are recognised", () => {
  const info = { name: "Old", schema: SCHEMA.replace("v2.1.0", "v2.0.0") };
  accepts({ info, item: [] }, { name: "Old", format: "v2.0", requests: 0, folders: 0 });
  accepts(
    {
      id: "1",
      name: "Oldest",
      order: ["a"],
      requests: [{ id: "a" }, { id: "b" }],
      folders: [{ id: "f" }],
    },
    { name: "Oldest", format: "v1", requests: 2, folders: 1 },
  );
});

test("What Newman would run is taken even when it is odd", () => {
  accepts(
    { item: [REQUEST, "http://localhost/", null, { item: [REQUEST] }] },
    { name: "Unnamed collection", format: "v2.1", requests: 3, folders: 1 },
  );
  accepts(
    { info: { name: "Bare", schema: SCHEMA } },
    { name: "Bare", format: "v2.1", requests: 0, folders: 0 },
  );
});

test("Folders nested thousands deep are counted without overflowing", () => {
  const depth = 20_000;
  let item: object = REQUEST;
  for (let level = 0; level < depth; level += 1) item = { name: "folder", item: [item] };
  accepts(v2({ item: [item] }), { name: "Orders", format: "v2.1", requests: 1, folders: depth });
  const text = `${'{"item":['.repeat(900)}{}${"]}".repeat(900)}`;
  accepts(text, { name: "Unnamed collection", format: "v2.1", requests: 1, folders: 899 });
});

test("Anything else is called by its name", () => {
  refuses("", /empty/);
  refuses("\uFEFF \n", /empty/);
  refuses([], /an empty list, not a collection/);
  refuses("null", /null, not a collection/);
  refuses("12", /a number, not a collection/);
  refuses(undefined, /this is nothing/);
  refuses({}, /neither info nor item/);
  refuses({ values: [], _postman_variable_scope: "environment" }, /a Postman environment/);
  refuses({ values: [], _postman_variable_scope: "globals" }, /a Postman globals file/);
  refuses({ environment: { values: [] } }, /environment from Postman's API/);
  refuses({ openapi: "3.1.0", info: { title: "Shop" } }, /an OpenAPI document/);
  refuses({ log: { entries: [] } }, /a HAR recording/);
  refuses("openapi: 3.1.0\ninfo: {}\n", /OpenAPI document in YAML/);
  refuses("$kind: collection\nname: x\n", /v3 format/);
  refuses("<!DOCTYPE html><html></html>", /HTML or XML/);
  refuses(new Uint8Array([0xff, 0xfe, 0x7b, 0x00]), /not UTF-8/);
  refuses(
    { info: { name: "x", schema: SCHEMA }, item: {} },
    /must be a list .* and is an object/,
    "item",
  );
});

test("A syntax error is named by line and column", () => {
  refuses('{\n  "info": {},\n  // comment\n  "item": []\n}', /^not JSON at line 3, column 3: /);
  refuses('{"info": {', /^not JSON/);
});
