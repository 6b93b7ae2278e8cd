/** Data from schemas: what is called valid is, what is called invalid is not, and Ajv has the last word on both. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import * as fc from "fast-check";
import { generateDataSchema } from "../../src/collections/data-request.js";
import { generateData, type GeneratedData } from "../../src/collections/generate-data.js";
import { TurnpikeError } from "../../src/core/errors.js";
import { isJsonObject } from "../../src/core/json-object.js";
import { openJudge } from "../support/ajv.js";

function generate(asked: object): GeneratedData {
  return generateData(generateDataSchema.parse(asked));
}

/** `path: message (action)` of every problem, of the request's form and of its content alike. */
function problems(asked: object): string[] {
  const read = generateDataSchema.safeParse(asked);
  if (!read.success)
    return read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  try {
    generateData(read.data);
    return [];
  } catch (error) {
    assert.ok(error instanceof TurnpikeError, String(error));
    return error.problems.map(
      ({ path, message, suggestedAction = "" }) => `${path}: ${message} (${suggestedAction})`,
    );
  }
}

const ORDER = {
  type: "object",
  required: ["id", "email", "state", "lines"],
  additionalProperties: false,
  properties: {
    id: { type: "string", format: "uuid" },
    email: { type: "string", format: "email", maxLength: 80 },
    state: { enum: ["new", "paid", "sent"] },
    code: { type: "string", pattern: "^[A-Z]{2}-\\d{4}$" },
    note: { type: ["string", "null"], minLength: 3, maxLength: 40 },
    priority: { type: "integer", minimum: 1, maximum: 5 },
    discount: { type: "number", exclusiveMinimum: 0, maximum: 0.5 },
    step: { type: "integer", multipleOf: 5, minimum: 0, maximum: 100 },
    at: { type: "string", format: "date-time" },
    gift: { type: "boolean" },
    payment: {
      oneOf: [
        {
          type: "object",
          required: ["iban"],
          additionalProperties: false,
          properties: { iban: { type: "string", minLength: 15 } },
        },
        {
          type: "object",
          required: ["card"],
          additionalProperties: false,
          properties: { card: { type: "string", pattern: "^\\d{16}$" } },
        },
      ],
    },
    lines: {
      type: "array",
      minItems: 1,
      maxItems: 4,
      uniqueItems: true,
      items: { $ref: "#/$defs/line" },
    },
  },
  $defs: {
    line: {
      allOf: [{ $ref: "#/$defs/priced" }, { required: ["sku"] }],
      properties: { sku: { type: "string", minLength: 1, "x-faker": "commerce.productName" } },
    },
    priced: {
      type: "object",
      required: ["price"],
      properties: { price: { type: "number", minimum: 0.01 } },
    },
  },
};

test("the same seed gives the same bytes on any machine, in any time zone, under any Node", () => {
  // Written down once; what changes them must be a decision, because users keep their seeds.
  const golden = {
    valid: "35bfa6f929b8170f",
    boundary: "ba9280b5dd94f846",
    invalid: "eabaf0718cb56b4c",
  };
  for (const [cases, expected] of Object.entries(golden)) {
    const { text } = generate({ seed: "orders", cases, schema: ORDER });
    assert.equal(generate({ seed: "orders", cases, schema: ORDER }).text, text);
    assert.notEqual(generate({ seed: "others", cases, schema: ORDER }).text, text);
    assert.equal(createHash("sha256").update(text).digest("hex").slice(0, 16), expected, cases);
  }
});

test("rows satisfy their schema, and every property has its column", async () => {
  const judge = await openJudge();
  const { rows, columns } = generate({ seed: 3, count: 200, schema: ORDER });
  assert.deepEqual(columns, Object.keys(ORDER.properties));
  for (const row of rows) assert.ok(judge(ORDER, row), JSON.stringify(row));
  assert.equal(new Set(rows.map(({ state }) => state)).size, 3);
  assert.deepEqual(generate({ seed: 3, count: 5, schema: ORDER }).rows, rows.slice(0, 5));
});

test("boundary cases are valid and lie at the edges; invalid ones violate what they name", async () => {
  const judge = await openJudge();
  for (const cases of ["boundary", "invalid"] as const) {
    const { rows } = generate({ seed: 3, cases, schema: ORDER });
    for (const { body, valid, ...told } of rows) {
      assert.equal(valid, cases === "boundary");
      const value: unknown = JSON.parse(String(body));
      assert.equal(judge(ORDER, value), valid, `${JSON.stringify(told)} ${String(body)}`);
    }
  }
  const keywordsOf = (cases: string): string[] =>
    generate({ seed: 3, cases, schema: ORDER }).rows.map(
      ({ place, keyword }) => `${String(place)} ${String(keyword)}`,
    );
  for (const expected of [
    "note minLength",
    "note maxLength",
    "priority minimum",
    "priority maximum",
    "discount exclusiveMinimum",
    "state enum",
    "code pattern",
    "lines maxItems",
    "(whole) required",
  ])
    assert.ok(keywordsOf("boundary").includes(expected), `boundary ${expected}`);
  for (const expected of [
    "id required",
    "id type",
    "id format",
    "email format",
    "email maxLength",
    "state enum",
    "code pattern",
    "note minLength",
    "note maxLength",
    "priority minimum",
    "priority maximum",
    "priority type",
    "discount exclusiveMinimum",
    "step multipleOf",
    "payment oneOf",
    "lines minItems",
    "lines maxItems",
    "lines uniqueItems",
    "lines[0].price required",
    "lines[0].price minimum",
    "unexpectedProperty additionalProperties",
  ])
    assert.ok(keywordsOf("invalid").includes(expected), `invalid ${expected}`);
});

test("an invalid case violates nothing but what it names: without that keyword it is valid", async () => {
  const judge = await openJudge();
  const { rows } = generate({ seed: 5, cases: "invalid", schema: ORDER });
  const { priority, ...properties } = ORDER.properties;
  const bounds = rows.filter(({ place, keyword }) => place === "priority" && keyword !== "type");
  assert.ok(bounds.length >= 4, String(bounds.length));
  for (const { keyword, body, case: name } of bounds) {
    const kept = Object.entries(priority).filter(([key]) => key !== keyword);
    const schema = { ...ORDER, properties: { ...properties, priority: Object.fromEntries(kept) } };
    assert.ok(judge(schema, JSON.parse(String(body))), String(name));
  }
});

test("more cases than one pass has are drawn with other values, and never one twice", () => {
  for (const cases of ["boundary", "invalid"]) {
    const once = generate({ cases, schema: ORDER }).rows;
    const more = generate({ cases, schema: ORDER, count: once.length + 60 }).rows;
    assert.ok(more.length > once.length + 20, `${cases}: ${String(more.length)}`);
    assert.equal(new Set(more.map(({ body }) => body)).size, more.length);
    assert.equal(generate({ cases, schema: ORDER, count: 7 }).rows.length, 7);
  }
});

/** Schemas of everything that is supported and that draft 7 knows, nested to a depth. */
const randomSchema = fc.letrec<{ leaf: object; node: object }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom(
      { type: "boolean" },
      { type: "null" },
      { const: "x" },
      { enum: [1, "a", null] },
    ),
    fc
      .record({ minLength: fc.nat(5), more: fc.nat(9) })
      .map(({ minLength, more }) => ({ type: "string", minLength, maxLength: minLength + more })),
    fc
      .constantFrom("date", "date-time", "email", "ipv4", "ipv6", "uuid", "time", "hostname", "uri")
      .map((format) => ({ type: "string", format })),
    fc
      .constantFrom("^[a-c]{2,4}$", "\\d+", "^(?:ab|cd)*$")
      .map((pattern) => ({ type: "string", pattern })),
    fc
      .record({ minimum: fc.integer({ min: -50, max: 50 }), more: fc.integer({ min: 1, max: 99 }) })
      .map(({ minimum, more }) => ({ type: "integer", minimum, exclusiveMaximum: minimum + more })),
    fc.constantFrom(
      { type: "number", minimum: -1.5, maximum: 0.25 },
      { type: "number", multipleOf: 0.5, minimum: 0 },
      { type: ["integer", "null"], maximum: 3 },
      { minLength: 2 },
      { maximum: 4 },
    ),
  ),
  node: fc.oneof(
    { maxDepth: 2 },
    tie("leaf"),
    fc
      .record({ items: tie("node"), minItems: fc.nat(2), more: fc.nat(2) })
      .map(({ items, minItems, more }) => ({
        type: "array",
        items,
        minItems,
        maxItems: minItems + more,
      })),
    fc
      .record({
        properties: fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("node"), {
          minKeys: 1,
          noNullPrototype: true,
        }),
        closed: fc.boolean(),
        needed: fc.nat(4),
      })
      .map(({ properties, closed, needed }) => ({
        type: "object",
        properties,
        required: Object.keys(properties).slice(0, needed),
        ...(closed && { additionalProperties: false }),
      })),
    fc.record({ anyOf: fc.tuple(tie("leaf"), tie("node")) }),
  ),
}));

test("whatever the schema, rows and boundaries are valid and invalid cases are not, says Ajv", async () => {
  const judge = await openJudge();
  let seen = 0;
  fc.assert(
    fc.property(randomSchema.node, fc.nat(1000), (schema, seed) => {
      const isOpen = "properties" in schema;
      for (const row of generate({ schema, seed, count: 3 }).rows) {
        seen += 1;
        assert.ok(judge(schema, isOpen ? row : row["value"]), JSON.stringify(row));
      }
      for (const cases of ["boundary", "invalid"]) {
        for (const { body, valid, case: name } of generate({ schema, seed, cases }).rows) {
          seen += 1;
          assert.equal(
            judge(schema, JSON.parse(String(body))),
            valid,
            `${String(name)} ${String(body)}`,
          );
        }
      }
    }),
    { numRuns: 60, seed: 20_261_123 },
  );
  assert.ok(seen > 1000, String(seen));
});

test("a branch that allows everything leaves what stands beside it, and an integer may be called a number", async () => {
  const judge = await openJudge();
  const anything = { type: "object", required: ["a"], properties: { a: { type: "boolean" } } };
  const numbers = { type: "number", format: "int64", minimum: -9, maximum: 9 };
  for (const cases of ["boundary", "invalid"]) {
    const open = { ...anything, anyOf: [true] };
    const { rows } = generate({ schema: open, cases });
    for (const { body, valid } of rows) assert.equal(judge(open, JSON.parse(String(body))), valid);
  }
  for (const { value } of generate({ schema: numbers, count: 50 }).rows)
    assert.ok(Number.isInteger(value), String(value));
});

test("what an OpenAPI discriminator reads says which schema a value is of, unless that schema says otherwise", async () => {
  const judge = await openJudge();
  const pet = {
    type: "object",
    required: ["kind"],
    discriminator: { propertyName: "kind", mapping: { cat: "#/components/schemas/Cat" } },
    properties: { kind: { type: "string" } },
  };
  const schemas = {
    Pet: pet,
    Cat: { allOf: [{ $ref: "#/components/schemas/Pet" }, { properties: { lives: { const: 9 } } }] },
    "Dog/~1": { allOf: [{ $ref: "#/components/schemas/Pet" }] },
    Own: { allOf: [{ $ref: "#/components/schemas/Pet" }], properties: { kind: { const: "mine" } } },
    Odd: {
      allOf: [{ $ref: "#/components/schemas/Pet" }],
      properties: { kind: { pattern: "^[a-z]{3}$" } },
    },
    Any: { anyOf: ["Cat", "Dog~1~01"].map((name) => ({ $ref: `#/components/schemas/${name}` })) },
    Plain: { type: "object", properties: { kind: { type: "string" }, of: { type: "integer" } } },
    Told: {
      oneOf: [{ $ref: "#/components/schemas/Plain" }],
      discriminator: { propertyName: "kind" },
    },
  };
  const kinds = (ref: string): string => {
    const openapi = { document: { openapi: "3.1.0", components: { schemas } }, ref };
    const { rows } = generate({ openapi, count: 40, seed: 1 });
    const schema = { components: { schemas }, $ref: `#/components/schemas/${ref}` };
    const found = rows.map((row) => {
      const value = row["value"] ?? row;
      assert.ok(ref.includes("~") || judge(schema, value), JSON.stringify(row));
      return isJsonObject(value) ? String(value["kind"]) : "";
    });
    return [...new Set(found)].toSorted().join();
  };
  assert.equal(kinds("Cat"), "cat");
  assert.equal(kinds("Pet"), "Pet");
  assert.equal(kinds("Dog/~1"), "Dog/~1");
  assert.equal(kinds("Own"), "mine");
  assert.match(kinds("Odd"), /^[a-z]{3}(,[a-z]{3})+$/);
  assert.equal(kinds("Any"), "Dog/~1,cat");
  assert.equal(kinds("Told"), "Plain");
  const swagger = { swagger: "2.0", definitions: { Pet: { ...pet, discriminator: "kind" } } };
  const { rows } = generate({ openapi: { document: swagger, ref: "Pet" }, count: 1 });
  assert.deepEqual(rows, [{ kind: "Pet" }]);
});

test("cases that would fill the memory are refused, and fewer of them are made", () => {
  const text = { type: "string", minLength: 9000, maxLength: 10_000 };
  const names = Array.from({ length: 60 }, (_name, index) => `p${String(index)}`);
  const properties = Object.fromEntries(names.map((name) => [name, text]));
  const schema = { type: "object", required: names, properties };
  for (const cases of ["boundary", "invalid"]) {
    const [found = ""] = problems({ schema, cases });
    assert.match(found, /more than 30 million characters \(ask for fewer with count/);
    assert.equal(generate({ schema, cases, count: 5 }).rows.length, 5);
  }
});

test("schemas that hold themselves come to an end, and those that cannot are refused", () => {
  const tree = {
    type: "object",
    required: ["name"],
    properties: {
      name: { type: "string", maxLength: 9 },
      children: { type: "array", items: { $ref: "#" } },
    },
  };
  assert.ok(JSON.stringify(generate({ schema: tree, count: 5 }).rows).includes('"children":[{'));
  const endless = { type: "object", required: ["next"], properties: { next: { $ref: "#" } } };
  assert.deepEqual(problems({ schema: endless }).length, 1);
  assert.match(
    problems({ schema: endless })[0] ?? "",
    /holds itself without end \(make a property/,
  );
  const circle = { $defs: { a: { allOf: [{ $ref: "#/$defs/a" }] } }, $ref: "#/$defs/a" };
  assert.match(problems({ schema: circle }).join(), /leads back to itself/);
  const doubling = {
    $defs: {
      a: {
        title: "a",
        properties: {
          l: { $ref: "#/$defs/a", type: "object" },
          r: { $ref: "#/$defs/a", type: "object" },
        },
      },
    },
    $ref: "#/$defs/a",
  };
  assert.match(problems({ schema: doubling }).join(), /nested too deeply/);
});

test("every keyword that cannot be kept to is named with its place and what to write instead", () => {
  const check = (schema: object, ...expected: RegExp[]): void => {
    const found = problems({ schema });
    assert.equal(found.length, expected.length, found.join("\n"));
    expected.forEach((pattern, at) => assert.match(found[at] ?? "", pattern));
  };
  check(
    { type: "object", properties: { a: { type: "string", minLenght: 3 }, b: { not: {} } } },
    /^schema\.properties\.a\.minLenght: JSON Schema has no keyword "minLenght" \(did you mean "minLength"\?\)/,
    /^schema\.properties\.b\.not: .*\(say what is allowed instead\)/,
  );
  check({ type: "strin" }, /^schema\.type: must be one of string, number/);
  check(
    { type: "string", format: "phone" },
    /^schema\.format: no values can be made for the format "phone"/,
  );
  check({ type: "string", pattern: "(" }, /^schema\.pattern: must be a regular expression/);
  check({ type: "string", pattern: "\\p{L}" }, /changes with the version of Node .*\[A-Za-z\]/);
  check({ type: "string", pattern: "(?=a)b" }, /no text can be made for the pattern .*look-around/);
  check(
    { $ref: "#/$defs/lin", $defs: { line: true } },
    /^schema\.\$ref: .*leads nowhere \(did you mean "line"\?\)/,
  );
  check({ $ref: "https://example.test/x.json" }, /leads to another document/);
  check({ type: "integer", minimum: 5, maximum: 4 }, /the lowest value is above the highest/);
  check(
    { type: "integer", minimum: 5, exclusiveMaximum: 6, multipleOf: 4 },
    /no number lies between its bounds/,
  );
  check({ type: "string", enum: [1, 2] }, /^schema\.enum: none of its values satisfies/);
  check({ minLength: 1, minimum: 2 }, /keywords of string and number, and no "type"/);
  check(
    {
      allOf: [
        { properties: { a: true }, additionalProperties: false },
        { properties: { b: true } },
      ],
    },
    /"additionalProperties": false forbids b/,
  );
  check({ type: "string", "x-faker": "person.fullname" }, /did you mean "person\.fullName"\?/);
  check(
    { type: "array", items: { type: "boolean" }, minItems: 3, uniqueItems: true },
    /too few different elements for 3/,
  );
});

test("a request says one source, and only what goes with it", () => {
  const schema = {
    type: "object",
    properties: { a: { type: "boolean" }, b: { type: "string", maxLength: 5 } },
  };
  const fields = [{ name: "a", type: "boolean" }];
  assert.match(problems({})[0] ?? "", /^fields: say what the rows are made from/);
  assert.match(problems({ schema, fields })[0] ?? "", /fields and schema are given; keep one/);
  assert.match(problems({ fields, cases: "invalid" })[0] ?? "", /^cases: /);
  assert.match(problems({ schema, cases: "invalid", unique: "row" })[0] ?? "", /^unique: /);
  assert.match(
    problems({ schema, unique: ["c"] })[0] ?? "",
    /^unique: there is no column "c"; there are a, b/,
  );
  assert.match(
    problems({ schema, unique: ["a"], count: 3 })[0] ?? "",
    /"a" has too few different values for 3 unique/,
  );
  assert.match(
    problems({ schema, prefixed: ["b"], prefix: "Test_" })[0] ?? "",
    /^schema: b: a value would violate "maxLength" with its prefix/,
  );
});

const PETS = `
openapi: 3.0.4
components:
  schemas:
    Pet:
      type: object
      required: [id, name]
      properties:
        id: { type: integer, format: int64, readOnly: true }
        name: { type: string, minLength: 1, nullable: true }
        weight: { type: number, minimum: 0, exclusiveMinimum: true }
        owner: { $ref: "#/components/schemas/Owner" }
    Owner: { type: object, properties: { mail: { type: string, format: email, example: x@y.z } } }
    # A component may hold what cannot be made, as long as nobody asks for it.
    Odd: { not: {} }
`;

test("a component of an OpenAPI document is found by its name or a pointer, in text or parsed", () => {
  const pet = (openapi: object) => generate({ openapi, count: 3 });
  const { rows, columns } = pet({ document: PETS, ref: "Pet" });
  // The server gives a pet its id: what is sent has none.
  assert.deepEqual(columns, ["name", "weight", "owner"]);
  assert.match(JSON.stringify(rows[0]?.["owner"]), /^\{"mail":"[^"]+@example\./);
  assert.deepEqual(pet({ document: PETS, ref: "#/components/schemas/Pet" }).rows, rows);
  const swagger = {
    swagger: "2.0",
    definitions: {
      Tag: { type: "object", properties: { id: { type: "integer", format: "int32" } } },
    },
  };
  assert.equal(pet({ document: swagger, ref: "Tag" }).rows.length, 3);
  assert.match(
    problems({ openapi: { document: PETS, ref: "Pets" } })[0] ?? "",
    /^openapi\.ref: the document has no schema "Pets"; its components are Pet, Owner, Odd \(did you mean "Pet"\?\)/,
  );
  assert.match(
    problems({ openapi: { document: PETS, ref: "#/components/schema/Pet" } })[0] ?? "",
    /^openapi\.ref: /,
  );
  assert.match(
    problems({ openapi: { document: "a: [", ref: "Pet" } })[0] ?? "",
    /^openapi\.document: is no OpenAPI document: line 1:5/,
  );
  assert.match(
    problems({ openapi: { document: PETS, ref: "Odd" } })[0] ?? "",
    /^openapi\.document\.components\.schemas\.Odd\.not: /,
  );
});

test("a pattern that does not come to an end on a text is refused instead of stopping the service", () => {
  const schema = { type: "string", pattern: "^(a+)+$", minLength: 30 };
  const asked = { schema, prefixed: ["value"], prefix: `${"a".repeat(40)}!` };
  assert.match(problems(asked)[0] ?? "", /^schema: the pattern .* takes more than 2 s on a text/);
});
