/** `turnpike env` as people type it, on the files of a project. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { collectionOf, createProject, type Project } from "../support/project.js";

let project: Project;
const file = (name: string): string =>
  readFileSync(join(project.directory, "environments", name), "utf8");
const env = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await project.run(["env", ...args]);
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  return stdout;
};
const refused = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await project.run(["env", ...args]);
  assert.equal(code, 2, args.join(" "));
  return stderr;
};

before(() => {
  project = createProject();
});
after(() => project.remove());

test("an environment is made, filled, copied, compared, and its values explained", async () => {
  await env("create", "staging");
  await env("set", "staging", "base_url", "http://127.0.0.1:1");
  await env("set", "staging", "api_key", "canary-secret-1", "--secret");
  await env("clone", "staging", "eu");
  await env("set", "eu", "base_url", "http://127.0.0.1:2");
  await env("set", "eu", "api_key", "canary-secret-2");
  assert.equal(await env("show", "eu"), "base_url=http://127.0.0.1:2\napi_key=********\n");
  const { code, stdout } = await project.run(["env", "diff", "staging", "eu"]);
  assert.equal(code, 1);
  assert.equal(
    stdout,
    "api_key: the secrets differ\nbase_url: http://127.0.0.1:1 in staging, http://127.0.0.1:2 in eu\n",
  );
  assert.equal(
    await env("explain", "staging", "eu", "--var", "base_url"),
    "base_url = http://127.0.0.1:2  from eu\n  wins      eu values.0: http://127.0.0.1:2\n  hidden    staging values.0: http://127.0.0.1:1, because eu is laid over it\n",
  );
  const secret = await env("explain", "staging", "eu", "--var", "api_key", "--json");
  assert.ok(!secret.includes("canary"), secret);
  await env("disable", "eu", "base_url");
  assert.match(file("eu.postman_environment.json"), /"enabled": false/);
  await env("enable", "eu", "base_url");
  await env("unset", "eu", "base_url");
  await env("merge", "eu", "staging");
  assert.match(await env("show", "eu"), /base_url=http:\/\/127\.0\.0\.1:1/);
  await env("delete", "eu");
  assert.equal(await env("list"), "  staging\n");
});

test("slips are refused with what there is instead", async () => {
  await env("create", "slips");
  assert.match(await refused("set", "slip", "a", "b"), /did you mean "slips"/);
  await env("set", "slips", "token", "x", "--secret");
  assert.match(await refused("disable", "slips", "tokn"), /did you mean "token"/);
  assert.match(await refused("set", "slips", "token", "********"), /would destroy the secret/);
  assert.match(await refused("create", "slips"), /already/);
  assert.match(await refused("use"), /one or more names, or --none, or --reset/);
  assert.match(await refused("use", "nowhere"), /no environment is called "nowhere"/);
  assert.match(await refused("use", "slips.json"), /did you mean "slips"/);
  project.write("environments/qa.json", '{ "name": "Quality Gate", "values": [] }');
  project.write(
    "collections/p/plan.yaml",
    "environment: Quality Gate\ntasks: { a: { collection: c.json } }\n",
  );
  project.write("collections/p/c.json", collectionOf("c", [{ url: "http://127.0.0.1:1" }]));
  const { stdout, stderr } = await project.run(["plan", "validate", "p"]);
  assert.match(`${stdout}${stderr}`, /"Quality Gate" stands in qa\b/);
  await env("delete", "qa");
  await env("delete", "slips");
});

test("v3 files are read and changed in place, and the chosen environment is marked", async () => {
  const text = "# ours\nname: Live\nvalues:\n  - key: a # first\n    value: '1'\n";
  project.write("environments/live.environment.yaml", text);
  await env("set", "live", "a", "2");
  assert.equal(file("live.environment.yaml"), text.replace("'1'", "'2'"));
  await env("use", "live");
  assert.match(await env("list"), /^\* live$/m);
  await env("use", "--reset");
  assert.match(await env("list"), /^ {2}live$/m);
  await env("use", "live");
  await env("delete", "live");
  const choice = join(project.directory, "environments/.chosen-environment.json");
  assert.ok(!existsSync(choice), "the choice goes with the environment");
});

test("a run takes the chosen environment where it chooses none, and globals reach every run", async () => {
  const target = createServer((_, response) => response.end("{}"));
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}`;
  const check = [
    'pm.test("from the chosen one", () => pm.expect(pm.environment.get("who")).to.equal("chosen"));',
    'pm.test("from globals", () => pm.expect(pm.globals.get("everywhere")).to.equal("yes"));',
  ];
  project.write("collections/p/c.json", collectionOf("c", [{ url, test: check }]));
  project.write(
    "collections/p/plan.yaml",
    "name: p\nenvironment: own\ntasks:\n  c: { collection: c.json }\n",
  );
  for (const name of ["own", "chosen"]) {
    await env("create", name);
    await env("set", name, "who", name);
  }
  await env("create", "globals");
  await env("set", "globals", "everywhere", "yes");
  project.write("environments/.chosen-environment.json", { environment: ["chosne"] });
  const lost = await project.run(["run", "p"]);
  assert.equal(lost.code, 2);
  assert.match(lost.stderr, /turnpike env use.*"chosne"; there is chosen, .*--reset/);
  await env("use", "chosen");
  try {
    const { code, stdout } = await project.run(["run", "p"]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /environment chosen/);
    assert.equal((await project.run(["run", "p", "-e", "own"])).code, 1);
  } finally {
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
  }
});

test("a plan is refused before it is queued when nothing gives a variable its value", async () => {
  const url = "http://127.0.0.1:1/{{tenant}}?key={{api_key}}";
  const auth = { type: "bearer", bearer: [{ key: "token", value: "{{login}}" }] };
  project.write("collections/needy/c.json", { ...collectionOf("c", [{ url }]), auth });
  project.write(
    "collections/needy/plan.yaml",
    "name: needy\ntasks:\n  c: { collection: c.json }\n",
  );
  await env("create", "half");
  await env("set", "half", "tenants", "x");
  const { code, stderr } = await project.run([
    "run",
    "needy",
    "-e",
    "half",
    "--env-var",
    "api_key=1",
  ]);
  assert.equal(code, 2, stderr);
  assert.match(
    stderr,
    /tasks\.c\.collection: nothing gives \{\{tenant\}\} a value, which c\.json uses in the url of "c 1" \(did you mean \{\{tenants\}\}\?/,
  );
  assert.match(stderr, /\{\{login\}\} a value, which c\.json uses in its authorization \(/);
  assert.doesNotMatch(stderr, /api_key/);
  const allowed = await project.run(["run", "needy", "-e", "half", "--allow-unresolved"]);
  assert.equal(allowed.code, 1, allowed.stderr);
  assert.match(allowed.stdout, /allowUnresolved/);
});

test("lint names what is wrong and exits 1 on an error", async () => {
  await env("create", "odd");
  await env("set", "odd", "base_url", "htp://127.0.0.1");
  const { code, stdout } = await project.run(["env", "lint", "odd"]);
  assert.equal(code, 1);
  assert.match(stdout, /error {3}odd values\.0: "base_url" begins with htp/);
  await env("delete", "odd");
});

test("lint calls no variable unused that a collection reads and has a value of its own for", async () => {
  project.write("collections/own/c.json", {
    ...collectionOf("own", [{ url: "http://127.0.0.1/{{region}}" }]),
    variable: [{ key: "region", value: "eu" }],
  });
  project.write("collections/own/plan.yaml", "name: own\ntasks:\n  c: { collection: c.json }\n");
  await env("create", "wins");
  await env("set", "wins", "region", "us");
  await env("set", "wins", "regoin", "us");
  const { code, stdout } = await project.run(["env", "lint", "wins"]);
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /"region" \(/);
  assert.match(stdout, /no collection uses "regoin" \(collections use "region"/);
  await env("delete", "wins");
});
