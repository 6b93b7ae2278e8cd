import assert from "node:assert/strict";
import test from "node:test";
import { layerOf, plainLayer, render } from "../../src/core/environment.js";
import { createRedact } from "../../src/core/redact.js";

test("disabled rows do not count, and of doubled keys the last enabled one does", () => {
  const layer = layerOf("local", {
    name: "local",
    values: [
      { key: "a", value: "1", enabled: true },
      { key: "a", value: "2" },
      { key: "a", value: "3", enabled: false },
      { key: "b", value: "x", disabled: true },
      { key: "c", value: "y", type: "secret" },
      null,
      { value: "no key" },
    ],
  });
  assert.deepEqual(layer.rows, [
    { key: "a", value: "2", secret: false },
    { key: "c", value: "y", secret: true },
  ]);
});

test("later layers win, and the trace says what they hide", () => {
  const { rows } = render([
    plainLayer("base", { url: "b", only: "base" }),
    plainLayer("staging", { url: "s" }),
    plainLayer("overrides", { url: "o" }),
  ]);
  assert.deepEqual(
    rows.find(({ key }) => key === "url"),
    { key: "url", value: "o", secret: false, from: "overrides", hides: ["staging", "base"] },
  );
  assert.equal(rows.find(({ key }) => key === "only")?.from, "base");
});

test("a key that one layer calls a secret stays one when another gives its value", () => {
  const secret = { name: "local", rows: [{ key: "token", value: "", secret: true }] };
  const { rows, secrets } = render([secret, plainLayer("overrides", { token: "hunter22" })]);
  assert.equal(rows[0]?.secret, true);
  assert.deepEqual(secrets, ["hunter22"]);
});

test("a key keeps the type that its row states, whoever gives its value, and types that say nothing are dropped", () => {
  const layer = layerOf("local", {
    values: [
      { key: "port", value: "8080", type: "Number" },
      { key: "host", value: "h", type: "default" },
    ],
  });
  assert.deepEqual(layer.rows, [
    { key: "port", value: "8080", type: "number", secret: false },
    { key: "host", value: "h", secret: false },
  ]);
  const { rows } = render([layer, plainLayer("overrides", { port: "9090" })]);
  const port = rows.find(({ key }) => key === "port");
  assert.deepEqual([port?.value, port?.type], ["9090", "number"]);
});

test("secrets are masked in every form and at every depth", () => {
  const redact = createRedact(["p@ss/wörd", "abc"]);
  const encoded = encodeURIComponent("p@ss/wörd");
  const base64 = Buffer.from("p@ss/wörd").toString("base64");
  assert.deepEqual(
    redact({ a: [`x p@ss/wörd y`, encoded], b: { c: base64 }, d: 5, "p@ss/wörd": null, e: "abc" }),
    {
      a: ["x ******** y", "********"],
      b: { c: "********" },
      d: 5,
      "********": null,
      // Too short to be masked without making everything unreadable.
      e: "abc",
    },
  );
});
