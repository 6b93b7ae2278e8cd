import assert from "node:assert/strict";
import test from "node:test";
import { targetHosts } from "../../src/collections/target-hosts.js";
import { describePermit, limitsSchema, pacedHosts, permitsOf } from "../../src/core/limits.js";
import { readPlan } from "../../src/core/plan.js";

function planOf(head: object, task: object) {
  const check = readPlan({ name: "p", ...head, tasks: { a: { collection: "a.json", ...task } } });
  assert.ok(check.ok, JSON.stringify(check));
  const [node] = check.plan.nodes;
  assert.ok(node?.kind === "task");
  return { plan: check.plan, node };
}

test("a task needs a permit for everything that limits it", () => {
  const { plan, node } = planOf(
    { parallel: 4, stagger: "500ms" },
    { lock: ["database", "mail", "database"] },
  );
  const limits = limitsSchema.parse({
    environments: { staging: 4, production: 1 },
    hosts: { "API.example.test": 2, "other.test": 9 },
  });
  const permits = permitsOf(
    { maxParallelTasks: 12, ...limits },
    {
      run: { id: "r1", plan },
      node,
      environment: ["base", "staging", "staging"],
      hosts: ["api.example.test", "api.example.test:443"],
    },
  );
  assert.deepEqual(permits, [
    { key: "service", limit: 12 },
    { key: "run:r1", limit: 4 },
    { key: "lock:database", limit: 1 },
    { key: "lock:mail", limit: 1 },
    { key: "environment:staging", limit: 4 },
    { key: "host:api.example.test", limit: 2 },
    { key: "stagger:r1", limit: 1, holdMs: 500 },
  ]);
  assert.deepEqual(
    permits.map(({ key }) => describePermit(key)),
    [
      "maxParallelTasks",
      "parallel of its run",
      "lock database",
      "lock mail",
      "limit of environment staging",
      "limit of host api.example.test",
      "stagger of its plan",
    ],
  );
});

test("a submission's `parallel` wins over the plan's, and a plain task needs no permit", () => {
  const limited = planOf({ parallel: 4 }, { lock: "one" });
  const nothing = { maxParallelTasks: null, ...limitsSchema.parse({}) };
  const run = { id: "r", plan: limited.plan, parallel: 9 };
  const at = { environment: ["staging"], hosts: ["h"] };
  assert.deepEqual(permitsOf(nothing, { run, node: limited.node, ...at }), [
    { key: "run:r", limit: 9 },
    { key: "lock:one", limit: 1 },
  ]);
  const plain = planOf({}, {});
  const permits = permitsOf(nothing, {
    run: { id: "r", plan: plain.plan },
    node: plain.node,
    ...at,
  });
  assert.deepEqual(permits, []);
});

test("limits are read from JSON as well, and what is wrong with them is refused", () => {
  const limits = limitsSchema.parse('{"hosts": {"h": {"parallel": 50}, "i": 2}}');
  assert.deepEqual(limits.hosts, { h: { parallel: 50 }, i: { parallel: 2 } });
  for (const wrong of [
    "{",
    "4",
    { environments: { staging: 0 } },
    { host: {} },
    { hosts: { h: "2" } },
  ])
    assert.equal(limitsSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
});

test("hosts are read from URLs of every form, with variables filled in", () => {
  const request = (url: unknown) => ({ name: "r", request: { method: "GET", url } });
  const collection = {
    variable: [
      { key: "base", value: "https://own.test" },
      { key: "path", value: "x" },
    ],
    item: [
      request("http://plain.test/a?b=c"),
      { name: "folder", item: [request({ raw: "{{base}}/{{path}}" }), request("{{unknown}}/x")] },
      request({ protocol: "http", host: ["parts", "test"], port: "8080", path: ["x"] }),
      { name: "short", request: "user:secret@Short.test:81/x" },
    ],
  };
  assert.deepEqual(
    targetHosts(
      collection,
      new Map([
        ["base", "{{scheme}}://env.test"],
        ["scheme", "https"],
      ]),
    ),
    ["plain.test", "env.test", "parts.test", "parts.test:8080", "short.test", "short.test:81"],
  );
  assert.ok(targetHosts(collection, new Map()).includes("own.test"));
  assert.deepEqual(targetHosts(null, new Map()), []);
});

test("hosts with a rate are paced, by small letters", () => {
  const hosts = {
    "API.example.test": { perSecond: 0.5 },
    "h:8443": { perSecond: 9, burst: 3 },
    h: 2,
  };
  const limits = limitsSchema.parse({ hosts });
  assert.deepEqual(pacedHosts({ maxParallelTasks: null, ...limits }), [
    "api.example.test",
    "h:8443",
  ]);
  assert.ok(!limitsSchema.safeParse({ hosts: { h: { perSecond: 0 } } }).success);
});
