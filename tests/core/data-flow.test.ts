/** Dependences between iterations and folders, required variables, and every collection of the corpus without a throw. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { folderParts, iterationDependences } from "../../src/collections/collection-parts.js";
import { readDataFlow } from "../../src/collections/data-flow.js";
import { ownVariables } from "../../src/collections/own-variables.js";
import { readCollection } from "../../src/collections/read-collection.js";
import { collectionVariables } from "../../src/collections/required-variables.js";
import type { JsonObject } from "../../src/core/json-object.js";
import { corpusDirectory, repository } from "../support/corpus.js";

interface Sketch {
  readonly url?: string;
  readonly before?: string;
  readonly after?: string;
  readonly more?: object;
}

function request(
  name: string,
  { url = "http://x/", before, after, more }: Sketch = {},
): JsonObject {
  const event = (listen: string, exec: string | undefined): object[] =>
    exec === undefined ? [] : [{ listen, script: { exec: exec.split("\n") } }];
  return {
    name,
    request: { method: "GET", url, ...more },
    event: [...event("prerequest", before), ...event("test", after)],
  };
}

function folder(name: string, ...item: readonly JsonObject[]): JsonObject {
  return { name, item };
}

function collection(...item: readonly JsonObject[]): JsonObject {
  return { info: { name: "sketch" }, item };
}

function groups(of: JsonObject, repeated = false): string {
  const flow = readDataFlow(of);
  return folderParts(flow, repeated)
    .groups.map((group) => group.map((unit) => flow.units[unit]?.name).join("+"))
    .join(" ");
}

function reasons(of: JsonObject): readonly string[] {
  return folderParts(readDataFlow(of), false).dependences.map(({ reason }) => reason);
}

const login = folder(
  "A",
  request("Login", { after: "const t = 1;\n\npm.environment.set('token', t);" }),
);
const usesToken = folder("B", request("Orders", { url: "http://x/{{token}}" }));
const alone = folder("C", request("Health"));

test("a folder that reads what another one sets stays with it, with both places in the reason", () => {
  assert.equal(groups(collection(login, usesToken, alone)), "A+B C");
  assert.deepEqual(reasons(collection(login, usesToken, alone)), [
    '"B" reads "token" in "B / Orders" (url), which "A" sets in "A / Login" (test script, line 3)',
  ]);
});

test("a folder that sets a variable itself before it reads it is independent of others that do", () => {
  const own = folder(
    "B",
    request("Own", { before: "pm.environment.set('token', 1)", url: "http://x/{{token}}" }),
  );
  assert.equal(groups(collection(login, own)), "A B");
  const perhaps = folder(
    "B",
    request("Own", { before: "if (x) pm.environment.set('token', 1)", url: "http://x/{{token}}" }),
  );
  assert.equal(groups(collection(login, perhaps)), "A+B");
});

test("every place of a request in which a variable can stand is read", () => {
  const places: readonly object[] = [
    { url: { raw: "http://x/{{token}}", host: ["{{token}}"], path: [] } },
    { url: { host: ["x"], query: [{ key: "q", value: "{{token}}" }] } },
    { url: { host: ["x"], variable: [{ key: "id", value: "{{token}}" }] } },
    { header: [{ key: "X-{{token}}", value: "" }] },
    { body: { mode: "raw", raw: '{"a": "{{token}}"}' } },
    { body: { mode: "urlencoded", urlencoded: [{ key: "a", value: "{{token}}" }] } },
    { body: { mode: "formdata", formdata: [{ key: "f", type: "file", src: "/{{token}}" }] } },
    { body: { mode: "graphql", graphql: { query: "{ a }", variables: '{"a": "{{token}}"}' } } },
    { auth: { type: "bearer", bearer: [{ key: "token", value: "{{token}}" }] } },
  ];
  for (const more of places)
    assert.equal(
      groups(collection(login, folder("B", request("R", { more })))),
      "A+B",
      JSON.stringify(more),
    );
  const unused: readonly object[] = [
    { header: [{ key: "X", value: "{{token}}", disabled: true }] },
    { body: { mode: "raw", raw: "{}", urlencoded: [{ key: "a", value: "{{token}}" }] } },
    { body: { mode: "raw", raw: "{{token}}", disabled: true } },
    { description: "{{token}}" },
  ];
  for (const more of unused)
    assert.equal(
      groups(collection(login, folder("B", request("R", { more })))),
      "A B",
      JSON.stringify(more),
    );
});

test("authorization of the collection and variables behind variables are read as well", () => {
  const auth = { type: "bearer", bearer: [{ key: "token", value: "{{token}}" }] };
  assert.equal(groups({ ...collection(login, alone), auth }), "A+C");
  const basic = { type: "basic", basic: [{ key: "username", value: "{{user}}" }] };
  assert.equal(groups({ ...collection(login, alone), auth: { ...auth, ...basic } }), "A C");
  const variable = [{ key: "header", value: "Bearer {{token}}" }];
  const behind = folder("B", request("R", { url: "http://x/{{header}}" }));
  assert.equal(groups({ ...collection(login, behind), variable }), "A+B");
});

test("a chain of dependences keeps all its folders together, in their order", () => {
  const next = folder("D", request("Next", { url: "http://x/{{order}}" }));
  const middle = folder(
    "B",
    request("Middle", { url: "http://x/{{token}}", after: "pm.globals.set('order', 1)" }),
  );
  assert.equal(groups(collection(login, alone, middle, next)), "A+B+D C");
});

test("jumps keep folders together only where they leave one, or end the iteration before another", () => {
  const jump = (to: string): JsonObject =>
    folder("A", request("One", { after: `postman.setNextRequest(${to})` }), request("Two"));
  const last = folder("Z", request("Last"));
  assert.equal(groups(collection(jump("'Two'"), last)), "A Z");
  assert.equal(groups(collection(jump("'Last'"), last)), "A+Z");
  assert.equal(groups(collection(jump("null"), last)), "A+Z");
  assert.equal(groups(collection(jump("where"), last)), "A+Z");
  assert.equal(groups(collection(last, jump("null"))), "Z A");
});

test("cookies and scripts that cannot be followed keep everything together", () => {
  const cookies = folder("B", request("R", { after: "pm.cookies.get('sid')" }));
  assert.equal(groups(collection(alone, cookies, login)), "C+B+A");
  const opaque = folder("B", request("R", { after: "eval(x)" }));
  assert.equal(groups(collection(alone, opaque, login)), "C+B+A");
  const saved = {
    ...request("R"),
    response: [{ header: [{ key: "Set-Cookie", value: "sid=1" }] }],
  };
  assert.equal(groups(collection(alone, folder("B", saved))), "C+B");
});

test("names that scripts share without a declaration are dependences, too", () => {
  const shares = folder("A", request("R", { after: "helpers = { sum: (a, b) => a + b };" }));
  const uses = folder("B", request("R", { after: "pm.expect(helpers.sum(1, 2)).to.eql(3);" }));
  assert.equal(groups(collection(shares, uses, alone)), "A+B C");
});

test("over several iterations a folder also follows those behind it", () => {
  assert.equal(groups(collection(usesToken, login)), "B A");
  assert.equal(groups(collection(usesToken, login), true), "B+A");
});

test("the only folder around all others is looked into", () => {
  assert.equal(groups(collection(folder("All", login, usesToken, alone))), "A+B C");
});

test("iterations are independent when each sets what it reads", () => {
  const sets = collection(
    request("R", {
      before: "pm.environment.set('n', pm.iterationData.get('n'))",
      url: "http://x/{{n}}/{{row}}",
    }),
  );
  assert.deepEqual(iterationDependences(readDataFlow(sets)), []);
  const counts = collection(
    request("R", { after: "pm.environment.set('n', 1 + pm.environment.get('n'))" }),
  );
  assert.deepEqual(iterationDependences(readDataFlow(counts)), [
    '"R" (test script, line 1) may read "n" of the iteration before; it is set by "R" (test script, line 1)',
  ]);
});

test("a value that every run starts with is not made by a script that asks first", () => {
  const asks = {
    ...collection(alone, usesToken),
    event: [
      {
        listen: "prerequest",
        script: { exec: "if (!pm.variables.get('prefix')) pm.environment.set('prefix', 'x')" },
      },
    ],
  };
  assert.equal(iterationDependences(readDataFlow(asks)).length, 1);
  assert.deepEqual(iterationDependences(readDataFlow(asks, { prefix: "given" })), []);
});

test("required are the variables read before anything sets them, with their places", () => {
  const { required, set } = collectionVariables({
    ...collection(
      request("Login", {
        url: "{{base_url}}/login/{{$guid}}",
        after: "pm.environment.set('token', 1)",
      }),
      request("Orders", {
        url: "{{base_url}}/{{token}}/{{version}}",
        before: "pm.globals.get('seed')",
      }),
    ),
    variable: [{ key: "version", value: "v1" }],
  });
  assert.deepEqual(required, [
    {
      name: "base_url",
      by: "request",
      places: [
        { item: ["Login"], part: "url", line: null },
        { item: ["Orders"], part: "url", line: null },
      ],
    },
    {
      name: "seed",
      by: "script",
      places: [{ item: ["Orders"], part: "pre-request script", line: 1 }],
    },
  ]);
  assert.deepEqual(
    set.map(({ name }) => name),
    ["token"],
  );
});

test("our own collections fall apart as their authors meant them", (context) => {
  const directory = join(repository, "collections/tasks-1-10");
  const found = readdirSync(directory).filter((file) => file.endsWith(".json"));
  assert.ok(found.length >= 8, "too few were seen");
  const parts = found.map((file) => {
    const read = readCollection(readFileSync(join(directory, file)));
    assert.ok(read.ok);
    const flow = readDataFlow(read.collection, { prefix: "given" });
    const { groups: apart } = folderParts(flow, false);
    return `${file.slice(0, 6)} ${String(apart.length)}/${String(flow.units.length)}`;
  });
  context.diagnostic(parts.join(", "));
  // "Misuse" counts what "Still well" compares with; generated data depend on nothing.
  assert.ok(parts.includes("task-4 5/6") && parts.includes("task-8 5/5"), parts.join(", "));
});

test("every collection of the corpus is analysed without a throw", (context) => {
  if (!existsSync(corpusDirectory)) {
    context.skip("the corpus is not beside the repository");
    return;
  }
  const all = readdirSync(corpusDirectory, { recursive: true, encoding: "utf8" });
  let seen = 0;
  let requests = 0;
  for (const file of all.filter((name) => name.endsWith(".json"))) {
    const read = readCollection(readFileSync(join(corpusDirectory, file)));
    if (!read.ok) continue;
    const flow = readDataFlow(read.collection);
    const { groups: apart } = folderParts(flow, true);
    iterationDependences(flow);
    collectionVariables(read.collection);
    assert.equal(apart.flat().length, flow.units.length, file);
    seen++;
    requests += flow.units.reduce((sum, unit) => sum + unit.requests.length, 0);
  }
  context.diagnostic(`${String(seen)} collections, ${String(requests)} requests`);
  assert.ok(seen > 50 && requests > 1_000, "too little was seen to judge anything");
});

test("a collection's own variables are those it declares with a value and those it sets before it reads them", () => {
  const own = (before: string, variable: readonly object[] = []): unknown =>
    ownVariables({ ...collection(request("R", { url: "{{seed}}", before })), variable }, [
      "seed",
      "attempt",
    ]);
  const declared = { declared: ["seed"], set: [] };
  const set = { declared: [], set: ["seed"] };
  const none = { declared: [], set: [] };
  assert.deepEqual(own("", [{ key: "seed", value: 7 }]), declared);
  assert.deepEqual(own("", [{ key: "seed", value: 7, disabled: true }]), none);
  assert.deepEqual(own("", [{ key: "seed", value: "" }]), none);
  assert.deepEqual(own("pm.collectionVariables.set('seed', 1)"), set);
  assert.deepEqual(own("postman.setGlobalVariable('seed', 1)"), set);
  assert.deepEqual(own("pm.globals.set('seed', pm.environment.get('seed') || 1)"), none);
  assert.deepEqual(own("pm.globals.set(name, 1)"), none);
  assert.deepEqual(own("console.log('seed')"), none);
});
