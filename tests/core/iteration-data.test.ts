import assert from "node:assert/strict";
import test from "node:test";
import { parseIterationData } from "../../src/collections/iteration-data.js";
import { TurnpikeError } from "../../src/core/errors.js";

function check(format: "csv" | "json", text: string, rows: readonly unknown[]): void {
  assert.deepEqual(parseIterationData({ format, text }), rows);
}

function refused(
  format: "csv" | "json",
  text: string,
  problem: { readonly path: string; readonly message: RegExp },
): void {
  assert.throws(
    () => parseIterationData({ format, text }),
    (error) => {
      assert.ok(error instanceof TurnpikeError);
      assert.equal(error.code, "INVALID_DATA");
      const [found] = error.problems;
      assert.ok(found);
      assert.equal(found.path, problem.path);
      assert.match(found.message, problem.message);
      return true;
    },
  );
}

test("CSV is read with Newman's casting, its oddities included", () => {
  check("csv", "a,b\n1,x\n", [{ a: 1, b: "x" }]);
  check("csv", 'a,b,c,d,e\n007,0x10,1.50,"12",\n', [{ a: 7, b: 0, c: 1.5, d: "12", e: "" }]);
  check("csv", "\uFEFFa , b\n 1 , two words \n", [{ a: 1, b: "two words" }]);
  check("csv", "a,b\n1\n1,2,3\n", [{ a: 1 }, { a: 1, b: 2 }]);
  check("csv", 'a\nsay "hi"\n', [{ a: 'say "hi"' }]);
  check("csv", "a,b\n", []);
});

test("JSON is read whatever the file is called, with or without a byte order mark", () => {
  const rows = [{ id: 1, nested: { list: [1] } }, { id: "2" }];
  check("json", JSON.stringify(rows), rows);
  check("csv", JSON.stringify(rows), rows);
  check("json", `\uFEFF  ${JSON.stringify(rows)}\n`, rows);
  check("json", "[]", []);
});

test("junk is refused with its place", () => {
  refused("json", '[\n  {"a": 1},\n  {"a": }\n]', { path: "line 3", message: /not valid JSON/ });
  refused("json", "a,b\n1,2", { path: "line 1", message: /not valid JSON/ });
  refused("json", '{"a": 1}', { path: "", message: /an object/ });
  refused("json", "null", { path: "", message: /null/ });
  refused("json", '[{"a": 1}, 7, null]', { path: "row 2", message: /a number/ });
  refused("csv", '{"a": 1}', { path: "", message: /an object/ });
  const utf16 = new TextDecoder().decode(Buffer.from("\uFEFFa,b\n1,2", "utf16le"));
  refused("csv", utf16, { path: "", message: /NUL characters, as text in UTF-16/ });
  refused("csv", 'a,b\n1,"open', { path: "line 2", message: /not valid CSV/ });
});
