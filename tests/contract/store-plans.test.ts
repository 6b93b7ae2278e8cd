import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { after, before } from "node:test";
import { problemsOfCollection } from "../../src/collections/read-collection.js";
import { formatProblem, TurnpikeError } from "../../src/core/errors.js";
import { createPlanDirectory, loadPlanFile } from "../../src/store/plan-directory.js";

const CHECKS = { collection: problemsOfCollection };

const COLLECTION = JSON.stringify({ info: { name: "c" }, item: [] });
let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "turnpike-plans-"));
});
after(() => rm(root, { recursive: true, force: true }));

/** Writes a folder with these files and answers its path. */
async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(root, "case-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}

async function refusalOf(loading: Promise<unknown>): Promise<TurnpikeError> {
  const answer = await loading.catch((error: unknown) => error);
  assert.ok(
    answer instanceof TurnpikeError,
    `it was loaded, or failed otherwise: ${String(answer)}`,
  );
  return answer;
}

/** The problems of a plan with these files, as a terminal shows them. */
async function problemsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const refusal = await refusalOf(loadPlanFile(await folder(files), CHECKS));
  assert.equal(refusal.code, "INVALID_PLAN");
  return refusal.problems.map(formatProblem);
}

test("plans are the folders with a plan file, by name; a plan comes with the content of its files", async () => {
  const plan =
    "name: b\ntasks:\n  one: { collection: sub/c.json, data: rows.csv }\n  two: { collection: sub/c.json, needs: [one] }\n";
  const directory = await folder({
    "b/plan.yaml": plan,
    "b/sub/c.json": COLLECTION,
    "b/rows.csv": "a,b\n1,2\n",
    "a/plan.yml": "name: a\ntasks: {}\n",
    "no-plan/readme.md": "",
    "single.postman_collection.json": COLLECTION,
  });
  const plans = createPlanDirectory(directory, CHECKS);
  assert.deepEqual(await plans.list(), ["a", "b"]);
  const loaded = await plans.load("b");
  assert.equal(loaded.id, "b");
  assert.equal(loaded.directory, join(directory, "b"));
  assert.deepEqual([...loaded.files.keys()].toSorted(), ["rows.csv", "sub/c.json"]);
  assert.equal(Buffer.from(loaded.files.get("sub/c.json") ?? []).toString(), COLLECTION);
  assert.deepEqual(
    loaded.plan.nodes.map(({ id }) => id),
    ["one", "two"],
  );
});

test("an unknown id is NOT_FOUND with the plans there are and a guess, and no id leaves the folder", async () => {
  const directory = await folder({
    "plans/orders/plan.yaml": "",
    "outside/plan.yaml": "name: x\n",
  });
  const plans = createPlanDirectory(join(directory, "plans"), CHECKS);
  for (const [id, expected] of [
    ["ordrs", /did you mean "orders"\?/],
    ["../outside", /the plans are orders/],
    ["", /the plans are/],
  ] as const) {
    const refusal = await refusalOf(plans.load(id));
    assert.equal(refusal.code, "NOT_FOUND");
    assert.match(refusal.message, expected);
  }
  assert.deepEqual(await createPlanDirectory(join(directory, "nowhere"), CHECKS).list(), []);
});

test("a plan is loaded by the path of its folder or of its file", async () => {
  const directory = await folder({
    "orders/plan.yaml": "name: orders\ntasks: { one: { collection: c.json } }\n",
    "orders/nightly.yaml": "name: nightly\ntasks: { one: { collection: c.json } }\n",
    "orders/c.json": COLLECTION,
  });
  const idOf = async (path: string): Promise<string> =>
    (await loadPlanFile(join(directory, path), CHECKS)).id;
  assert.equal(await idOf("orders"), "orders");
  assert.equal(await idOf("orders/plan.yaml"), "orders");
  assert.equal(await idOf("orders/nightly.yaml"), "nightly");
  for (const path of ["nowhere", "orders/none.yaml", "."]) {
    assert.equal(
      (await refusalOf(loadPlanFile(join(directory, path), CHECKS))).code,
      "NOT_FOUND",
      path,
    );
  }
});

test("faults of YAML are named with file, line and column", async () => {
  const [broken] = await problemsOf({ "plan.yaml": "name: x\ntasks:\n  one: { collection: [\n" });
  assert.match(broken ?? "", /^plan\.yaml:\d+:\d+: /);
  const [doubled] = await problemsOf({ "plan.yaml": "name: x\nname: y\n" });
  assert.equal(doubled, "plan.yaml:2:1: Map keys must be unique");
  assert.match((await problemsOf({ "plan.yaml": "" }))[0] ?? "", /./);
});

test("anchors and merge keys are understood, and a bomb of aliases is refused", async () => {
  const merged =
    "name: x\ntasks:\n  one: &base { collection: c.json, bail: true }\n  two: { <<: *base, needs: [one] }\n";
  const { plan } = await loadPlanFile(
    await folder({ "plan.yaml": merged, "c.json": COLLECTION }),
    CHECKS,
  );
  assert.deepEqual(
    plan.nodes.map((node) => node.kind === "task" && node.bail),
    [true, true],
  );
  const levels = Array.from(
    { length: 12 },
    (_, level) =>
      `l${String(level + 1)}: &l${String(level + 1)} [${Array(9)
        .fill(`*l${String(level)}`)
        .join(", ")}]`,
  );
  const [bomb] = await problemsOf({ "plan.yaml": ["l0: &l0 x", ...levels].join("\n") });
  assert.match(bomb ?? "", /alias/i);
});

test("problems of the document and of its files are reported together", async () => {
  const problems = await problemsOf({
    "plan.yaml": [
      "name: x",
      "tasks:",
      "  a: { collection: task-1.jsn, nedds: [b] }",
      "  b: { collection: ../outside.json }",
      "  c: { collection: not-json.json }",
      "  d: { collection: environment.json }",
      "  e: { collection: task-1.json, data: rows.json }",
      "  f: { collection: task-1.json, data: object.json }",
      "  g: { collection: sub }",
    ].join("\n"),
    "task-1.json": COLLECTION,
    "not-json.json": "{\n  oops\n}",
    "environment.json": JSON.stringify({ name: "e", values: [] }),
    "rows.json": "[1,\n2",
    "object.json": "{}",
    "sub/keep": "",
  });
  const expected = [
    /^tasks\.a\.nedds: unknown key "nedds".*did you mean "needs"/,
    /^tasks\.a\.collection: there is no file "task-1\.jsn".*did you mean "task-1\.json"/,
    /^tasks\.b\.collection: "\.\.\/outside\.json" leads out of the plan's folder/,
    /^tasks\.c\.collection: not-json\.json: not JSON at line 2, column 3/,
    /^tasks\.d\.collection: environment\.json: this is a Postman environment, not a collection/,
    /^tasks\.e\.data: rows\.json: line 2: is not valid JSON/,
    /^tasks\.f\.data: object\.json: is an object/,
    /^tasks\.g\.collection: "sub" is a folder/,
  ];
  assert.equal(problems.length, expected.length, problems.join("\n"));
  for (const pattern of expected) {
    assert.ok(
      problems.some((problem) => pattern.test(problem)),
      `${String(pattern)} is not among\n${problems.join("\n")}`,
    );
  }
});

test("a link that leads out of the folder is no way out", async () => {
  const directory = await folder({
    "secret.json": COLLECTION,
    "plan/plan.yaml": "name: x\ntasks: { a: { collection: link.json } }\n",
  });
  await symlink("../secret.json", join(directory, "plan", "link.json"));
  const refusal = await refusalOf(loadPlanFile(join(directory, "plan"), CHECKS));
  assert.match(
    refusal.problems.map(formatProblem).join("\n"),
    /"link\.json" leads out of the plan's folder/,
  );
});
