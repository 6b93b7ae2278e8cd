import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";
import { startTarget, type Target } from "../support/target.js";

let project: Project;
let target: Target;

before(async () => {
  project = createProject();
  target = await startTarget();
  for (const region of ["eu", "us"]) {
    project.write(`environments/${region}.postman_environment.json`, {
      name: region,
      values: [
        { key: "target", value: target.url },
        { key: "region", value: region },
        { key: "token", value: "", type: "secret" },
      ],
    });
  }
});
after(async () => {
  await project.remove();
  await target.close();
});

interface Report {
  readonly verdict: string;
  readonly tasks: readonly {
    readonly id: string;
    readonly status: string;
    readonly cause: string | null;
    readonly reason: string | null;
    readonly earlier: readonly { readonly reason: string; readonly requests: readonly unknown[] }[];
  }[];
}

function reportIn(file: string): Report {
  return JSON.parse(readFileSync(join(project.directory, file), "utf8")) as Report;
}

test("what a task hands on reaches every combination of a matrix, and a secret among it is stored nowhere", async () => {
  const plan = {
    name: "shop",
    environment: "eu",
    tasks: {
      login: { collection: "login.json", outputs: ["token", "userId"], exclude: ["login 2"] },
      ready: { checkpoint: true, needs: ["login"] },
      read: {
        collection: "read.json",
        needs: ["ready"],
        matrix: { environment: ["eu", "us"], variables: { role: ["admin", "guest"] } },
      },
      done: { checkpoint: true, needs: ["read"] },
    },
  };
  project.write("collections/shop/plan.yaml", plan);
  project.write(
    "collections/shop/login.json",
    collectionOf("login", [
      {
        url: "{{target}}/login",
        test: [
          ...STATUS_200,
          "pm.environment.set('token', ['tok', 'very', 'private'].join('-'));",
          "pm.globals.set('userId', 7);",
        ],
      },
      { url: "{{target}}/excluded", test: STATUS_200 },
    ]),
  );
  project.write(
    "collections/shop/read.json",
    collectionOf("read", [
      { url: "{{target}}/{{region}}/{{role}}/{{userId}}/{{token}}", test: STATUS_200 },
    ]),
  );
  const { code, stdout, stderr } = await project.run(["run", "shop", "--report", "json=r.json"]);
  assert.equal(code, 0, stdout + stderr);
  const paths = target.requests.map(({ path }) => path).toSorted();
  assert.deepEqual(paths, [
    "/eu/admin/7/tok-very-private",
    "/eu/guest/7/tok-very-private",
    "/login",
    "/us/admin/7/tok-very-private",
    "/us/guest/7/tok-very-private",
  ]);
  assert.deepEqual(
    reportIn("r.json").tasks.map(({ id }) => id),
    ["login", "ready", "read.eu.admin", "read.eu.guest", "read.us.admin", "read.us.guest", "done"],
  );
  const written = readdirSync(project.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  assert.ok(written.length > 20, `only ${String(written.length)} files were looked at`);
  const leaking = written.filter((file) => readFileSync(file).includes("tok-very-private"));
  assert.deepEqual(leaking, []);
  assert.doesNotMatch(stdout + stderr, /tok-very-private/);
});

test("a plan is explained from its files alone, and by a service from its history", async () => {
  const guessed = await project.run(["plan", "explain", "shop"]);
  assert.equal(guessed.code, 0, guessed.stderr);
  assert.match(guessed.stdout, /read\.us\.guest +\S+ m?s +a guess from its number of requests/);
  const graph = await project.run(["plan", "graph", "shop"]);
  assert.match(graph.stdout, /^flowchart LR\n/);
  assert.match(graph.stdout, /"read\.eu\.admin<br\/>/);

  const service = project.start(["serve", "--port", "0", "--lanes", "1"]);
  const [, url = ""] = await service.says(/serves at (http:\S+)/);
  const known = await project.run(["plan", "explain", "shop", "--server", url]);
  assert.equal(known.code, 0, known.stderr);
  assert.match(known.stdout, /read\.us\.guest +.*as in the last run/);
  assert.match(known.stdout, /critical path login -> ready -> read\./);
  const shown = (await (await fetch(`${url}/v1/plans/shop`)).json()) as {
    readonly nodes: readonly { readonly id: string; readonly [key: string]: unknown }[];
  };
  const login = shown.nodes.find(({ id }) => id === "login");
  assert.deepEqual(
    [login?.["outputs"], login?.["exclude"], login?.["lock"], login?.["always"]],
    [["token", "userId"], ["login 2"], [], false],
  );
  const picture = await fetch(`${url}/v1/plans/shop/graph.svg`);
  assert.match(picture.headers.get("content-type") ?? "", /^image\/svg\+xml/);
  assert.match(await picture.text(), /^<svg /);
  const unknown = await fetch(`${url}/v1/plans/none/explain`);
  assert.equal(unknown.status, 404);
  service.child.kill("SIGTERM");
  await service.ended;
});

test("an output that no script set, and a connection refused on every attempt, are told in the report", async () => {
  project.write("collections/broken/plan.yaml", {
    name: "broken",
    environment: "eu",
    tasks: {
      forgetful: { collection: "green.json", outputs: ["orderId"] },
      refused: { collection: "refused.json", retries: { max: 1, backoff: "50ms" } },
    },
  });
  project.write(
    "collections/broken/green.json",
    collectionOf("green", [{ url: "{{target}}/ok", test: STATUS_200 }]),
  );
  project.write(
    "collections/broken/refused.json",
    collectionOf("refused", [{ url: "http://127.0.0.1:1/{{prefix}}", test: STATUS_200 }]),
  );
  const { code, stdout } = await project.run(["run", "broken", "--report", "json=b.json"]);
  assert.equal(code, 1, stdout);
  const [forgetful, refused] = reportIn("b.json").tasks;
  assert.equal(forgetful?.status, "errored");
  assert.equal(forgetful.cause, "output");
  assert.match(forgetful.reason ?? "", /not set at its end: orderId; .*pm\.environment\.set/);
  assert.equal(refused?.status, "failed");
  assert.match(refused.reason ?? "", /; attempt 1 failed: .*ECONNREFUSED/);
  assert.equal(refused.earlier.length, 1);
  assert.equal(refused.earlier[0]?.requests.length, 1);
});

test("a plan includes another one of its folder, and a missing one is named", async () => {
  project.write("collections/outer/plan.yaml", {
    name: "outer",
    environment: "eu",
    tasks: {
      inner: { plan: "inner.yaml", variables: { who: "outer" } },
      last: { collection: "green.json", needs: ["inner"], variables: { who: "last" } },
    },
  });
  project.write("collections/outer/inner.yaml", {
    name: "inner",
    tasks: { first: { collection: "green.json", variables: { who: "inner" } } },
  });
  project.write(
    "collections/outer/green.json",
    collectionOf("green", [{ url: "{{target}}/who/{{who}}{{task_id}}", test: STATUS_200 }]),
  );
  project.write("collections/outer/missing.yaml", {
    name: "missing",
    tasks: { a: { plan: "nowhere.yaml" } },
  });
  const { code, stdout } = await project.run(["run", "outer"]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /inner\.first +✓ passed/);
  assert.match(stdout, /last +✓ passed/);
  assert.ok(target.requests.some(({ path }) => path === "/who/outerinner.first"));
  const missing = await project.run(["plan", "validate", "collections/outer/missing.yaml"]);
  assert.equal(missing.code, 2);
  assert.match(missing.stdout, /nowhere\.yaml: there is no file "nowhere\.yaml" to include/);
});

test("two documents in a plan, and a plan in another encoding, are refused with the place", async () => {
  project.write("collections/two/plan.yaml", "name: two\ntasks: {}\n---\nname: three\n");
  const two = await project.run(["plan", "validate", "two"]);
  assert.equal(two.code, 2);
  assert.match(two.stdout, /plan\.yaml:3:1: a second document begins here; a file holds one/);
  writeFileSync(
    join(project.directory, "collections/two/plan.yaml"),
    Buffer.from("name: zw\u00f6lf\ntasks: {}\n", "latin1"),
  );
  const encoded = await project.run(["plan", "validate", "two"]);
  assert.equal(encoded.code, 2);
  assert.match(encoded.stdout, /plan\.yaml: is not UTF-8 text \(save it encoded as UTF-8\)/);
});

test("what a plan leaves out or multiplies is checked before anything runs", async () => {
  project.write("collections/typo/plan.yaml", {
    name: "typo",
    tasks: {
      a: {
        collection: "a.json",
        folder: ["Smoke", "Smkoe"],
        exclude: ["Smok"],
        matrix: { environment: ["eu", "nowhere"], data: ["missing.csv"] },
      },
    },
  });
  project.write("collections/typo/a.json", {
    ...collectionOf("a", []),
    item: [{ name: "Smoke", item: [] }],
  });
  const { code, stdout } = await project.run(["plan", "validate", "typo"]);
  assert.equal(code, 2, stdout);
  assert.match(stdout, /tasks\.a\.exclude: a\.json has no folder or request "Smok".*"Smoke"/);
  assert.match(stdout, /tasks\.a\.folder: a\.json has no folder or request "Smkoe".*"Smoke"/);
  const { code: refused, stderr } = await project.run([
    "run",
    "collections/typo/a.json",
    "--folder",
    "smoke",
  ]);
  assert.equal(refused, 2, stderr);
  assert.match(stderr, /--folder: \S+a\.json has no folder or request "smoke".*"Smoke"/);
  assert.match(stdout, /tasks\.a\.matrix\.data: there is no file "missing\.csv"/);
  assert.match(stdout, /tasks\.a\.matrix\.environment: no environment is called "nowhere"/);
});
