/** The collections and environments of this repository: what a stranger runs first must be sound before anything runs it. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Script } from "node:vm";
import { parse } from "yaml";
import { readCollection } from "../../src/collections/read-collection.js";
import { environmentDocumentSchema, layerOf } from "../../src/core/environment.js";
import { readPlan, type Plan } from "../../src/core/plan.js";

const root = new URL("../../../", import.meta.url);
const planFolder = new URL("collections/tasks-1-10/", root);

/** Names Turnpike hands in; the environment wins over a collection's own variables, so setting them would be without effect. */
const GENERATED = ["run_id", "task_id", "attempt", "seed", "started_at"];
const MIN_REQUESTS = 8;
const MIN_TESTS = 25;

type JsonObject = Readonly<Record<string, unknown>>;
interface ScriptText {
  readonly listen: string;
  readonly code: string;
}
interface Request {
  readonly name: string;
  readonly url: string;
  readonly scripts: readonly ScriptText[];
}
interface Seen {
  readonly ids: readonly string[];
  readonly requests: readonly Request[];
  readonly scripts: readonly ScriptText[];
}

/** Everything that is wrong with a collection of ours. */
function faultsOf(text: string): string[] {
  const check = readCollection(text);
  if (!check.ok) return check.problems.map(({ message }) => message);
  const { ids, requests, scripts } = look(check.collection);
  const tests = scripts.flatMap(({ code }) => code.match(/\bpm\.test\(/g) ?? []).length;
  return [
    ...(check.summary.format === "v2.1" ? [] : [`format ${check.summary.format}`]),
    ...(requests.length >= MIN_REQUESTS ? [] : [`only ${String(requests.length)} requests`]),
    ...(tests >= MIN_TESTS ? [] : [`only ${String(tests)} tests`]),
    ...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `id ${id} comes twice`),
    ...scripts.flatMap(({ code }) => syntaxFault(code)),
    ...requests
      .filter((request) => !request.url.startsWith("{{base_url}}/"))
      .map(({ name, url }) => `"${name}" asks ${url}`),
    ...requests
      .filter((request) => !request.scripts.some(isTested))
      .map(({ name }) => `"${name}" asserts nothing`),
    ...(/setTimeout|setInterval/.test(text) ? ["waits for a fixed time"] : []),
    ...(/\/(?:home|root|work|tmp|Users|var)\/|[A-Z]:\\\\/.test(text)
      ? ["a path of a machine"]
      : []),
    ...GENERATED.filter((name) => text.includes(`.set(\\"${name}\\"`)).map(
      (name) => `sets ${name}`,
    ),
  ];
}

function isTested({ listen, code }: ScriptText): boolean {
  return listen === "test" && code.includes("pm.test");
}

function look(collection: JsonObject): Seen {
  const ids: string[] = [];
  const requests: Request[] = [];
  const scripts: ScriptText[] = [];
  const visit = (node: JsonObject): void => {
    if (typeof node["id"] === "string") ids.push(node["id"]);
    const own = objects(node["event"]).map(scriptOf);
    scripts.push(...own);
    for (const child of objects(node["item"])) visit(child);
    if (!isObject(node["request"])) return;
    const url = node["request"]["url"];
    const raw = isObject(url) ? url["raw"] : url;
    requests.push({ name: String(node["name"]), url: String(raw), scripts: own });
  };
  visit(collection);
  return { ids, requests, scripts };
}

function scriptOf(event: JsonObject): ScriptText {
  const script = isObject(event["script"]) ? event["script"] : {};
  const lines = Array.isArray(script["exec"]) ? script["exec"].map(String) : [];
  return { listen: String(event["listen"]), code: lines.join("\n") };
}

function syntaxFault(code: string): string[] {
  try {
    // Postman's sandbox runs a script as the body of an async function.
    return new Script(`(async () => {\n${code}\n})`) instanceof Script ? [] : ["no script"];
  } catch (error) {
    return [`script: ${String(error)}`];
  }
}

function objects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ownPlan(): Plan {
  const check = readPlan(parse(readFileSync(new URL("plan.yaml", planFolder), "utf8")));
  assert.ok(check.ok, JSON.stringify(check));
  return check.plan;
}

test("The plan has its eight tasks, its two checkpoints and their order", () => {
  const plan = ownPlan();
  assert.equal(plan.name, "tasks-1-10");
  assert.deepEqual(plan.environment, ["local"]);
  const afterFive = ["checkpoint-5"];
  assert.deepEqual(
    plan.nodes.map(({ id, needs }) => [id, needs]),
    [
      ["task-1", []],
      ["task-2", ["task-1"]],
      ["task-3", ["task-1"]],
      ["task-4", ["task-1"]],
      ["checkpoint-5", ["task-2", "task-3", "task-4"]],
      ["task-6", afterFive],
      ["task-7", afterFive],
      ["task-8", afterFive],
      ["task-9", afterFive],
      ["checkpoint-10", ["task-6", "task-7", "task-8", "task-9"]],
    ],
  );
  for (const node of plan.nodes) assert.equal(node.timeoutMs, 30 * 60_000, node.id);
});

test("Every collection of the plan is sound, and none lies beside it", () => {
  const named = ownPlan().nodes.flatMap((node) => (node.kind === "task" ? [node.collection] : []));
  const there = readdirSync(planFolder).filter((file) => file.endsWith(".postman_collection.json"));
  assert.deepEqual(there.toSorted(), named.toSorted());
  assert.equal(there.length, 8);
  for (const file of there) {
    assert.deepEqual(faultsOf(readFileSync(new URL(file, planFolder), "utf8")), [], file);
  }
});

test("No two collections of the plan share an id", () => {
  const all = readdirSync(planFolder).filter((file) => file.endsWith(".json"));
  const ids = all.flatMap((file) => {
    const check = readCollection(readFileSync(new URL(file, planFolder), "utf8"));
    assert.ok(check.ok, file);
    const info = check.collection["info"];
    return [...look(check.collection).ids, isObject(info) ? String(info["_postman_id"]) : ""];
  });
  assert.ok(ids.length > 100, `only ${String(ids.length)} ids were seen`);
  assert.equal(new Set(ids).size, ids.length);
});

test("A collection with every fault is called out for each of them", () => {
  const item = (name: string, url: string, code: string) => ({
    id: "same",
    name,
    request: { method: "GET", url: { raw: url } },
    event: [{ listen: "test", script: { exec: code.split("\n") } }],
  });
  const schema = "https://schema.getpostman.com/json/collection/v2.0.0/collection.json";
  const planted = {
    info: { name: "x", schema },
    item: [
      item("fine", "{{base_url}}/", 'pm.test("x", () => {});\npm.environment.set("run_id", "1");'),
      item("bad", "http://127.0.0.1/", 'setTimeout(function ( {}, 1); // "/home/me/file"'),
    ],
  };
  const faults = faultsOf(JSON.stringify(planted)).map((fault) => fault.split(":")[0]);
  assert.deepEqual(faults, [
    "format v2.0",
    "only 2 requests",
    "only 1 tests",
    "id same comes twice",
    "script",
    '"bad" asks http',
    '"bad" asserts nothing',
    "waits for a fixed time",
    "a path of a machine",
    "sets run_id",
  ]);
});

test("The environments are as Postman exports them, each with a secret", () => {
  const folder = new URL("environments/", root);
  const files = readdirSync(folder).filter((file) => file.endsWith(".postman_environment.json"));
  assert.deepEqual(files.toSorted(), [
    "local.postman_environment.json",
    "mock.postman_environment.json",
    "staging.postman_environment.json",
  ]);
  for (const file of files) {
    const raw: unknown = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
    const document = environmentDocumentSchema.parse(raw);
    assert.equal(`${String(document.name)}.postman_environment.json`, file);
    assert.match(document.id ?? "", /^[\da-f-]{36}$/);
    assert.equal(document["_postman_variable_scope"], "environment");
    assert.ok(
      objects(document.values).every(({ key }) => typeof key === "string"),
      file,
    );
    const layer = layerOf(String(document.name), document);
    assert.ok(
      layer.rows.some(({ key, secret }) => key === "api_token" && secret),
      file,
    );
    // Without a row that counts, the service fills in its own URL.
    const ownUrl = layer.rows.some(({ key }) => key === "base_url");
    assert.equal(ownUrl, document.name !== "local", file);
  }
});
