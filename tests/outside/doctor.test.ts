/** `turnpike doctor` on installations that are in order and on broken ones. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { Finding } from "../../src/core/finding.js";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";
import { freePort, redisAbsence, startRedis } from "../support/redis.js";
import { startTarget } from "../support/target.js";

let project: Project;
beforeEach(() => {
  project = createProject();
  project.write(
    "collections/shop/read.json",
    collectionOf("read", [{ url: "{{target}}/", test: STATUS_200 }]),
  );
  project.write("environments/local.postman_environment.json", { name: "local", values: [] });
  writePlan({ environment: "local" });
});
afterEach(() => project.remove());

function writePlan(more: object): void {
  project.write("collections/shop/plan.yaml", {
    name: "shop",
    tasks: { read: { collection: "read.json" } },
    ...more,
  });
}

async function findings(expectedCode: number, ...flags: string[]): Promise<readonly Finding[]> {
  const { code, stdout, stderr } = await project.run(["doctor", "--json", ...flags]);
  assert.equal(code, expectedCode, `${stdout}\n${stderr}`);
  return (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings;
}

function check(
  all: readonly Finding[],
  part: string,
  state: Finding["state"],
  text: RegExp,
  remedy?: RegExp,
): void {
  const shown = JSON.stringify(all, null, 2);
  const one = all.find((finding) => finding.part === part && text.test(finding.text));
  assert.ok(one !== undefined, `nothing of ${part} says ${String(text)}:\n${shown}`);
  assert.equal(one.state, state, shown);
  if (remedy === undefined) assert.equal(one.remedy, null);
  else assert.match(one.remedy ?? "", remedy);
}

test("an installation in order has nothing but ok, and nothing is made", async () => {
  const all = await findings(0);
  assert.deepEqual(
    all.filter(({ state }) => state !== "ok"),
    [],
  );
  check(all, "node", "ok", /^v\d+/);
  check(all, "newman", "ok", /contained postman-runtime 7\./);
  check(all, "data directory", "ok", /not there yet\) can be written/);
  check(all, "data directory", "ok", /free on its disk/);
  check(all, "plan shop", "ok", /1 tasks/);
  check(all, "environment local", "ok", /0 variables/);
  const again = await project.run(["doctor"]);
  assert.match(again.stdout, /^✓ node +v\d+[^]*\n\d+ ok, 0 to look at, 0 failed\n$/);
  check(await findings(0), "data directory", "ok", /not there yet/);
});

test("broken plans, environments and configuration are named with their places", async () => {
  writePlan({ environment: "lokal", tasks: { read: { collection: "raed.json" } } });
  project.write("environments/eu.postman_environment.json", "{");
  const all = await findings(3);
  check(
    all,
    "plan shop",
    "fail",
    /^tasks\.read\.collection: there is no file "raed\.json"/,
    /did you mean "read\.json"/,
  );
  check(all, "plan shop", "fail", /^environment: .*lokal/, /local/);
  check(all, "environment eu", "fail", /./, /./);
  project.write("turnpike.yaml", "lanse: 3\n");
  check(await findings(3), "configuration", "fail", /lanse/, /did you mean "lanes"/);
  const { stdout, code } = await project.run(["doctor"]);
  assert.equal(code, 3);
  assert.match(stdout, /^✗ configuration .*lanse[^]*-> did you mean/);
});

test("targets of health gates are asked, with the variables of their environment and within its egress", async (context) => {
  const target = await startTarget();
  context.after(() => target.close());
  const closed = `http://127.0.0.1:${String(await freePort())}/`;
  project.write("environments/local.postman_environment.json", {
    name: "local",
    values: [{ key: "target", value: target.url }],
  });
  const up = { url: "{{target}}/up" };
  const sick = { url: "{{target}}/status/503", start: "docker compose up api" };
  writePlan({ environment: "local", health: [up, { url: "{{base_url}}/healthz" }] });
  project.write("turnpike.yaml", { health: { local: [sick, { url: closed }] } });
  const all = await findings(3);
  check(all, "target {{target}}/up", "ok", /answers/);
  check(all, "target {{target}}/status/503", "fail", /answered 503/, /docker compose up api/);
  check(all, `target ${closed}`, "fail", /ECONNREFUSED/, /start it, or correct its URL/);
  check(all, "target {{base_url}}/healthz", "warn", /variables that only a run knows/, /./);
  project.write("turnpike.yaml", { egress: { local: { deny: ["127.0.0.1"] } } });
  check(await findings(3), "target {{target}}/up", "fail", /deny/, /./);
});

test("a data directory that is a file, and one that is in use, are told apart", async () => {
  project.write("blocked", "a file");
  check(
    await findings(3, "--data-dir", "blocked/data"),
    "data directory",
    "fail",
    /cannot be written/,
    /--data-dir/,
  );
  const serving = project.start(["serve", "--port", "0"]);
  const [, url = ""] = await serving.says(/(http:\/\/127\.0\.0\.1:\d+)/);
  const all = await findings(0);
  check(
    all,
    "data directory",
    "ok",
    new RegExp(`held by process ${String(serving.child.pid)}.*${url}`),
  );
  check(all, "data directory", "ok", /database \d+\.\d MB/);
  serving.child.kill("SIGKILL");
  await serving.ended;
  check(await findings(0), "data directory", "ok", /which is gone, has left its lock/);
});

test(
  "a Redis that is not there, or would lose jobs, is found",
  { skip: redisAbsence() ?? false },
  async (context) => {
    const port = await freePort();
    check(
      await findings(3, "--redis", `redis://127.0.0.1:${String(port)}`),
      "redis",
      "fail",
      /cannot be reached/,
      /start it/,
    );
    const redis = await startRedis();
    context.after(() => redis.close());
    const all = await findings(0, "--redis", redis.url);
    check(all, "redis", "ok", /^Redis \d+\.\d+.* answers at 127\.0\.0\.1/);
    check(all, "redis", "warn", /append-only file is off/, /appendonly/);
  },
);

test("a PostgreSQL server that is not there is found, and its password is not shown", async () => {
  const port = await freePort();
  const url = `postgres://me:hunter22@127.0.0.1:${String(port)}/runs`;
  const all = await findings(3, "--postgres", url);
  check(all, "postgres", "fail", /cannot be reached/, /start/);
  assert.ok(!JSON.stringify(all).includes("hunter22"));
});
