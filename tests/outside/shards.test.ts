/** Shards against the whole: the same collection runs in one piece and in parts, and both must tell the same. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { createProject, type Project } from "../support/project.js";
import { startTarget, type Target } from "../support/target.js";

let project: Project;
let target: Target;

after(async () => {
  await project.remove();
  await target.close();
});

interface RequestReport {
  readonly index: number;
  readonly iteration: number;
  readonly name: string;
  readonly folders: readonly string[];
  readonly status: number | null;
  readonly assertions: readonly { readonly name: string; readonly outcome: string }[];
}
interface TaskReport {
  readonly id: string;
  readonly status: string;
  readonly cause: string | null;
  readonly reason: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly requests: readonly RequestReport[];
  readonly split: {
    readonly by: string;
    readonly reasons: readonly string[];
    readonly shards: readonly {
      readonly id: string;
      readonly part: string;
      readonly status: string;
      readonly prefix: string | null;
      readonly counts: { readonly requests: number };
    }[];
  } | null;
}

interface ItemSketch {
  readonly name: string;
  readonly path?: string;
  readonly before?: readonly string[];
  readonly test?: readonly string[];
  readonly item?: readonly ItemSketch[];
}

const PASSES = ["pm.test('answers 200', () => pm.response.to.have.status(200));"];
const TELLS_PLACE = [
  "pm.test(`iteration ${pm.info.iteration} of ${pm.info.iterationCount}, row ${pm.iterationData.get('n')}`, () => {});",
  ...PASSES,
];

function toItem({
  name,
  path = "/",
  before: first,
  test: second,
  item: inside,
}: ItemSketch): object {
  if (inside !== undefined) return { name, item: inside.map(toItem) };
  const event = (listen: string, exec: readonly string[] | undefined): object[] =>
    exec === undefined ? [] : [{ listen, script: { exec } }];
  return {
    name,
    request: { method: "GET", url: `${target.url}${path}` },
    event: [...event("prerequest", first), ...event("test", second)],
  };
}

interface Case {
  readonly items: () => readonly ItemSketch[];
  readonly data?: string;
  readonly options?: string;
  readonly shards?: string;
}

/** Each runs whole and in shards, all of them as tasks of one plan. */
const CASES: Readonly<Record<string, Case>> = {
  rows: {
    items: () => [
      { name: "First", test: TELLS_PLACE },
      {
        name: "Second",
        before: ["pm.environment.set('x', pm.iterationData.get('n'))"],
        path: "/?x={{x}}",
        test: TELLS_PLACE,
      },
    ],
    data: `n\n${Array.from({ length: 7 }, (_, row) => `r${String(row)}`).join("\n")}\n`,
  },
  apart: {
    items: () => [
      { name: "A", item: [{ name: "Set", test: ["pm.environment.set('a', 1);", ...TELLS_PLACE] }] },
      { name: "B", item: [{ name: "Alone", test: TELLS_PLACE }, { name: "Mute" }] },
      { name: "C", item: [{ name: "Use", path: "/?a={{a}}", test: TELLS_PLACE }] },
      {
        name: "D",
        before: ["pm.globals.set('n', 1 + pm.globals.get('n'))"],
        test: TELLS_PLACE,
      },
    ],
    options: "iterations: 2, ",
  },
  red: {
    items: () => [
      { name: "A", item: [{ name: "Mute" }] },
      { name: "B", item: [{ name: "Red", path: "/status/500", test: PASSES }] },
      { name: "C", item: [{ name: "Green", test: PASSES }] },
    ],
  },
  green: {
    items: () => [
      { name: "A", item: [{ name: "Mute" }] },
      { name: "B", item: [{ name: "Green", test: PASSES }] },
    ],
  },
  mute: {
    items: () => [
      { name: "A", item: [{ name: "Mute" }] },
      { name: "B", item: [{ name: "Mute too" }] },
    ],
  },
  planted: {
    items: () => [
      {
        name: "Login",
        item: [{ name: "Post", test: ["pm.environment.set('token', 't');", ...PASSES] }],
      },
      { name: "Orders", item: [{ name: "Get", path: "/?t={{token}}", test: PASSES }] },
    ],
    shards: "auto",
  },
};

let tasks: ReadonlyMap<string, TaskReport>;

before(async () => {
  project = createProject();
  target = await startTarget();
  const schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
  const lines = Object.entries(CASES).flatMap(
    ([name, { items, data, options = "", shards = "3" }]) => {
      const item = items().map(toItem);
      project.write(`collections/all/${name}.json`, { info: { name, schema }, item });
      if (data !== undefined) project.write(`collections/all/${name}.csv`, data);
      const common = `collection: ${name}.json, ${data === undefined ? "" : `data: ${name}.csv, `}${options}`;
      return [`  ${name}: { ${common} }`, `  ${name}-parts: { ${common} shards: ${shards} }`];
    },
  );
  const last = "  after: { collection: green.json, needs: [green-parts] }";
  project.write("collections/all/plan.yaml", ["name: all", "tasks:", ...lines, last].join("\n"));
  const { stderr } = await project.run([
    "run",
    "all",
    "--lanes",
    "2",
    "--report",
    "json=report.json",
  ]);
  const report = JSON.parse(readFileSync(join(project.directory, "report.json"), "utf8")) as {
    readonly tasks: readonly TaskReport[];
  };
  assert.equal(report.tasks.length, 2 * Object.keys(CASES).length + 1, stderr);
  tasks = new Map(report.tasks.map((task) => [task.id, task]));
});

function both(name: string): { readonly whole: TaskReport; readonly parts: TaskReport } {
  const [whole, parts] = [tasks.get(name), tasks.get(`${name}-parts`)];
  assert.ok(whole !== undefined && parts !== undefined, name);
  return { whole, parts };
}

/** Everything of the requests that must not depend on how they were run. */
function told({ requests }: TaskReport): readonly object[] {
  return requests.map(({ index, iteration, name, folders, status, assertions }) => ({
    index,
    iteration,
    name,
    folders,
    status,
    assertions: assertions.map(({ name: assertion, outcome }) => `${assertion} ${outcome}`),
  }));
}

test("rows in shards tell, count and number everything as rows in one piece", () => {
  const { whole, parts } = both("rows");
  assert.equal(whole.status, "passed", whole.reason ?? "");
  assert.equal(parts.status, "passed", parts.reason ?? "");
  assert.deepEqual(parts.counts, whole.counts);
  assert.deepEqual(told(parts), told(whole));
  assert.equal(whole.counts["iterations"], 7);
  assert.equal(whole.split, null);
  assert.equal(parts.split?.by, "iterations");
  assert.deepEqual(
    parts.split.shards.map(({ id, part, counts }) => `${id}: ${part}, ${String(counts.requests)}`),
    [
      "rows-parts~1: iterations 1 to 3, 6",
      "rows-parts~2: iterations 4 to 6, 6",
      "rows-parts~3: iteration 7, 2",
    ],
  );
  const prefixes = new Set(parts.split.shards.map(({ prefix }) => prefix));
  assert.equal(prefixes.size, 3, "each shard has a namespace of its own");
});

test("folders are split where iterations depend on each other; they stand in the order of the collection, and iterations count once", () => {
  const { whole, parts } = both("apart");
  assert.equal(whole.status, "passed", whole.reason ?? "");
  assert.deepEqual(parts.counts, whole.counts);
  assert.deepEqual(told(parts), told(whole));
  assert.equal(whole.counts["iterations"], 2);
  assert.equal(parts.split?.by, "folders");
  assert.deepEqual(
    parts.split.shards.map(({ part }) => part),
    ["A, C", "B", "D"],
  );
});

test("a failure in one shard fails the task with the counts of a whole run", () => {
  const { whole, parts } = both("red");
  assert.deepEqual([whole.status, whole.cause], ["failed", "assertion"]);
  assert.deepEqual(
    [parts.status, parts.cause, parts.reason],
    [whole.status, whole.cause, whole.reason],
  );
  assert.deepEqual(parts.counts, whole.counts);
});

test("a shard without assertions is no fault where another one has some, and what needs the task starts", () => {
  const { whole, parts } = both("green");
  assert.equal(parts.status, "passed");
  assert.deepEqual(parts.counts, whole.counts);
  assert.deepEqual(
    parts.split?.shards.map(({ status }) => status),
    ["passed", "passed"],
  );
  assert.equal(tasks.get("after")?.status, "passed");
});

test("a task whose shards prove nothing at all proves nothing", () => {
  const { whole, parts } = both("mute");
  assert.deepEqual([parts.status, parts.cause], ["errored", "no_assertions"]);
  assert.deepEqual([whole.status, whole.cause], ["errored", "no_assertions"]);
});

test("a planted dependence is refused with both its places, and the task runs whole", () => {
  const { whole, parts } = both("planted");
  assert.equal(parts.status, "passed");
  assert.deepEqual(parts.counts, whole.counts);
  assert.deepEqual(parts.split, {
    by: "nothing",
    reasons: [
      "it has one iteration",
      '"Orders" reads "token" in "Orders / Get" (url), which "Login" sets in "Login / Post" (test script, line 1)',
    ],
    shards: [],
  });
});
