import assert from "node:assert/strict";
import test from "node:test";
import {
  uploadPaths,
  uploadPattern,
  withRelativeUploads,
} from "../../src/collections/upload-paths.js";

function upload(src: unknown): object {
  return {
    name: "upload",
    request: {
      method: "POST",
      url: "http://127.0.0.1",
      body: { mode: "formdata", formdata: [{ key: "f", type: "file", src }] },
    },
  };
}

const collection = {
  info: { name: "c" },
  item: [
    upload("a.txt"),
    { name: "folder", item: [upload(["b/one.png", "b/two.png"]), upload(null)] },
    { request: { body: { mode: "file", file: { src: "/plans/p/body.bin" } } } },
    { request: { certificate: { key: { src: "tls/key.pem" }, cert: { src: "tls/cert.pem" } } } },
    { request: { body: { mode: "formdata", formdata: [{ key: "src", value: "no file" }] } } },
  ],
};

test("every file a collection uploads is found once: form parts, lists of them, whole bodies, certificates", () => {
  assert.deepEqual(uploadPaths({ ...collection, again: [upload("a.txt")] }), [
    "a.txt",
    "b/one.png",
    "b/two.png",
    "/plans/p/body.bin",
    "tls/key.pem",
    "tls/cert.pem",
  ]);
  assert.deepEqual(uploadPaths(null), []);
});

test("paths into the plan's folder become relative to it, and nothing else changes", () => {
  const moved = withRelativeUploads(collection, "/plans/p");
  assert.deepEqual(uploadPaths(moved), [
    "a.txt",
    "b/one.png",
    "b/two.png",
    "body.bin",
    "tls/key.pem",
    "tls/cert.pem",
  ]);
  assert.deepEqual(withRelativeUploads(collection, "/plans/other"), collection);
});

test("a path with variables means whatever fits around them, and nothing else", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["{{file}}", "deep/any.bin", true],
    ["uploads/{{name}}.png", "uploads/cat.png", true],
    ["uploads/{{name}}.png", "uploads/cat.jpg", false],
    ["uploads/{{name}}.png", "elsewhere/cat.png", false],
    ["{{dir}}/cat.png", "cat.png", true],
    ["{{dir}}/cat.png", "uploads/big/cat.png", true],
    ["./a.b/{{x}}", "axb/c", false],
    ["./a.b/{{x}}", "a.b/c", true],
  ];
  for (const [path, name, fits] of cases)
    assert.equal(uploadPattern(path)?.test(name), fits, `${path} and ${name}`);
  assert.equal(uploadPattern("plain.txt"), null);
});
