import assert from "node:assert/strict";
import { test } from "node:test";
import { inferSchema } from "../../src/collections/infer-schema.js";

function check(sample: unknown, expected: object): void {
  assert.deepEqual(inferSchema(sample), expected);
}

test("Scalars become their type, whole numbers apart from others", () => {
  check(true, { type: "boolean" });
  check(3, { type: "integer" });
  check(3.5, { type: "number" });
  check("text", { type: "string" });
});

test("Null alone asserts nothing, and beside other values it is one of the types", () => {
  check(null, {});
  check(
    { deletedAt: null },
    { type: "object", properties: { deletedAt: {} }, required: ["deletedAt"] },
  );
  check([1, null], { type: "array", items: { type: ["integer", "null"] } });
});

test("Every key of an object is required, also of nested ones", () => {
  check(
    { id: 1, owner: { name: "Ann" } },
    {
      type: "object",
      properties: {
        id: { type: "integer" },
        owner: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
      },
      required: ["id", "owner"],
    },
  );
  check({}, { type: "object", properties: {} });
});

test("The elements of a list share one schema", () => {
  check([], { type: "array" });
  check([[1], [2.5]], { type: "array", items: { type: "array", items: { type: "number" } } });
  check(["a", 1], { type: "array", items: { type: ["string", "integer"] } });
  check([{ id: 1, note: "x" }, { id: 2.5 }], {
    type: "array",
    items: {
      type: "object",
      properties: { id: { type: "number" }, note: { type: "string" } },
      required: ["id"],
    },
  });
  check([null, { id: 1 }], {
    type: "array",
    items: { type: ["null", "object"], properties: { id: { type: "integer" } }, required: ["id"] },
  });
});

test("A format is named only where the text leaves no doubt", () => {
  const formatOf = (text: string): unknown => inferSchema(text)["format"];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["2026-01-31T12:00:00Z", "date-time"],
    ["2026-01-31T12:00:00.123+02:00", "date-time"],
    ["2026-02-30T12:00:00Z", undefined],
    ["2026-01-31T25:00:00Z", undefined],
    ["2026-01-31", "date"],
    ["2026-13-01", undefined],
    ["3f2504e0-4f89-41d3-9a0c-0305e82c3301", "uuid"],
    ["3f2504e0-4f89-01d3-9a0c-0305e82c3301", undefined],
    ["ann.lee+x@mail.example.com", "email"],
    ["ann@localhost", undefined],
    ["https://example.com/a/b", "uri"],
    ["http://", undefined],
    ["1.2.3.4", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of cases) assert.equal(formatOf(text), expected, text);
});

test("A format that not every element has is dropped", () => {
  check(["2026-01-31", "2026-02-01"], { type: "array", items: { type: "string", format: "date" } });
  check(["2026-01-31", "soon"], { type: "array", items: { type: "string" } });
});

test("A key called __proto__ is a key like any other", () => {
  const sample: unknown = JSON.parse('{"__proto__": 1}');
  assert.equal(
    JSON.stringify(inferSchema(sample)),
    '{"type":"object","properties":{"__proto__":{"type":"integer"}},"required":["__proto__"]}',
  );
});
