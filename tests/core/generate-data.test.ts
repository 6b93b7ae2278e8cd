import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { FIELD_TYPES, isText } from "../../src/collections/data-fields.js";
import { toCsv } from "../../src/collections/data-csv.js";
import { generateDataSchema } from "../../src/collections/data-request.js";
import { generateData } from "../../src/collections/generate-data.js";
import { parseIterationData } from "../../src/collections/iteration-data.js";
import { TurnpikeError } from "../../src/core/errors.js";

function generate(asked: object) {
  return generateData(generateDataSchema.parse(asked));
}

function problems(asked: unknown): string[] {
  const read = generateDataSchema.safeParse(asked);
  return read.success
    ? []
    : read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

/** One field of every type there is, with what its type requires. */
const EVERY_FIELD = FIELD_TYPES.map((type) => ({
  name: type,
  type,
  ...(type === "enum" ? { values: ["a", "b", 3, null] } : {}),
  ...(type === "constant" ? { value: "same" } : {}),
}));

test("The same seed gives the same bytes on any machine and any day", () => {
  const asked = { seed: "orders", count: 20, fields: EVERY_FIELD };
  const { text } = generate(asked);
  assert.equal(generate(asked).text, text);
  assert.notEqual(generate({ ...asked, seed: "others" }).text, text);
  // Written down once; a new version of faker that changes it must be a decision, because users keep their seeds.
  assert.equal(
    createHash("sha256").update(text).digest("hex"),
    "570c96e5da61a739d4832b4bbef3b1442952d19e3e32870519a0de2d20f3a513",
  );
});

test("Every type gives a value in every row", () => {
  const { rows, columns } = generate({ count: 50, fields: EVERY_FIELD });
  assert.ok(EVERY_FIELD.length >= 35, `only ${String(EVERY_FIELD.length)} types`);
  assert.deepEqual(columns, FIELD_TYPES);
  for (const row of rows) {
    for (const type of FIELD_TYPES) {
      const value = row[type];
      assert.ok(value !== undefined && value !== "" && (type === "enum" || value !== null), type);
    }
  }
});

test("A new field and more rows leave the values there were as they are", () => {
  const name = { name: "name", type: "person.fullName" };
  const few = generate({ count: 3, fields: [name] });
  const more = generate({ count: 9, fields: [{ name: "id", type: "sequence" }, name] });
  assert.deepEqual(
    more.rows.slice(0, 3).map((row) => row["name"]),
    few.rows.map((row) => row["name"]),
  );
});

test("Options bound the values", () => {
  const { rows } = generate({
    count: 200,
    fields: [
      { name: "age", type: "number.int", min: 18, max: 20 },
      { name: "price", type: "number.float", min: 1, max: 2, fractionDigits: 1 },
      { name: "state", type: "enum", values: ["new", "done"] },
      { name: "number", type: "sequence", start: 100, step: -5 },
      { name: "at", type: "date.iso", from: "2020-01-01T00:00:00Z", to: "2020-01-02T00:00:00Z" },
      { name: "code", type: "string.numeric", length: 4 },
      { name: "words", type: "lorem.words", count: 2 },
    ],
  });
  assert.deepEqual(new Set(rows.map((row) => row["age"])), new Set([18, 19, 20]));
  assert.deepEqual(new Set(rows.map((row) => row["state"])), new Set(["new", "done"]));
  assert.equal(rows[3]?.["number"], 85);
  for (const row of rows) {
    assert.match(String(row["price"]), /^(?:1(?:\.\d)?|2)$/);
    assert.match(String(row["at"]), /^2020-01-0[12]T/);
    assert.match(String(row["code"]), /^\d{4}$/);
    assert.equal(String(row["words"]).split(" ").length, 2);
  }
});

test("Unique fields never repeat, even where every possible value is needed", () => {
  const { rows } = generate({
    count: 1000,
    fields: [
      { name: "all", type: "number.int", min: 1, max: 1000, unique: true },
      { name: "uuid", type: "string.uuid", unique: true },
      { name: "email", type: "internet.email", unique: true },
    ],
  });
  for (const name of ["all", "uuid", "email"])
    assert.equal(new Set(rows.map((row) => row[name])).size, 1000, name);
});

test("Impossible uniqueness is refused before, and exhausted names when they run out", () => {
  assert.deepEqual(
    problems({
      count: 3,
      fields: [
        { name: "flag", type: "boolean", unique: true },
        { name: "n", type: "number.int", min: 1, max: 2, unique: true },
      ],
    }),
    [
      'fields.0.unique: "boolean" has 2 different values here, too few for 3 unique ones',
      'fields.1.unique: "number.int" has 2 different values here, too few for 3 unique ones',
    ],
  );
  assert.throws(
    () =>
      generate({
        count: 10_000,
        fields: [
          { name: "ok", type: "sequence" },
          { name: "first", type: "person.firstName", unique: true },
        ],
      }),
    (error: unknown) =>
      error instanceof TurnpikeError &&
      error.code === "INVALID_REQUEST" &&
      error.problems.length === 1 &&
      error.problems[0]?.path === "fields.1.unique",
  );
});

test("A prefix stands before the values of the fields that ask for it", () => {
  const { rows } = generate({
    count: 2,
    prefix: "Test_task-8_r1_1_",
    fields: [
      { name: "name", type: "person.lastName", prefixed: true },
      { name: "city", type: "location.city" },
    ],
  });
  for (const row of rows) {
    assert.match(String(row["name"]), /^Test_task-8_r1_1_\S/);
    assert.doesNotMatch(String(row["city"]), /^Test_/);
  }
  assert.match(
    problems({ prefix: "p", fields: [{ name: "n", type: "number.int", prefixed: true }] }).join(),
    /fields\.0\.prefixed/,
  );
  assert.match(
    problems({ fields: [{ name: "n", type: "lorem.word", prefixed: true }] }).join(),
    /^prefix: /,
  );
});

test("Only texts that stay what they are with something before them can be prefixed", () => {
  for (const field of generateDataSchema.parse({ count: 20, fields: EVERY_FIELD }).fields ?? []) {
    if (!isText(field)) continue;
    const { rows } = generate({ count: 20, fields: [field] });
    for (const row of rows) assert.equal(typeof row[field.name], "string", field.type);
  }
});

test("Every fault of a request is named with its place", () => {
  assert.deepEqual(
    problems({
      count: 10_000,
      fields: [
        ...Array.from({ length: 10 }, (_, at) => ({ name: `f${String(at)}`, type: "boolean" })),
        { name: "f0", type: "number.int", min: 2, max: 1 },
        { name: "at", type: "date.iso", from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" },
      ],
    }),
    [
      "count: 10000 rows of 12 fields are more than 100000 values; ask in parts",
      'fields.10.name: "f0" is the name of field 0 already',
      "fields.10: min 2 is above max 1",
      "fields.11: from 2026-01-02T00:00:00Z is after to 2026-01-01T00:00:00Z",
    ],
  );
  assert.match(
    problems({ fields: [{ name: "x", type: "person.fullname" }] }).join(),
    /did you mean "person\.fullName"\?/,
  );
  assert.match(
    problems({ fields: [{ name: "x", type: "email" }] }).join(),
    /did you mean "internet\.email"\?/,
  );
  assert.match(
    problems({ fields: [{ name: "x" }] }).join(),
    /a field needs a type: one of boolean, /,
  );
  assert.match(
    problems({ fields: [{ name: "x", type: "boolean", min: 1 }] }).join(),
    /Unrecognized key: "min"/,
  );
});

test("Decimal numbers are exact multiples of their last digit, up to the bounds", () => {
  const draw = (min: number, max: number, fractionDigits: number): Set<unknown> =>
    new Set(
      generate({
        count: 200,
        fields: [{ name: "n", type: "number.float", min, max, fractionDigits }],
      }).rows.map((row) => row["n"]),
    );
  assert.deepEqual(draw(0.1, 0.3, 1), new Set([0.1, 0.2, 0.3]));
  assert.deepEqual(draw(0.29, 0.29, 2), new Set([0.29]));
  assert.deepEqual(draw(-0.06, 0.04, 1), new Set([0]));
  assert.ok([...draw(-1e9, 1e9, 6)].every(Number.isFinite));
  assert.match(
    problems({ fields: [{ name: "n", type: "number.float", min: 0.001, max: 0.002 }] }).join(),
    /no number with 2 digits after the point lies between 0\.001 and 0\.002/,
  );
});

test("A text that looks like a number stays a text when Newman reads the CSV", () => {
  const rows = [{ code: "007", hex: "0x10", count: 7, text: "a" }];
  const text = toCsv(["code", "hex", "count", "text"], rows);
  assert.equal(text, 'code,hex,count,text\r\n"007","0x10",7,a\r\n');
  assert.deepEqual(parseIterationData({ format: "csv", text }), rows);
});

test("No two rows are the same where rows are to be unique", () => {
  const asked = {
    count: 4,
    unique: "row",
    fields: [
      { name: "a", type: "boolean" },
      { name: "b", type: "enum", values: ["x", "y"] },
    ],
  };
  assert.equal(new Set(generate(asked).rows.map((row) => JSON.stringify(row))).size, 4);
  assert.throws(
    () => generate({ ...asked, count: 5 }),
    (error: unknown) => {
      assert.ok(error instanceof TurnpikeError);
      assert.match(error.problems[0]?.message ?? "", /too few different rows for 5 unique ones/);
      return true;
    },
  );
  const named = { count: 2, unique: ["a"], fields: [{ name: "a", type: "boolean" }] };
  assert.equal(new Set(generate(named).rows.map((row) => row["a"])).size, 2);
});

test("CSV follows RFC 4180", () => {
  const row = {
    plain: "a",
    comma: "a,b",
    quote: 'say "x"',
    lines: "a\r\nb",
    empty: "",
    space: " a",
    number: 1.5,
    flag: true,
    none: null,
  };
  assert.equal(
    toCsv(Object.keys(row), [row]),
    'plain,comma,quote,lines,empty,space,number,flag,none\r\na,"a,b","say ""x""","a\r\nb",""," a",1.5,true,""\r\n',
  );
  const { text, mediaType } = generate({
    count: 2,
    format: "csv",
    fields: [{ name: "n", type: "sequence" }],
  });
  assert.equal(text, "n\r\n1\r\n2\r\n");
  assert.match(mediaType, /^text\/csv/);
});
