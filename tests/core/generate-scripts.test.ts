import assert from "node:assert/strict";
import { test } from "node:test";
import { Script } from "node:vm";
import { generateScripts } from "../../src/collections/generate-scripts.js";
import { parseJsonPath, valueAtPath } from "../../src/collections/json-path.js";
import { generateScriptsSchema } from "../../src/collections/script-request.js";

const CREATE = {
  request: {
    name: "Create user",
    method: "POST",
    url: "{{base_url}}/users?full=1",
    body: { name: "Ann", tags: ["a"] },
  },
  response: { status: 201, body: { id: 7, name: "Ann", links: [{ self: "/users/7" }] } },
};

function generate(asked: object) {
  return generateScripts(generateScriptsSchema.parse(asked));
}

function problems(asked: unknown): string[] {
  const read = generateScriptsSchema.safeParse(asked);
  return read.success
    ? []
    : read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

/** Titles of the tests in a script; the script must be valid JavaScript. */
function titles(lines: readonly string[]): string[] {
  assert.ok(new Script(`(async () => {\n${lines.join("\n")}\n})`));
  return lines.flatMap((line) => /^pm\.test\("(.*)", function/.exec(line)?.[1] ?? []);
}

test("Status, content type, time, schema and required fields are asserted from one sample", () => {
  const scripts = generate(CREATE);
  assert.deepEqual(titles(scripts.test), [
    "status is 201",
    "content type is application/json",
    "answers within 2000 ms",
    "body matches the schema",
    "required fields are there",
  ]);
  assert.equal(scripts.assertions, 5);
  assert.equal(scripts.schema?.["type"], "object");
  assert.deepEqual(scripts.preRequest, []);
});

test("Without a body only what the status line and the headers show is asserted", () => {
  const scripts = generate({
    request: { name: "Delete", method: "DELETE" },
    response: { status: 204 },
  });
  assert.deepEqual(titles(scripts.test), ["status is 204", "answers within 2000 ms"]);
  assert.equal(scripts.schema, null);
});

test("Captured and prepared variables become lines of the scripts", () => {
  const scripts = generate({
    ...CREATE,
    options: {
      capture: { "links[0].self": "user_url" },
      set: { user_name: "{{prefix}}user" },
      scope: "collectionVariables",
    },
  });
  assert.deepEqual(scripts.preRequest, [
    'pm.collectionVariables.set("user_name", pm.variables.replaceIn("{{prefix}}user"));',
  ]);
  assert.ok(titles(scripts.test).includes("user_url is taken from links[0].self"));
  assert.ok(scripts.test.includes('  const value = pm.response.json()["links"][0]["self"];'));
});

test("A schema can be given, and can be left out", () => {
  assert.deepEqual(generate({ ...CREATE, options: { schema: { type: "object" } } }).schema, {
    type: "object",
  });
  assert.equal(generate({ ...CREATE, options: { schema: false } }).schema, null);
});

test("A sample that is a problem document is held to RFC 9457", () => {
  const body = { type: "about:blank", title: "Not found", status: 404 };
  const scripts = generate({
    request: { name: "Missing" },
    response: {
      status: 404,
      headers: { "content-type": "application/problem+json; charset=utf-8" },
      body,
    },
    options: { requireHeaders: ["Date"] },
  });
  assert.ok(titles(scripts.test).includes("content type is application/problem+json"));
  assert.ok(titles(scripts.test).includes("header Date is there"));
  assert.ok(titles(scripts.test).includes("problem document names its status and title"));
});

test("Names with quotes, line breaks and script ends stay inside their text", () => {
  const name = 'x"); throw 1; //\n</script>\u2028';
  const scripts = generate({
    request: { name },
    response: { status: 200, body: { [name]: 1 } },
    options: { capture: { [`$[${JSON.stringify(name)}]`]: "v" } },
  });
  assert.equal(scripts.assertions, 6);
  assert.ok(new Script(scripts.test.join("\n")));
  assert.ok(scripts.test.every((line) => !line.startsWith("throw")));
});

test("Negative cases are derived from the request that works", () => {
  const { negativeCases } = generate({
    ...CREATE,
    options: {
      negativeCases: [
        "unknown-resource",
        "broken-json",
        "wrong-media-type",
        "missing-field",
        "wrong-type",
      ],
    },
  });
  assert.deepEqual(
    negativeCases.map(({ kind, request }) => [
      kind,
      request.url,
      request.headers["Content-Type"],
      request.body,
    ]),
    [
      [
        "unknown-resource",
        "{{base_url}}/turnpike-no-such-resource?full=1",
        "application/json",
        '{"name":"Ann","tags":["a"]}',
      ],
      ["broken-json", "{{base_url}}/users?full=1", "application/json", '{"broken": '],
      ["wrong-media-type", "{{base_url}}/users?full=1", "text/plain", "not JSON"],
      ["missing-field", "{{base_url}}/users?full=1", "application/json", '{"tags":["a"]}'],
      ["missing-field", "{{base_url}}/users?full=1", "application/json", '{"name":"Ann"}'],
      [
        "wrong-type",
        "{{base_url}}/users?full=1",
        "application/json",
        '{"name":{"unexpected":true},"tags":["a"]}',
      ],
      ["wrong-type", "{{base_url}}/users?full=1", "application/json", '{"name":"Ann","tags":1}'],
    ],
  );
  for (const { test: lines } of negativeCases) assert.equal(titles(lines).length, 2);
});

test("What cannot be checked is refused with its place", () => {
  const faults = problems({
    ...CREATE,
    options: { capture: { "id..x": "a", missing: "b", links: "c" } },
  });
  assert.equal(faults.length, 3);
  assert.match(faults[0] ?? "", /^options\.capture\.id\.\.x: .*is not a path/);
  assert.match(
    faults[1] ?? "",
    /^options\.capture\.missing: the sample body has nothing at "missing"/,
  );
  assert.match(faults[2] ?? "", /^options\.capture\.links: "links" is a whole object or list/);
  assert.match(
    problems({
      request: { name: "x" },
      response: { status: 200 },
      options: { negativeCases: ["missing-field"] },
    }).join(),
    /needs request\.url.*needs request\.body/,
  );
  assert.match(problems({ ...CREATE, option: {} }).join(), /Unrecognized key: "option"/);
});

test("Paths are read as testers write them", () => {
  const value = { id: 1, data: { items: [{ id: 2 }] }, "odd key": 3, $ref: 4 };
  const cases: readonly (readonly [string, unknown])[] = [
    ["id", 1],
    ["$.id", 1],
    ["data.items[0].id", 2],
    ["$.data.items[0]", { id: 2 }],
    ['$["odd key"]', 3],
    ["$ref", 4],
    ["$", value],
    ["data.items[1].id", undefined],
    ["constructor", undefined],
    ["data.items.length.x", undefined],
  ];
  for (const [path, expected] of cases) {
    const segments = parseJsonPath(path);
    assert.ok(segments !== null, path);
    assert.deepEqual(valueAtPath(value, segments), expected, path);
  }
  for (const path of ["", ".id", "id.", "a b", "a[x]", "a[0]b", "a..b", '["unclosed]']) {
    assert.equal(parseJsonPath(path), null, path);
  }
});
