import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { diffEnvironments } from "../../src/core/environment-diff.js";
import {
  cloneEnvironment,
  mergeEnvironments,
  setVariable,
  unsetVariable,
} from "../../src/core/environment-edit.js";
import { explainVariable, traceDocument, traceLayer } from "../../src/core/environment-explain.js";
import { lintEnvironment } from "../../src/core/environment-lint.js";
import {
  layerOf,
  plainLayer,
  render,
  type EnvironmentDocument,
} from "../../src/core/environment.js";

const base = {
  id: "1",
  name: "base",
  values: [
    { key: "url", value: "old", enabled: true, description: "kept" },
    { key: "url", value: "http://base", enabled: true },
    { key: "url", value: "off", enabled: false },
    { key: "token", value: "t0ken-in-base", type: "secret" },
  ],
};

test("setting a variable changes the row that counts and keeps what Postman wrote beside it", () => {
  const changed = setVariable(base, "url", { value: "http://new" });
  assert.deepEqual(changed.values, [
    base.values[0],
    { key: "url", value: "http://new", enabled: true },
    base.values[2],
    base.values[3],
  ]);
  assert.deepEqual(setVariable({ values: [] }, "a", { value: "1", secret: true }).values, [
    { key: "a", value: "1", type: "secret", enabled: true },
  ]);
  assert.deepEqual(unsetVariable(base, "url").values, [base.values[3]]);
});

test("disabling keeps the value, and enabling lets it count again, in both ways Postman says it", () => {
  const off = setVariable(base, "token", { enabled: false });
  assert.deepEqual(off.values[3], {
    key: "token",
    value: "t0ken-in-base",
    type: "secret",
    enabled: false,
  });
  const disabled = { values: [{ key: "a", value: "1", disabled: true }] };
  assert.deepEqual(setVariable(disabled, "a", { enabled: true }).values, [
    { key: "a", value: "1", disabled: false },
  ]);
});

test("of a doubled variable that is disabled no other row counts instead, and enabling brings the same value back", () => {
  const rows = ["old", "new"].map((value) => ({ key: "a", value, enabled: true }));
  const off = setVariable({ values: [...rows, { key: "b", value: "1" }] }, "a", { enabled: false });
  assert.deepEqual(
    layerOf("off", off).rows.map(({ key }) => key),
    ["b"],
  );
  const on = setVariable(off, "a", { enabled: true });
  assert.equal(layerOf("on", on).rows.find(({ key }) => key === "a")?.value, "new");
});

test("a clone has a name and an id of its own, and a merge takes what is enabled over", () => {
  assert.deepEqual(cloneEnvironment(base, { name: "copy", id: "2" }), {
    ...base,
    id: "2",
    name: "copy",
  });
  const merged = mergeEnvironments({ values: [{ key: "a", value: "1" }] }, [
    base,
    { values: [{ key: "a", value: "2", enabled: false }] },
  ]);
  assert.deepEqual(
    render([layerOf("merged", merged)]).rows.map(({ key, value, secret }) => ({
      key,
      value,
      secret,
    })),
    [
      { key: "a", value: "1", secret: false },
      { key: "url", value: "http://base", secret: false },
      { key: "token", value: "t0ken-in-base", secret: true },
    ],
  );
});

test("an explanation names the winner, what it hides, and which rows do not count", () => {
  const explanation = explainVariable(
    [traceDocument("base", base), traceLayer(plainLayer("overrides", { url: "o" }))],
    "url",
  );
  assert.equal(explanation.from, "overrides");
  assert.deepEqual(
    explanation.steps.map(({ layer, place, effect }) => [layer, place, effect]),
    [
      ["overrides", null, { kind: "wins" }],
      ["base", "values.2", { kind: "disabled" }],
      ["base", "values.1", { kind: "hidden", by: "overrides" }],
      ["base", "values.0", { kind: "doubled", by: "values.1" }],
    ],
  );
  assert.equal(explainVariable([traceDocument("base", base)], "nothing").from, null);
});

test("what is explained is what is rendered, for any layers", () => {
  const row = fc.record(
    {
      key: fc.constantFrom("a", "b", "c"),
      value: fc.string({ maxLength: 3 }),
      enabled: fc.boolean(),
      type: fc.constantFrom("default", "secret"),
    },
    { requiredKeys: ["key", "value"] },
  );
  const documents = fc.array(fc.record({ values: fc.array(row, { maxLength: 5 }) }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(documents, (layers) => {
      const rendered = render(
        layers.map((document, index) => layerOf(`l${String(index)}`, document)),
      );
      for (const key of ["a", "b", "c"]) {
        const expected = rendered.rows.find((candidate) => candidate.key === key);
        const explained = explainVariable(
          layers.map((document, index) => traceDocument(`l${String(index)}`, document)),
          key,
        );
        assert.equal(explained.from, expected?.from ?? null);
        assert.equal(explained.value, expected?.value ?? null);
        assert.equal(explained.secret, expected?.secret ?? false);
        assert.equal(
          explained.steps.filter(({ effect }) => effect.kind === "wins").length,
          expected === undefined ? 0 : 1,
        );
      }
    }),
    { numRuns: 300, seed: 20_261_123 },
  );
});

test("a comparison tells missing keys, differing values and secrets apart", () => {
  const other = {
    values: [
      { key: "url", value: "http://base", enabled: true },
      { key: "token", value: "another", type: "secret" },
      { key: "extra", value: "x" },
      { key: "gone", value: "x", enabled: false },
    ],
  };
  assert.deepEqual(diffEnvironments(base, other), [
    { key: "extra", kind: "missing", in: "left", secret: false },
    { key: "token", kind: "differs", left: "t0ken-in-base", right: "another", secret: true },
  ]);
  assert.deepEqual(diffEnvironments(base, base), []);
  assert.deepEqual(
    diffEnvironments(
      { values: [{ key: "a", value: "1", type: "secret" }] },
      { values: [{ key: "a", value: "1" }] },
    ),
    [{ key: "a", kind: "secrecy", secretIn: "left" }],
  );
});

test("each rule of lint finds its fault, and a sound environment has none", () => {
  const rulesOf = (row: object, used?: readonly string[]): string[] =>
    lintEnvironment({ values: [row] }, used === undefined ? null : { used: new Set(used) }).map(
      ({ rule }) => rule,
    );
  assert.deepEqual(rulesOf({ value: "no key" }), ["not-a-variable"]);
  assert.deepEqual(rulesOf({ key: "base_url", value: "http://127.0.0.1:80" }), []);
  assert.deepEqual(rulesOf({ key: "base_url", value: "{{host}}/api" }), []);
  assert.deepEqual(rulesOf({ key: "host", value: "api.example.test:8080" }), []);
  for (const value of ["htp://x", "http://", "https://a b", "http://[", "no url at all"])
    assert.deepEqual(rulesOf({ key: "base_url", value }), ["wrong-url"], value);
  assert.deepEqual(rulesOf({ key: "api_key", value: "abcdef" }), ["plain-secret"]);
  assert.deepEqual(rulesOf({ key: "api_key", value: "abcdef", type: "secret" }), []);
  assert.deepEqual(rulesOf({ key: "api_key", value: "${env:API_KEY}" }), []);
  assert.deepEqual(rulesOf({ key: "keyboard", value: "abcdef" }), []);
  for (const key of ["accessToken", "clientSecret", "Password", "token_eu"])
    assert.deepEqual(rulesOf({ key, value: "abcdef" }), ["plain-secret"], key);
  for (const [key, value] of [
    ["token_type", "Bearer"],
    ["auth_url", "https://login.example.test/token"],
    ["user_password_update", "/users/password"],
  ])
    assert.deepEqual(rulesOf({ key, value }), [], key);
  assert.deepEqual(rulesOf({ key: "token", value: "https://user:pass@example.test" }), [
    "plain-secret",
  ]);
  assert.deepEqual(rulesOf({ key: "a", value: " x" }), ["blanks"]);
  assert.deepEqual(rulesOf({ key: "a", value: "" }, ["a"]), ["required-empty"]);
  assert.deepEqual(rulesOf({ key: "a", value: "1" }, ["b"]), ["unused"]);
  assert.deepEqual(rulesOf({ key: "a", value: "1", enabled: false }, ["b"]), []);
  assert.deepEqual(
    lintEnvironment(base, null).map(({ rule, path }) => [rule, path]),
    [["duplicate", "values.0"]],
  );
});

test("of a variable that stands three times lint names the row that counts", () => {
  const rows = ["1", "2", "3"].map((value) => ({ key: "a", value }));
  const off = { key: "a", value: "4", enabled: false };
  const found = lintEnvironment({ values: [...rows, off] }, null);
  assert.deepEqual(
    found.map(({ message }) => message),
    Array.from({ length: 2 }, () => '"a" stands again at values.2, which counts'),
  );
});

// Each row looked at all others before: minutes in which a service answered nobody.
test("lint and merge take seconds for environments of forty thousand rows", () => {
  const sized = (text: string): EnvironmentDocument => ({
    values: Array.from({ length: 40_000 }, (_row, index) => ({
      key: `key ${String(index)}`,
      value: `${text} ${String(index)}`,
    })),
  });
  const startedAt = performance.now();
  const used = new Set(["a_variable_of_another_name", "b"]);
  assert.equal(lintEnvironment(sized("old"), { used }).length, 40_000);
  const merged = mergeEnvironments(sized("old"), [sized("new"), { values: [] }]);
  assert.deepEqual(diffEnvironments(merged, sized("new")), []);
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < 30_000, `${String(tookMs)} ms`);
});
