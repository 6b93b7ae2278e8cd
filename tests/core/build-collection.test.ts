import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { buildCollection } from "../../src/collections/build-collection.js";
import { buildCollectionSchema } from "../../src/collections/collection-request.js";
import { readCollection } from "../../src/collections/read-collection.js";

/** What we use of postman-collection, which types only a global namespace. */
interface PostmanItem {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly url: { toString(): string };
    readonly headers: { get(name: string): string | undefined };
    readonly body?: { toString(): string };
  };
}
interface PostmanCollection {
  readonly name: string;
  readonly variables: { get(name: string): unknown };
  forEachItem(visit: (item: PostmanItem) => void): void;
}
interface PostmanLibrary {
  readonly Collection: new (definition: unknown) => PostmanCollection;
}

const SHOP = {
  name: "Shop",
  variables: { currency: "EUR" },
  folders: [
    {
      name: "Orders",
      requests: [
        {
          name: "Create order",
          method: "POST",
          path: "/orders",
          query: { dry: "{{dry_run}}", note: "a&b" },
          headers: { Authorization: "Bearer {{token}}" },
          body: { name: "{{order_name}}", currency: "{{currency}}", key: "{{$guid}}" },
          set: { order_name: "{{prefix}}order" },
          expect: { status: 201, body: { id: "o1" }, capture: { id: "order_id" } },
          negativeCases: ["broken-json"],
        },
        { name: "Read order", path: "/orders/{{order_id}}", expect: { status: 200 } },
      ],
    },
  ],
  requests: [
    {
      name: "Elsewhere",
      url: "https://example.test/x",
      expect: { status: 200, maxResponseTimeMs: 10 },
    },
  ],
};

function build(asked: object) {
  return buildCollection(buildCollectionSchema.parse(asked));
}

function problems(asked: unknown): string[] {
  const read = buildCollectionSchema.safeParse(asked);
  return read.success
    ? []
    : read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("a query keeps its variables as they are written, and stands before the fragment", () => {
  const query = { id: "{{$guid}}", "k{{x}}": "{{größe}} & {a}" };
  const expect = { status: 200 };
  const { collection, requiredVariables } = build({
    name: "Queries",
    requests: [
      { name: "a", path: "/a", query, expect },
      { name: "b", url: "https://example.test/b?c=1#part", query: { d: "2" }, expect },
    ],
  });
  assert.deepEqual(
    collection.item.map((item) => "request" in item && item.request.url),
    [
      "{{base_url}}/a?id={{$guid}}&k{{x}}={{größe}}%20%26%20%7Ba%7D",
      "https://example.test/b?c=1&d=2#part",
    ],
  );
  assert.deepEqual(requiredVariables, ["base_url", "größe", "x"]);
});

test("Postman's own library reads the collection as it was described", () => {
  const { collection } = build(SHOP);
  const { Collection }: PostmanLibrary = createRequire(import.meta.url)("postman-collection");
  const read = new Collection(structuredClone(collection));
  const items: PostmanItem[] = [];
  read.forEachItem((item) => items.push(item));
  assert.equal(read.name, "Shop");
  assert.deepEqual(
    items.map((item) => item.name),
    ["Create order: broken JSON", "Create order", "Read order", "Elsewhere"],
  );
  const created = items[1]?.request;
  assert.ok(created !== undefined);
  assert.equal(created.method, "POST");
  assert.equal(created.url.toString(), "{{base_url}}/orders?dry={{dry_run}}&note=a%26b");
  assert.equal(created.headers.get("Content-Type"), "application/json");
  assert.deepEqual(JSON.parse(created.body?.toString() ?? ""), SHOP.folders[0]?.requests[0]?.body);
  assert.equal(read.variables.get("currency"), "EUR");
});

test("Our own reader and the counts agree", () => {
  const built = build(SHOP);
  const check = readCollection(JSON.stringify(built.collection));
  assert.ok(check.ok);
  assert.deepEqual(check.summary, { name: "Shop", format: "v2.1", requests: 4, folders: 1 });
  assert.equal(built.requests, 4);
  assert.equal(built.folders, 1);
  assert.equal(JSON.stringify(built.collection).split("pm.test(").length - 1, built.assertions);
});

test("The variables somebody else has to set are named", () => {
  assert.deepEqual(build(SHOP).requiredVariables, ["base_url", "dry_run", "prefix", "token"]);
});

test("The same description gives the same bytes, and ids are unique", () => {
  const { collection } = build(SHOP);
  assert.equal(JSON.stringify(build(SHOP).collection), JSON.stringify(collection));
  const ids = [...JSON.stringify(collection).matchAll(/"(?:_postman_)?id":"([\da-f-]{36})"/g)].map(
    ([, id]) => id,
  );
  assert.equal(ids.length, 6);
  assert.equal(new Set(ids).size, 6);
});

test("Every fault of a description is named with its place", () => {
  assert.deepEqual(problems({ name: "Empty" }), [
    "requests: a collection needs at least one request",
  ]);
  assert.deepEqual(
    problems({
      name: "x",
      folders: [
        {
          name: "f",
          requests: [{ name: "r", expect: { status: 200, body: {}, capture: { id: "v" } } }],
        },
      ],
      requests: [
        {
          name: "both",
          path: "/a",
          url: "http://b/",
          expect: { status: 200 },
          negativeCases: ["broken-json"],
        },
      ],
    }),
    [
      "folders.0.requests.0.path: give either path or url",
      'folders.0.requests.0.expect.capture.id: the sample body has nothing at "id"',
      "requests.0.path: give either path or url",
      'requests.0.negativeCases.0: "broken-json" needs request.body to be a JSON object',
    ],
  );
  assert.match(
    problems({ name: "x", requests: [{ name: "r", path: "a", expect: { status: 200 } }] }).join(),
    /begins with \//,
  );
});
