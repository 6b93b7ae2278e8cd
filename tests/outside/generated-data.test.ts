/** `data: { generate: … }` in a plan: rows made when the run is accepted, sent by real Newman, and shown with their seed. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { RunReport } from "../../src/reports/report.js";
import { createProject, type Project } from "../support/project.js";
import { startTarget, type Target } from "../support/target.js";

let project: Project;
let target: Target;

before(async () => {
  project = createProject();
  target = await startTarget();
  project.write("environments/local.postman_environment.json", {
    name: "local",
    values: [{ key: "target", value: target.url }],
  });
});
after(async () => {
  await project.remove();
  await target.close();
});

/** Sends `body` to a path of the target, and checks in a script that the row is there. */
function posting(path: string, body: string): object {
  return {
    info: {
      name: path,
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    item: [
      {
        name: "post",
        request: { method: "POST", url: `{{target}}/${path}`, body: { mode: "raw", raw: body } },
        event: [
          {
            listen: "test",
            script: {
              exec: [
                "pm.test('has a row', () => pm.expect(Object.keys(pm.iterationData.toObject())).to.not.be.empty);",
              ],
            },
          },
        ],
      },
    ],
  };
}

function write(tasks: object): void {
  project.write("collections/shop/plan.yaml", { name: "shop", environment: "local", tasks });
}

async function run(...flags: string[]): Promise<RunReport> {
  const { code, stdout, stderr } = await project.run([
    "run",
    "shop",
    "--quiet",
    "--report",
    "json=r.json",
    ...flags,
  ]);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  return JSON.parse(readFileSync(join(project.directory, "r.json"), "utf8")) as RunReport;
}

const bodiesOf = (path: string): unknown[] =>
  target.requests
    .filter((request) => request.path === path)
    .map(({ body }) => JSON.parse(body) as unknown);

test("rows of fields and cases of a schema are sent, in shards and in every combination of a matrix", async () => {
  project.write(
    "collections/shop/people.json",
    posting("people", '{"name":"{{name}}","mail":"{{mail}}"}'),
  );
  project.write("collections/shop/refused.json", posting("refused", "{{body}}"));
  project.write(
    "collections/shop/order.schema.yaml",
    "type: object\nrequired: [sku]\nproperties: { sku: { type: string, minLength: 2 } }\n",
  );
  project.write("collections/shop/api.json", {
    openapi: "3.1.0",
    components: { schemas: { Pet: { type: "object", properties: { name: { type: "string" } } } } },
  });
  project.write(
    "collections/shop/pets.json",
    posting("pets", '{"pet":"{{name}}","role":"{{role}}"}'),
  );
  const fields = [
    { name: "name", type: "person.firstName", prefixed: true },
    { name: "mail", type: "internet.email", unique: true },
  ];
  write({
    people: {
      collection: "people.json",
      shards: 2,
      data: { generate: { fields, count: 6, seed: "shop" } },
    },
    refused: {
      collection: "refused.json",
      data: { generate: { schema: "order.schema.yaml", cases: "invalid" } },
    },
    pets: {
      collection: "pets.json",
      matrix: { variables: { role: ["a", "b"] } },
      data: { generate: { openapi: { file: "api.json", ref: "Pet" }, count: 2 } },
    },
  });
  const report = await run("--report", "md=r.md", "--report", "html=r.html");
  const dataOf = (id: string) => report.tasks.find((task) => task.id === id)?.generatedData;
  assert.deepEqual(dataOf("people"), { seed: "shop", rows: 6, cases: "valid" });
  // Without a seed the run's own is taken, which its scripts and requests know as {{seed}}.
  assert.equal(dataOf("pets.a")?.seed, report.runId);
  assert.equal(dataOf("refused")?.cases, "invalid");

  const people = bodiesOf("/people") as readonly { readonly name: string; readonly mail: string }[];
  assert.equal(new Set(people.map(({ mail }) => mail)).size, 6);
  // The prefix is that of the attempt that sent the row: here of a shard.
  for (const { name } of people) assert.match(name, /^Test_people~?[12]?_[a-z0-9]+_1_[A-Z]/);

  const refused = bodiesOf("/refused");
  assert.equal(refused.length, dataOf("refused")?.rows);
  assert.ok(
    refused.some((body) => JSON.stringify(body) === "{}"),
    JSON.stringify(refused),
  );

  const pets = bodiesOf("/pets") as readonly { readonly pet: string; readonly role: string }[];
  const ofRole = (wanted: string): string[] =>
    pets.filter(({ role }) => role === wanted).map(({ pet }) => pet);
  assert.equal(ofRole("a").length, 2);
  assert.deepEqual(ofRole("a"), ofRole("b"));
  for (const file of ["r.md", "r.html"])
    assert.match(
      readFileSync(join(project.directory, file), "utf8"),
      /6 rows, generated from seed shop/,
    );
});

test("what cannot be generated is refused before anything is queued, with task and place", async () => {
  project.write("collections/shop/people.json", posting("nothing", "{}"));
  project.write("collections/shop/bad.json", { type: "string", formt: "date" });
  const fields = [{ name: "flag", type: "boolean" }];
  const task = (generate: unknown): object => ({ collection: "people.json", data: { generate } });
  write({
    a: task({ fields: [{ name: "x", type: "person.fulName" }] }),
    b: task({ schema: "bad.json" }),
    c: task({ schema: "none.json" }),
    d: task({ fields, cuont: 3 }),
    e: { collection: "people.json", data: { generated: {} } },
    f: task({}),
  });
  const wrong = await project.run(["plan", "validate", "shop"]);
  assert.equal(wrong.code, 2);
  const text = `${wrong.stdout}\n${wrong.stderr}`;
  for (const expected of [
    /tasks\.a\.data\.generate\.fields\.0\.type: .*did you mean "person\.fullName"\?/,
    /tasks\.b\.data\.generate\.schema\.formt: .*did you mean "format"\?/,
    /tasks\.c\.data\.generate\.schema: there is no file "none\.json"/,
    /tasks\.d\.data\.generate\.cuont: unknown key .*did you mean "count"\?/,
    /tasks\.e\.data: write the path of a CSV or JSON file, or \{ generate: \{…\} \}/,
    /tasks\.f\.data\.generate\.fields: say what the rows are made from/,
  ])
    assert.match(text, expected);
  write({ a: task({ fields, unique: ["flag"], count: 3 }) });
  const impossible = await project.run(["run", "shop", "--quiet"]);
  assert.equal(impossible.code, 2);
  assert.match(
    impossible.stderr,
    /tasks\.a\.data\.generate\.fields\.0\.unique: .*too few for 3 unique/,
  );
  assert.deepEqual(bodiesOf("/nothing"), []);
});
