import assert from "node:assert/strict";
import test from "node:test";
import { findUnresolved } from "../../src/core/unresolved.js";

function check(texts: readonly string[], expected: readonly string[]): void {
  assert.deepEqual(findUnresolved(texts), expected);
}

test("every variable left in a request is named once, in the order it appears", () => {
  check(["http://{{host}}/{{id}}", "{{ id }} and {{$unknown}}"], ["host", "id", "$unknown"]);
});

test("braces that are no variable are none", () => {
  check(['{"a":{"b":{}}}', "{{}}", "{{ }}", "{x}", "}}{{", "{{a\nb}}", "{{{nested}}"], ["nested"]);
});
