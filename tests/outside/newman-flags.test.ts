import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { runNewmanCommand } from "../support/newman-command.js";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";

let project: Project;
let target: Server;
let base: string;
/** What arrived: path and cookies. */
const asked: { readonly path: string; readonly cookie: string | undefined }[] = [];

before(async () => {
  project = createProject();
  target = createServer((request, response) => {
    asked.push({ path: request.url ?? "", cookie: request.headers.cookie });
    const headers = request.url === "/login" ? { "set-cookie": "session=abc123; Path=/" } : {};
    response.writeHead(200, headers).end("{}");
  });
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  base = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}`;
});
after(async () => {
  await project.remove();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

type Document = Readonly<Record<string, unknown>> & {
  readonly name?: string;
  readonly values?: readonly Readonly<Record<string, unknown>>[];
};

function read(file: string): Document {
  return JSON.parse(readFileSync(join(project.directory, file), "utf8")) as Document;
}

/** Without what differs from run to run, and from one program to the other. */
function comparable(document: Document): unknown {
  const { id: _id, _postman_exported_at, _postman_exported_using, ...rest } = document;
  assert.match(String(_postman_exported_at), /^\d{4}-\d\d-\d\dT/);
  assert.match(String(_postman_exported_using), /^(?:Turnpike|Newman)\/\d/);
  const values = rest.values?.map(({ type: _type, ...row }) => row);
  return { ...rest, ...(values !== undefined && { values }) };
}

const EXPORTS = ["environment", "globals", "collection", "cookie-jar"];

test("the exported environment, globals, collection and cookies are those of Newman's own command line", async () => {
  project.write("scopes.json", {
    ...collectionOf("scopes", [
      {
        url: "{{target}}/login",
        test: [
          ...STATUS_200,
          "pm.environment.set('order', 42);",
          "pm.environment.unset('gone');",
          "pm.environment.set('token', 'renewed');",
          "pm.globals.set('everywhere', { deep: true });",
          "pm.collectionVariables.set('page', '2');",
        ],
      },
    ]),
    variable: [{ key: "page", value: "1" }],
  });
  project.write("env.json", {
    name: "staging",
    values: [
      { key: "target", value: base },
      { key: "gone", value: "soon" },
      { key: "token", value: "s3cr3t-old", type: "secret" },
    ],
  });
  project.write("globals.json", {
    values: [
      { key: "over", value: "old" },
      { key: "kept", value: "yes", type: "secret" },
    ],
  });
  const args = (folder: string): string[] => [
    "scopes.json",
    "-e",
    "env.json",
    "-g",
    "globals.json",
    "--env-var",
    "given=here",
    "--global-var",
    "over=new",
    ...EXPORTS.flatMap((name) => [`--export-${name}`, `${folder}/${name}.json`]),
  ];
  const { code, stdout, stderr } = await project.run(["run", ...args("ours")]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /environment ours\/environment\.json/);
  const { directory } = project;
  assert.equal((await runNewmanCommand(args("theirs"), { directory })).code, 0);
  for (const name of ["environment", "globals"]) {
    const ours = comparable(read(`ours/${name}.json`));
    assert.deepEqual(ours, comparable(read(`theirs/${name}.json`)), name);
  }
  const [ours, theirs] = [read("ours/collection.json"), read("theirs/collection.json")];
  assert.equal(ours["_postman_variable_scope"], "collection");
  assert.deepEqual(ours["variable"], theirs["variable"]);
  assert.match(JSON.stringify(ours["variable"]), /"page"/);
  const cookies = (file: string): unknown =>
    (read(file)["cookies"] as readonly { key: string; value: string; domain: string }[]).map(
      ({ key, value, domain }) => ({ key, value, domain }),
    );
  assert.deepEqual(cookies("ours/cookie-jar.json"), [
    { key: "session", value: "abc123", domain: "127.0.0.1" },
  ]);
  assert.deepEqual(cookies("ours/cookie-jar.json"), cookies("theirs/cookie-jar.json"));
  const marked = read("ours/environment.json").values?.find(({ key }) => key === "token");
  assert.deepEqual([marked?.["value"], marked?.["type"]], ["renewed", "secret"]);
  for (const name of EXPORTS)
    assert.equal(statSync(join(project.directory, `ours/${name}.json`)).mode & 0o077, 0, name);
});

test("a variable whose row states a type has it in scripts, as with Newman's own command line", async () => {
  const names = ["port", "isFast", "list", "word", "limit"];
  project.write("typed.json", {
    ...collectionOf("typed", [
      {
        url: `${base}/{{port}}`,
        test: [
          ...STATUS_200,
          `const seen = ${JSON.stringify(names)}.map((name) => [name, pm.variables.get(name)]);`,
          "pm.environment.set('seen', JSON.stringify(seen));",
          "pm.environment.set('word', null);",
        ],
      },
    ]),
  });
  project.write("typed-env.json", {
    name: "typed",
    values: [
      { key: "port", value: "8080", type: "number" },
      { key: "isFast", value: "yes", type: "boolean" },
      { key: "list", value: "[1, 2]", type: "array" },
      { key: "word", value: 5, type: "string" },
    ],
  });
  project.write("typed-globals.json", { values: [{ key: "limit", value: "7", type: "number" }] });
  const scopes = ["-e", "typed-env.json", "-g", "typed-globals.json", "--env-var", "port=9090"];
  const args = (file: string): string[] => ["typed.json", ...scopes, "--export-environment", file];
  const { code, stdout, stderr } = await project.run(["run", ...args("typed-ours.json")]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /environment typed\b/);
  const { directory } = project;
  assert.equal((await runNewmanCommand(args("typed-theirs.json"), { directory })).code, 0);
  const ours = comparable(read("typed-ours.json"));
  assert.deepEqual(ours, comparable(read("typed-theirs.json")));
  assert.equal(
    read("typed-ours.json").values?.find(({ key }) => key === "seen")?.["value"],
    '[["port",9090],["isFast",true],["list",[1,2]],["word","5"],["limit",7]]',
  );
});

test("what was exported is left nowhere else", () => {
  const kept: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) kept.push(path);
    }
  };
  const blobs = join(project.directory, ".turnpike", "blobs");
  visit(blobs);
  assert.ok(kept.length > 0, "the run has stored its collection");
  for (const path of kept) assert.doesNotMatch(readFileSync(path, "latin1"), /renewed.*abc123/s);
});

test("a run begins with the cookies of an exported jar", async () => {
  project.write(
    "account.json",
    collectionOf("account", [{ url: `${base}/account`, test: STATUS_200 }]),
  );
  asked.length = 0;
  const jar = ["--cookie-jar", "ours/cookie-jar.json", "--export-cookie-jar", "again.json"];
  const { code, stderr } = await project.run(["run", "account.json", ...jar]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(asked, [{ path: "/account", cookie: "session=abc123" }]);
  assert.match(JSON.stringify(read("again.json")), /abc123/);
});

test("a name behind a file is refused as a layer, because the file would win over it", async () => {
  project.write("collections/none/one.json", collectionOf("one", [{ url: base, test: [] }]));
  project.write("file.json", { name: "file", values: [{ key: "who", value: "file" }] });
  project.write("environments/named.postman_environment.json", { name: "named", values: [] });
  const run = (...layers: string[]): ReturnType<Project["run"]> =>
    project.run(["run", "collections/none/one.json", ...layers]);
  const refused = await run("-e", "file.json", "-e", "named");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /-e named is a name and stands behind a file.*give the names first/);
  assert.equal((await run("-e", "named", "-e", "file.json")).code, 5);
});

test("a jar that is none, a jar that is not there, and exports of a plan are refused before anything is sent", async () => {
  project.write("no-jar.json", []);
  project.write("collections/two/one.json", collectionOf("one", [{ url: base, test: STATUS_200 }]));
  project.write(
    "collections/two/plan.yaml",
    "name: two\ntasks:\n  one: { collection: one.json }\n",
  );
  asked.length = 0;
  const noJar = await project.run(["run", "account.json", "--cookie-jar", "no-jar.json"]);
  assert.equal(noJar.code, 2);
  assert.match(noJar.stderr, /no-jar\.json cannot be used: it is not JSON with a list "cookies"/);
  const missing = await project.run(["run", "account.json", "--cookie-jar", "missing.json"]);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /missing\.json cannot be used: the file cannot be read/);
  const plan = await project.run(["run", "two", "--export-environment", "env-out.json"]);
  assert.equal(plan.code, 2);
  assert.match(plan.stderr, /--export-environment can be set for a single collection only/);
  assert.deepEqual(asked, []);
});

test("a run that fails is exported as well, and one that is ended says that there is nothing to write", async () => {
  const red = [
    "pm.environment.set('seen', 'red');",
    "pm.test('red', () => pm.expect(1).to.equal(2));",
  ];
  project.write("red.json", collectionOf("red", [{ url: base, test: red }]));
  const out = ["--export-environment", "red-env.json"];
  assert.equal((await project.run(["run", "red.json", ...out])).code, 1);
  assert.match(JSON.stringify(read("red-env.json").values), /"seen"/);
  const late = await project.run([
    "run",
    "red.json",
    "--timeout",
    "1",
    ...out.slice(0, 1),
    "late.json",
  ]);
  assert.equal(late.code, 4);
  assert.match(late.stderr, /late\.json is not written/);
});
