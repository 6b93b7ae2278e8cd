import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { ENVIRONMENT_FILES } from "../../src/collections/environment-file.js";
import { rewriteJson } from "../../src/collections/json-text.js";
import { mergeEnvironments, setVariable, unsetVariable } from "../../src/core/environment-edit.js";
import type { EnvironmentDocument } from "../../src/core/environment.js";

type Kind = (typeof ENVIRONMENT_FILES)[number];

/** A row as its file says it: the texts around its value and its switch, which are what a change may touch. */
interface SketchedRow {
  readonly key: string;
  readonly text: (value: string, enabled: string) => string;
  readonly value: string;
  readonly enabled: boolean;
}

interface Sketch {
  readonly head: string;
  readonly rows: readonly SketchedRow[];
  readonly between: string;
  readonly tail: string;
}

function textOf({ head, rows, between, tail }: Sketch): string {
  const written = rows.map(({ text, value, enabled }) => text(value, String(enabled)));
  return head + written.join(between) + tail;
}

const KEYS = ["base_url", "a b", "ключ", "x.y", "007", "true", 'quote"d'] as const;
const key = fc.constantFrom(...KEYS);
const plain = fc.constantFrom("", "x", "http://h:1/p?q={{r}}", "null", "- a: b", "{", "é☃", "a\nb");

/** JSON as people and programs write it: by hand, minified, with escapes, unknown keys and numbers spelt oddly. */
const jsonSketch: fc.Arbitrary<Sketch> = fc
  .record({
    eol: fc.constantFrom("\n", "\r\n"),
    indent: fc.constantFrom("\t", "  ", "    "),
    mark: fc.constantFrom("", "\uFEFF"),
    wrapped: fc.boolean(),
    tail: fc.constantFrom("", "\n"),
    rows: fc.array(
      fc.record({
        key,
        value: fc.oneof(
          plain.map((text) => JSON.stringify(text)),
          fc.constantFrom("1.0", "1e3", "null", '"\\u00e9"', "true"),
        ),
        enabled: fc.boolean(),
        extra: fc.constantFrom("", '"type": "any", ', '"n": 1.50,  "o": {"p":[ 1 ]}, '),
        isOneLine: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ eol, indent, mark, wrapped, tail, rows }) => ({
    head: `${mark}{${eol}${indent}${wrapped ? '"environment" : {' : ""}"name":  "e", "x": 1.0,${eol}${indent}"values": [${eol}${indent}${indent}`,
    between: `,${eol}${indent}${indent}`,
    tail: `${eol}${indent}], "_postman_variable_scope":"environment"${wrapped ? "}" : ""}}${tail}`,
    rows: rows.map(({ key: name, value, enabled, extra, isOneLine }) => ({
      key: name,
      value,
      enabled,
      text: (written: string, on: string) =>
        isOneLine
          ? `{ "key":${JSON.stringify(name)}, ${extra}"value": ${written},"enabled" :${on} }`
          : `{${eol}${indent.repeat(3)}"value": ${written},${eol}${indent.repeat(3)}${extra}"key": ${JSON.stringify(name)}, "enabled": ${on}${eol}${indent.repeat(2)}}`,
    })),
  }));

/** v3 YAML with comments, both styles of lists and every way to quote. */
const yamlSketch: fc.Arbitrary<Sketch> = fc
  .record({
    eol: fc.constantFrom("\n", "\r\n"),
    indent: fc.constantFrom("", "  ", "    "),
    comment: fc.constantFrom("", " # why"),
    rows: fc.array(
      fc.record({
        key,
        value: fc.constantFrom(
          '"x"',
          "'it''s'",
          "plain text",
          '""',
          "007",
          "0x1F",
          "~",
          '"\\u00e9"',
        ),
        enabled: fc.boolean(),
        extra: fc.constantFrom("", "type: secret", "note: 1.50   # odd"),
        isFlow: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ eol, indent, comment, rows }) => ({
    head: `# of the team${eol}name:   e${comment}${eol}${eol}values:${eol}`,
    between: "",
    tail: `color:  '#fff'${eol}# the end${eol}`,
    rows: rows.map(({ key: name, value, enabled, extra, isFlow }) => ({
      key: name,
      value,
      enabled,
      text: (written: string, on: string) =>
        isFlow
          ? `${indent}- {key: ${JSON.stringify(name)}, value: ${written},  enabled: ${on}}${comment}${eol}`
          : `${indent}-   key: ${JSON.stringify(name)}${comment}${eol}${extra === "" ? "" : `${indent}    ${extra}${eol}`}${indent}    value:  ${written}${eol}${indent}    # on or off${eol}${indent}    enabled: ${on}${eol}`,
    })),
  }));

const FORMATS: readonly (readonly [name: string, suffix: string, sketch: fc.Arbitrary<Sketch>])[] =
  [
    ["JSON", ".postman_environment.json", jsonSketch],
    ["YAML", ".environment.yaml", yamlSketch],
  ];

function kindOf(suffix: string): Kind {
  const kind = ENVIRONMENT_FILES.find((candidate) => candidate.suffix === suffix);
  assert.ok(kind !== undefined, suffix);
  return kind;
}

function documentIn(kind: Kind, text: string): EnvironmentDocument {
  const read = kind.read(text);
  assert.ok(read.ok, `${JSON.stringify(text)}: ${JSON.stringify(read)}`);
  return read.document;
}

/** The row a change of its key goes to. */
function countingRow(rows: readonly SketchedRow[], name: string): SketchedRow | undefined {
  const named = rows.filter((row) => row.key === name);
  return named.findLast(({ enabled }) => enabled) ?? named.at(-1);
}

const OPTIONS = { numRuns: 100, seed: 20_261_123 };

for (const [name, suffix, sketches] of FORMATS) {
  const kind = kindOf(suffix);

  test(`what is not changed in ${name} is not touched by a byte`, () => {
    fc.assert(
      fc.property(sketches, (sketch) => {
        const text = textOf(sketch);
        assert.equal(kind.write(text, documentIn(kind, text)), text);
        assert.equal(kind.write(text, mergeEnvironments(documentIn(kind, text), [])), text);
      }),
      OPTIONS,
    );
  });

  test(`a value set in ${name} changes the bytes of that value alone`, () => {
    fc.assert(
      fc.property(sketches, key, plain, (sketch, name, value) => {
        const row = countingRow(sketch.rows, name);
        fc.pre(row !== undefined);
        const text = textOf(sketch);
        const after = setVariable(documentIn(kind, text), name, { value });
        const written = kind.write(text, after);
        assert.deepEqual(documentIn(kind, written), after);
        const [before = "", behind = ""] = textOf({
          ...sketch,
          rows: sketch.rows.map((each) => (each === row ? { ...each, value: "\u0000" } : each)),
        }).split("\u0000");
        assert.ok(
          written.startsWith(before),
          `${JSON.stringify(text)} → ${JSON.stringify(written)}`,
        );
        assert.ok(written.endsWith(behind), `${JSON.stringify(text)} → ${JSON.stringify(written)}`);
      }),
      OPTIONS,
    );
  });

  test(`a variable switched in ${name} changes its switches alone`, () => {
    fc.assert(
      fc.property(sketches, key, fc.boolean(), (sketch, name, enabled) => {
        const row = countingRow(sketch.rows, name);
        fc.pre(row !== undefined);
        const text = textOf(sketch);
        const written = kind.write(text, setVariable(documentIn(kind, text), name, { enabled }));
        const isSwitched = (each: SketchedRow): boolean =>
          each === row || (!enabled && each.key === name);
        const rows = sketch.rows.map((each) => (isSwitched(each) ? { ...each, enabled } : each));
        assert.equal(written, textOf({ ...sketch, rows }));
      }),
      OPTIONS,
    );
  });

  test(`a variable taken out of ${name}, or added, leaves every other row as it stood`, () => {
    fc.assert(
      fc.property(sketches, key, fc.boolean(), (sketch, name, isAdded) => {
        const text = textOf(sketch);
        const standing = documentIn(kind, text);
        fc.pre(isAdded !== sketch.rows.some((row) => row.key === name));
        const after = isAdded
          ? setVariable(standing, name, { value: "new" })
          : unsetVariable(standing, name);
        const written = kind.write(text, after);
        assert.deepEqual(documentIn(kind, written), after);
        let from = 0;
        for (const row of sketch.rows.filter((each) => each.key !== name)) {
          const bytes = row.text(row.value, String(row.enabled));
          const at = written.indexOf(bytes, from);
          assert.ok(at >= 0, `${JSON.stringify(bytes)} is not in ${JSON.stringify(written)}`);
          from = at + bytes.length;
        }
      }),
      OPTIONS,
    );
  });
}

// Each change read the whole text anew before: minutes in which a service answered nobody.
for (const [suffix, size] of [
  [".postman_environment.json", 5000],
  [".environment.yaml", 1500],
] as const) {
  test(`thousands of changes to a ${suffix} are written within seconds`, () => {
    const startedAt = performance.now();
    const kind = ENVIRONMENT_FILES.find((one) => one.suffix === suffix);
    assert.ok(kind !== undefined);
    const sized = (from: number, to: number, text: string): EnvironmentDocument => ({
      name: "many",
      values: Array.from({ length: to - from }, (_row, index) => {
        const value = `${text} ${String(from + index)}`;
        return { key: `k${String(from + index)}`, value, enabled: true };
      }),
    });
    const standing = kind.write(null, sized(0, size, "old"));
    const check = (text: string, after: EnvironmentDocument): string => {
      const written = kind.write(text, after);
      assert.deepEqual(documentIn(kind, written), after);
      return written;
    };
    const changed = check(standing, sized(0, size, "new"));
    assert.equal(changed, standing.replaceAll("old", "new"));
    const grown = check(standing, sized(0, 2 * size, "old"));
    assert.equal(grown, kind.write(null, sized(0, 2 * size, "old")));
    check(standing, sized(size, 2 * size, "moved"));
    const odd = sized(0, size, "old").values.filter((_row, index) => index % 2 === 1);
    check(standing, { name: "many", values: odd });
    check(kind.write(null, { name: "many", values: [] }), sized(0, size, "old"));
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < 60_000, `${String(tookMs)} ms`);
  });
}

test("a document in which thousands of objects changed is written within seconds, laid out as it was", () => {
  const collection = (request: unknown): object => ({
    info: { name: "many" },
    item: Array.from({ length: 5000 }, (_item, index) => ({ name: `r${String(index)}`, request })),
  });
  const [before, after] = [collection("http://h.test/"), collection({ url: "http://h.test/" })];
  const startedAt = performance.now();
  for (const indent of ["", "  ", "\t"]) {
    const text = `${JSON.stringify(before, null, indent)}\n`;
    assert.equal(rewriteJson(text, after), `${JSON.stringify(after, null, indent)}\n`);
    const wrapped = (inner: object): string =>
      `\uFEFF${JSON.stringify({ collection: inner, more: 1 }, null, indent).replaceAll("\n", "\r\n")}`;
    assert.equal(rewriteJson(wrapped(before), after, ["collection"]), wrapped(after));
  }
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < 60_000, `${String(tookMs)} ms`);
});
