import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import * as fc from "fast-check";
import { ENVIRONMENT_FILES } from "../../src/collections/environment-file.js";
import { setVariable } from "../../src/core/environment-edit.js";
import type { EnvironmentDocument } from "../../src/core/environment.js";
import { corpusDirectory } from "../support/corpus.js";

const [json] = ENVIRONMENT_FILES;
const yaml = kindOf(".environment.yaml");

function kindOf(suffix: string): (typeof ENVIRONMENT_FILES)[number] {
  const kind = ENVIRONMENT_FILES.find((candidate) => candidate.suffix === suffix);
  assert.ok(kind !== undefined, suffix);
  return kind;
}

function documentIn(kind: typeof json, text: string): EnvironmentDocument {
  const read = kind.read(text);
  assert.ok(read.ok, `${text.slice(0, 200)}: ${JSON.stringify(read)}`);
  return read.document;
}

const corpusFiles = existsSync(corpusDirectory)
  ? readdirSync(corpusDirectory, { recursive: true, encoding: "utf8" }).filter((path) =>
      /environment\.json$|globals\.json$/.test(path),
    )
  : [];

test(
  "writing an environment of the corpus back changes no byte of it",
  { skip: corpusFiles.length === 0 ? "there is no ../shared/corpus" : false },
  () => {
    assert.ok(corpusFiles.length >= 15, String(corpusFiles.length));
    for (const path of corpusFiles) {
      const text = readFileSync(join(corpusDirectory, path), "utf8");
      assert.equal(json.write(text, documentIn(json, text)), text, path);
    }
  },
);

test(
  "setting one variable of an environment of the corpus changes that value and nothing else",
  { skip: corpusFiles.length === 0 ? "there is no ../shared/corpus" : false },
  () => {
    let changed = 0;
    for (const path of corpusFiles) {
      const text = readFileSync(join(corpusDirectory, path), "utf8");
      const before = documentIn(json, text);
      const key = before.values.flatMap((row) => keyOf(row) ?? [])[0];
      if (key === undefined) continue;
      changed += 1;
      const after = setVariable(before, key, { value: "changed-value" });
      const written = json.write(text, after);
      assert.deepEqual(documentIn(json, written), after, path);
      const differing = diffLines(text, written);
      assert.ok(differing <= 2, `${path}: ${String(differing)} lines differ`);
    }
    assert.ok(changed >= 10, String(changed));
  },
);

test("generated environments come back as they were, in both formats, and unchanged ones byte for byte", () => {
  const row = fc.record(
    {
      key: fc.string({ minLength: 1, maxLength: 12 }),
      value: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
      type: fc.constantFrom("default", "secret", "any"),
      enabled: fc.boolean(),
    },
    { requiredKeys: ["key"], noNullPrototype: true },
  );
  const environment = fc.record(
    { name: fc.string(), values: fc.array(row, { maxLength: 6 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(environment, environment, (first, second) => {
      for (const kind of [json, yaml]) {
        const text = kind.write(null, first);
        assert.deepEqual(documentIn(kind, text), first);
        assert.equal(kind.write(text, first), text);
        assert.deepEqual(documentIn(kind, kind.write(text, second)), second);
      }
    }),
    { numRuns: 200, seed: 20_261_123 },
  );
});

test("the wrapper of Postman's API, a byte order mark and odd formatting stay", () => {
  const text = '\uFEFF{ "environment": {"name":"x", "values":[{"key":"a","value":"1"}], "n":1.0} }';
  const document = documentIn(json, text);
  assert.equal(document.name, "x");
  const written = json.write(text, setVariable(document, "a", { value: "2" }));
  assert.equal(written, text.replace('"1"', '"2"'));
});

test("comments and styles of a v3 file stay", () => {
  const text =
    '# where the API is\nname: Staging\nvalues:\n  - key: base_url # with port\n    value: "http://a"\n  - { key: b, value: 2 }\n';
  const written = yaml.write(
    text,
    setVariable(documentIn(yaml, text), "base_url", { value: "http://b" }),
  );
  assert.equal(written, text.replace("http://a", "http://b"));
});

test("keys and texts that would be something else in YAML are quoted", () => {
  const text = "name: e\nvalues:\n  - { key: a, value: 1 }\n";
  const odd = { ...documentIn(yaml, text), "*k": "*v", "a: b": "- c", "#": "~" };
  assert.deepEqual(documentIn(yaml, yaml.write(text, odd)), odd);
});

test("a file that cannot be read names line and column", () => {
  const broken = json.read('{\n  "values": [,]\n}');
  assert.ok(!broken.ok);
  assert.match(broken.problems[0]?.message ?? "", /line 2, column 14/);
  const yamlBroken = yaml.read("values:\n  - {key: a\n");
  assert.ok(!yamlBroken.ok);
  assert.match(yamlBroken.problems[0]?.path ?? "", /:\d+:\d+/);
});

function keyOf(row: unknown): string | null {
  return typeof row === "object" && row !== null && "key" in row && typeof row.key === "string"
    ? row.key
    : null;
}

/** Lines of the one that the other does not have at the same place, where both have as many; else their difference in number, too. */
function diffLines(left: string, right: string): number {
  const [a, b] = [left.split("\n"), right.split("\n")];
  return a.filter((line, index) => b[index] !== line).length + Math.max(0, b.length - a.length);
}
