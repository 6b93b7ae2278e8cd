import assert from "node:assert/strict";
import test from "node:test";
import { formatProblem } from "../../src/core/errors.js";
import { readPlan } from "../../src/core/plan.js";

function problemsOf(document: unknown): string[] {
  const check = readPlan(document);
  return check.ok ? [] : check.problems.map(formatProblem);
}

const task = { collection: "a.json" };

test("a plan is read with its defaults", () => {
  const check = readPlan({
    name: "p",
    tasks: { a: task, gate: { checkpoint: true, needs: ["a"] } },
  });
  assert.ok(check.ok);
  const [a, gate] = check.plan.nodes;
  assert.equal(check.plan.title, "p");
  assert.deepEqual(check.plan.environment, []);
  assert.equal(a?.kind === "task" && a.collection, "a.json");
  assert.equal(a?.timeoutMs, 30 * 60_000);
  assert.deepEqual(gate, {
    kind: "checkpoint",
    id: "gate",
    title: "gate",
    needs: ["a"],
    timeoutMs: 30 * 60_000,
  });
});

test("an environment is a name, layers, or none", () => {
  const layers = (environment: unknown): unknown => {
    const check = readPlan({ name: "p", environment, tasks: { a: { ...task, environment } } });
    return check.ok
      ? [
          check.plan.environment,
          check.plan.nodes[0]?.kind === "task" && check.plan.nodes[0].environment,
        ]
      : check;
  };
  assert.deepEqual(layers("local"), [["local"], ["local"]]);
  assert.deepEqual(layers(["base", "eu"]), [
    ["base", "eu"],
    ["base", "eu"],
  ]);
  assert.deepEqual(layers(null), [[], []]);
  assert.deepEqual(layers(undefined), [[], null]);
});

test("where and when a task may run is read with its defaults", () => {
  const read = (more: object): unknown => {
    const check = readPlan({ name: "p", tasks: { a: { ...task, ...more } } });
    const node = check.ok ? check.plan.nodes[0] : undefined;
    assert.ok(node?.kind === "task", JSON.stringify(check));
    const { priority, lock, runsOn, shards } = node;
    return { priority, lock, runsOn, shards };
  };
  assert.deepEqual(read({}), { priority: 0, lock: [], runsOn: [], shards: undefined });
  assert.deepEqual(read({ priority: -5, lock: "db", runsOn: "eu", shards: "auto" }), {
    priority: -5,
    lock: ["db"],
    runsOn: ["eu"],
    shards: "auto",
  });
  assert.deepEqual(read({ runsOn: ["eu", "gpu"], shards: 4 }), {
    priority: 0,
    lock: [],
    runsOn: ["eu", "gpu"],
    shards: 4,
  });
  const wrong = { priority: 0.5, lock: "a b", runsOn: 7, shards: 0 };
  const places = problemsOf({ name: "p", tasks: { a: { ...task, ...wrong } } });
  for (const key of Object.keys(wrong))
    assert.ok(
      places.some((problem) => problem.startsWith(`tasks.a.${key}: `)),
      `${key} in ${places.join("; ")}`,
    );
});

const CASES: readonly {
  readonly title: string;
  readonly document: unknown;
  readonly problems: readonly RegExp[];
}[] = [
  {
    title: "an unknown need names what there is",
    document: {
      name: "p",
      tasks: { "task-1": task, "task-4": { ...task, needs: ["task-1", "tsk-1"] } },
    },
    problems: [
      /^tasks\.task-4\.needs: no task is called "tsk-1"; the plan has task-1, task-4 \(did you mean "task-1"\?\)$/,
    ],
  },
  {
    title: "a cycle is named as a path",
    document: { name: "p", tasks: { a: { ...task, needs: ["b"] }, b: { ...task, needs: ["a"] } } },
    problems: [/^tasks\.a\.needs: the needs form a cycle: a -> b -> a/],
  },
  {
    title: "a task that needs itself is a cycle",
    document: { name: "p", tasks: { a: { ...task, needs: ["a"] } } },
    problems: [/cycle: a -> a/],
  },
  {
    title: "a misspelt key is refused and guessed",
    document: { name: "p", tasks: { a: { ...task, neds: [] } } },
    problems: [/^tasks\.a\.neds: unknown key "neds"; known here: .*\(did you mean "needs"\?\)$/],
  },
  {
    title: "a missing collection and a bad duration are told together with a bad top level",
    document: { nme: "p", tasks: { a: { timeout: "soon" } } },
    problems: [
      /^name: this key is required/,
      /^nme: unknown key "nme"/,
      /^tasks\.a\.timeout: "soon" is not a duration/,
      /^tasks\.a\.collection: this key is required/,
    ],
  },
  {
    title: "ids that are not safe in file names are refused",
    document: { name: "p", tasks: { "../x": task } },
    problems: [/^tasks\.\.\.\/x: "\.\.\/x" is not a valid id/],
  },
  {
    title: "a checkpoint that verifies nothing is refused",
    document: { name: "p", tasks: { a: task, c: { checkpoint: true, needs: [] } } },
    problems: [/^tasks\.c\.needs: a checkpoint needs at least one task/],
  },
  {
    title: "a checkpoint allows only its own needs to fail, and requires something",
    document: {
      name: "p",
      tasks: {
        a: task,
        b: task,
        c: { checkpoint: true, needs: ["a"], require: { mayFail: ["b"] } },
        d: { checkpoint: true, needs: ["a"], require: {} },
        e: { checkpoint: true, needs: ["a"], require: { passRate: 1.5 } },
      },
    },
    problems: [
      /^tasks\.c\.require\.mayFail: "b" is not among the needs of c: a/,
      /^tasks\.d\.require: say mayFail/,
      /^tasks\.e\.require\.passRate: /,
    ],
  },
  {
    title: "a value of the wrong kind is told in the words of the plan, with what stands there",
    document: {
      name: 5,
      tasks: {
        a: { ...task, needs: "b", iterations: 2.5, retries: "many", lock: 7, bail: "maybe" },
        b: { ...task, retries: -2, folder: { a: 1 } },
        c: { ...task, retries: { max: 1, onn: [] } },
        d: { checkpoint: "yes", needs: ["a"] },
        e: null,
      },
    },
    problems: [
      /^name: must be a text, and is 5$/,
      /^tasks\.a\.needs: must be a list, and is a text$/,
      /^tasks\.a\.iterations: must be a whole number, and is 2\.5$/,
      /^tasks\.a\.retries: must be a number or an object, and is a text$/,
      /^tasks\.a\.lock: must be a text or a list, and is 7$/,
      /^tasks\.a\.bail: must be true or false or "failure" or "folder" or a list, and is a text$/,
      /^tasks\.b\.retries: must be at least 0$/,
      /^tasks\.b\.folder: must be a text or a list, and is an object$/,
      /^tasks\.c\.retries\.onn: unknown key "onn"; known here: max, on, backoff \(did you mean "on"\?\)$/,
      /^tasks\.d\.checkpoint: must be true$/,
      /^tasks\.e: must be an object, and is empty$/,
    ],
  },
  { title: "a document that is none", document: "hello", problems: [/^must be an object/] },
  {
    title: "a plan without tasks",
    document: { name: "p", tasks: {} },
    problems: [/^tasks: a plan needs at least one task/],
  },
];

for (const { title, document, problems } of CASES) {
  test(`plan: ${title}`, () => {
    const found = problemsOf(document);
    assert.ok(found.length > 0);
    for (const expected of problems) {
      assert.ok(
        found.some((problem) => expected.test(problem)),
        `${String(expected)} not in\n${found.join("\n")}`,
      );
    }
  });
}

test("a chain of 20,000 tasks is no problem, nor is a cycle at its end", () => {
  const tasks = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [
      `t${String(index)}`,
      { ...task, needs: index === 0 ? [] : [`t${String(index - 1)}`] },
    ]),
  );
  assert.equal(readPlan({ name: "p", tasks }).ok, true);
  assert.equal(
    readPlan({ name: "p", tasks: { ...tasks, t0: { ...task, needs: ["t19999"] } } }).ok,
    false,
  );
});
