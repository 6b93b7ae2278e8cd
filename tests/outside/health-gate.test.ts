/** A run waits for its targets before it sends anything, and says how to start one that is not there. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";

let project: Project;
let target: Server;
let url = "";
const paths: string[] = [];
/** How many times the target still says that it is not ready. */
let unready = 0;

before(async () => {
  project = createProject();
  target = createServer((request, response) => {
    paths.push(request.url ?? "");
    const isReady = request.url !== "/ready" || unready <= 0;
    if (request.url === "/ready") unready -= 1;
    response.writeHead(isReady ? 200 : 503).end("{}");
  });
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}`;
  project.write(
    "collections/p/c.json",
    collectionOf("c", [{ url: "{{host}}/work", test: STATUS_200 }]),
  );
  project.write("environments/live.postman_environment.json", {
    name: "live",
    values: [{ key: "host", value: url }],
  });
});
after(async () => {
  await project.remove();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

function plan(health: string): void {
  project.write(
    "collections/p/plan.yaml",
    `name: p\nenvironment: live\nhealth:\n  - ${health}\ntasks:\n  c: { collection: c.json }\n  d: { collection: c.json }\n`,
  );
}

test("a target that is not ready yet is asked again, and the tasks begin when it is", async () => {
  plan('{ url: "{{host}}/ready", timeout: 60s }');
  unready = 3;
  const { code, stderr } = await project.run(["run", "p"]);
  assert.equal(code, 0, stderr);
  assert.ok(paths.indexOf("/work") > paths.lastIndexOf("/ready"), paths.join());
  assert.ok(paths.filter((path) => path === "/ready").length >= 4, paths.join());
});

test("a target that never is ends the tasks errored, with the way to start it, and nothing is sent", async () => {
  paths.length = 0;
  plan('{ url: "{{host}}/ready", expect: 204, timeout: 1s, start: npm run api }');
  unready = 0;
  const { code, stdout } = await project.run(["run", "p"]);
  assert.equal(code, 3, stdout);
  assert.match(stdout, /answered 200 instead of 204\); start it with: npm run api/);
  assert.ok(!paths.includes("/work"), paths.join());
});

test("targets of an environment are waited for as well, under the egress rules of the task", async () => {
  project.write(
    "turnpike.yaml",
    `health:\n  live:\n    - { url: "${url}/environment", timeout: 5s }\n`,
  );
  plan('{ url: "http://169.254.169.254/", timeout: 1s }');
  paths.length = 0;
  const { code, stdout } = await project.run(["run", "p"]);
  assert.equal(code, 3, stdout);
  assert.match(stdout, /refused by the egress guard: 169\.254\.169\.254 is a metadata address/);
  assert.ok(paths.includes("/environment"), paths.join());
});

test("a task waits for targets of its own and of its own environment, and no other task does", async () => {
  project.write("turnpike.yaml", `health:\n  other:\n    - { url: "${url}/other" }\n`);
  project.write(
    "environments/other.postman_environment.json",
    JSON.stringify({ name: "other", values: [{ key: "host", value: url, enabled: true }] }),
  );
  project.write(
    "collections/p/plan.yaml",
    `name: p\nenvironment: live\ntasks:\n  c: { collection: c.json }\n  d: { collection: c.json, environment: other, needs: [c], health: [{ url: "{{host}}/own", expect: 204, timeout: 1s }] }\n`,
  );
  paths.length = 0;
  const { code, stdout } = await project.run(["run", "p"]);
  assert.equal(code, 3, stdout);
  assert.match(stdout, /c +✓ passed/);
  assert.match(stdout, /d +\S+ errored/);
  assert.deepEqual([...new Set(paths)].toSorted(), ["/other", "/own", "/work"]);
  assert.equal(paths.filter((path) => path === "/work").length, 1);
});

test("what is wrong with a gate is said with its place", async () => {
  plan('{ url: "{{host}}/ready", timeout: soon }');
  const { code, stderr } = await project.run(["run", "p"]);
  assert.equal(code, 2);
  assert.match(stderr, /health\.0\.timeout: "soon" is not a duration/);
});
