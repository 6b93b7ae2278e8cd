import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before, beforeEach } from "node:test";
import { ENVIRONMENT_FILES } from "../../src/collections/environment-file.js";
import type { EnvironmentDocument } from "../../src/core/environment.js";
import { TurnpikeError } from "../../src/core/errors.js";
import type { EnvironmentStore } from "../../src/core/ports.js";
import { createDocumentDirectory } from "../../src/store/document-directory.js";

const SUFFIX = ".postman_environment.json";
let root = "";
let directory = "";
let store: EnvironmentStore;

before(async () => {
  root = await mkdtemp(join(tmpdir(), "turnpike-documents-"));
});
after(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  directory = join(await mkdtemp(join(root, "case-")), "environments");
  store = createDocumentDirectory({
    directory,
    formats: ENVIRONMENT_FILES,
    invalid: "INVALID_ENVIRONMENT",
  });
});

function environment(value: string): EnvironmentDocument {
  return {
    id: "1",
    name: "staging",
    values: [{ key: "url", value, enabled: true, description: "kept" }],
  };
}

test("a folder that is not there is empty, and the first write makes it", async () => {
  assert.deepEqual(await store.list(), []);
  assert.equal(await store.get("staging"), null);
  assert.equal(await store.delete("staging"), false);
  const { created, etag } = await store.put("staging", environment("a"));
  assert.ok(created);
  assert.deepEqual(await store.list(), [{ name: "staging", etag }]);
});

test("a document comes back whole, with the keys Postman adds, and reads like an export of Postman's", async () => {
  const document = {
    ...environment("a"),
    _postman_variable_scope: "environment",
    _postman_exported_using: "Postman/11",
  };
  const { etag } = await store.put("staging", document);
  assert.deepEqual(await store.get("staging"), { document, etag });
  const text = await readFile(join(directory, `staging${SUFFIX}`), "utf8");
  assert.equal(text, `${JSON.stringify(document, null, "\t")}\n`);
  assert.deepEqual(await readdir(directory), [`staging${SUFFIX}`]);
});

test(
  "a folder that may not be written is said to be one",
  { skip: platform() === "linux" ? false : "only Linux has a folder that nobody may write" },
  async () => {
    const options = { formats: ENVIRONMENT_FILES, invalid: "INVALID_ENVIRONMENT" } as const;
    const sealed = createDocumentDirectory({ directory: "/sys", ...options });
    await assert.rejects(sealed.put("staging", environment("a")), (error) => {
      assert.ok(error instanceof TurnpikeError);
      assert.equal(error.code, "INVALID_CONFIG");
      assert.match(error.message, /^\/sys cannot be written: E.*allow it to the user/);
      return true;
    });
  },
);

test("a plain .json file is one where it holds an environment, and keeps its name when it is written", async () => {
  await store.put("eu", environment("eu"));
  const plain = join(directory, "staging.json");
  await writeFile(plain, JSON.stringify({ environment: environment("a") }));
  await writeFile(join(directory, "package.json"), JSON.stringify({ name: "tests", values: {} }));
  await writeFile(join(directory, "rows.json"), "[]");
  await writeFile(join(directory, "broken.json"), '{ "values": [');
  const names = (await store.list()).map(({ name }) => name);
  assert.deepEqual(names, ["broken", "eu", "staging"]);
  assert.equal(await store.get("package"), null);
  assert.equal(await store.get(`eu${SUFFIX.slice(0, -".json".length)}`), null);
  await assert.rejects(store.get("broken"), { code: "INVALID_ENVIRONMENT" });
  const read = await store.get("staging");
  assert.deepEqual(read?.document, environment("a"));
  await store.put("staging", environment("b"), read.etag);
  assert.equal(await readFile(plain, "utf8"), JSON.stringify({ environment: environment("b") }));
  await writeFile(join(directory, `staging${SUFFIX}`), JSON.stringify(environment("c")));
  await assert.rejects(store.get("staging"), (error) => {
    assert.ok(error instanceof TurnpikeError);
    assert.match(JSON.stringify(error.problems), /staging\.json has the same name/);
    return true;
  });
});

test("the etag changes with the content, also when another program wrote it", async () => {
  const first = await store.put("staging", environment("a"));
  const second = await store.put("staging", environment("b"));
  assert.equal(second.created, false);
  assert.notEqual(second.etag, first.etag);
  assert.equal((await store.put("staging", environment("a"))).etag, first.etag);
  await writeFile(join(directory, `staging${SUFFIX}`), JSON.stringify(environment("c")));
  assert.notEqual((await store.get("staging"))?.etag, first.etag);
});

test("a write with a condition happens only where the condition holds", async () => {
  const refused = { code: "PRECONDITION_FAILED" };
  await assert.rejects(store.put("staging", environment("a"), "some-etag"), refused);
  const { etag } = await store.put("staging", environment("a"), null);
  await assert.rejects(store.put("staging", environment("b"), null), refused);
  await assert.rejects(store.put("staging", environment("b"), "some-etag"), refused);
  assert.equal((await store.get("staging"))?.etag, etag);
  await store.put("staging", environment("b"), etag);
  await assert.rejects(store.put("staging", environment("c"), etag), refused);
});

test("of many writers with the same condition exactly one succeeds", async () => {
  const { etag } = await store.put("staging", environment("start"));
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) =>
      store.put("staging", environment(String(index)), etag),
    ),
  );
  assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 1);
});

test("no name leads out of the folder, hides a file, or finds one of another kind", async () => {
  await store.put("staging", environment("a"));
  await writeFile(join(directory, "..", `outside${SUFFIX}`), JSON.stringify(environment("x")));
  await writeFile(join(directory, "notes.json"), "{}");
  for (const name of [
    "../outside",
    "..",
    ".hidden",
    "a/b",
    "a\\b",
    "",
    "nul\u0000",
    "x".repeat(101),
  ]) {
    assert.equal(await store.get(name), null, name);
    assert.equal(await store.delete(name), false, name);
    await assert.rejects(store.put(name, environment("y")), { code: "INVALID_REQUEST" }, name);
  }
  assert.deepEqual(
    (await store.list()).map(({ name }) => name),
    ["staging"],
  );
  assert.equal(await store.get("notes"), null);
});

test("names with spaces and other scripts are names", async () => {
  for (const name of ["Orders API", "環境", "a.b"]) await store.put(name, environment(name));
  assert.deepEqual(
    (await store.list()).map(({ name }) => name),
    ["Orders API", "a.b", "環境"],
  );
});

test("a file that is no JSON is refused with file, line and column; one of another shape with each place", async () => {
  await store.put("good", environment("a"));
  await writeFile(join(directory, `broken${SUFFIX}`), '{\n  "name": "x",\n  "values": [,]\n}');
  await writeFile(join(directory, `odd${SUFFIX}`), JSON.stringify({ name: 5, values: 3 }));
  const broken = await refusalOf("broken");
  assert.ok(broken.message.includes(join(directory, `broken${SUFFIX}`)), broken.message);
  assert.match(broken.problems[0]?.message ?? "", /line 3, column 14/);
  assert.deepEqual((await refusalOf("odd")).problems.map(({ path }) => path).toSorted(), [
    "name",
    "values",
  ]);
  assert.deepEqual(
    (await store.list()).map(({ name }) => name),
    ["broken", "good", "odd"],
  );
});

test("a byte order mark is no fault", async () => {
  await store.put("good", environment("a"));
  await writeFile(join(directory, `windows${SUFFIX}`), `\uFEFF${JSON.stringify(environment("b"))}`);
  assert.deepEqual((await store.get("windows"))?.document, environment("b"));
});

async function refusalOf(name: string): Promise<TurnpikeError> {
  const answer = await store.get(name).catch((error: unknown) => error);
  assert.ok(answer instanceof TurnpikeError, `it was read: ${JSON.stringify(answer)}`);
  assert.equal(answer.code, "INVALID_ENVIRONMENT");
  return answer;
}
