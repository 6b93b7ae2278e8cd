/** `turnpike doctor` on installations that are in order and on broken ones. */

import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { Finding } from "../../src/core/finding.js";
import { examineDocumentFolder } from "../../src/store/examine-folder.js";
import { openVault } from "../../src/store/vault.js";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";
import { firestoreAbsence, newProject, startFirestore } from "../support/firestore.js";
import { postgresAbsence, startPostgres } from "../support/postgres.js";
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

function findings(expectedCode: number, ...flags: string[]): Promise<readonly Finding[]> {
  return findingsWith({}, expectedCode, ...flags);
}

async function findingsWith(
  variables: Readonly<Record<string, string>>,
  expectedCode: number,
  ...flags: string[]
): Promise<readonly Finding[]> {
  const { code, stdout, stderr } = await project.run(["doctor", "--json", ...flags], variables);
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
  check(all, "collections", "ok", /collections can be written/);
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

test("a folder of documents that cannot be written is a warning, with the user it must be allowed to", async () => {
  project.write("file", "");
  const all = await examineDocumentFolder("environments", join(project.directory, "file"));
  check(
    all,
    "environments",
    "warn",
    /cannot be written, so changes over REST/,
    /allow it to the user/,
  );
  assert.deepEqual(await examineDocumentFolder("x", join(project.directory, "not-there")), []);
});

test("a Redis that hangs up at once is told from one that is not there", async (context) => {
  const server = createServer((socket) => socket.resetAndDestroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const all = await findings(3, "--redis", `redis://127.0.0.1:${String(port)}`);
  check(all, "redis", "fail", /hangs up at once/, /protected-mode/);
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

test(
  "a PostgreSQL server that answers is named with its version",
  { skip: postgresAbsence() ?? false },
  async (context) => {
    const server = await startPostgres();
    context.after(() => server.close());
    check(
      await findings(0, "--postgres", await server.newDatabase()),
      "postgres",
      "ok",
      /^PostgreSQL \d+.* answers at /,
    );
  },
);

test(
  "a Firestore that takes writes is named with its emulator",
  { skip: firestoreAbsence() ?? false },
  async (context) => {
    const { host, close } = await startFirestore();
    context.after(close);
    const variables = { FIRESTORE_EMULATOR_HOST: host };
    const all = await findingsWith(variables, 0, "--firestore-project", newProject());
    check(all, "firestore", "ok", /on the emulator at .* takes writes/);
  },
);

test("a vault that does not open and secrets that lead nowhere are named, and no value is shown", async () => {
  const key = { TURNPIKE_VAULT_KEY: "a key of enough characters" };
  const values = ["${env:SECRET_A}", "${env:OTHER}", "${file:token}", "{{vault:pin}}"];
  const rows = values.map((value, index) => ({ key: `secret_${String(index)}`, value }));
  project.write("environments/local.postman_environment.json", { name: "local", values: rows });
  const none = await findings(0);
  check(none, "secrets of local", "warn", /secret_0: .*SECRET_A is not set/, /provide it/);
  check(none, "secrets of local", "warn", /secret_1: .*OTHER is not released/, /secretVariables/);
  check(none, "secrets of local", "warn", /secret_2: .*token cannot be read/, /create it/);
  check(none, "secrets of local", "warn", /secret_3: .*the vault has no "pin"/, /vault set pin/);

  const vaultFile = join(project.directory, "turnpike.vault.json");
  await openVault({ path: vaultFile, key: key.TURNPIKE_VAULT_KEY }).set("pin", "canary-1", []);
  project.write("secrets/token", "canary-2");
  const set = { ...key, SECRET_A: "canary-3", OTHER: "canary-4", TURNPIKE_SECRET_VARIABLES: "*" };
  const whole = await findingsWith(set, 0);
  check(whole, "vault", "ok", /^1 secrets, all can be decrypted/);
  check(whole, "secrets of local", "ok", /^4 references, all lead to a value/);
  const wrong = { ...set, TURNPIKE_VAULT_KEY: "another key of enough characters" };
  const closed = await findingsWith(wrong, 3);
  check(closed, "vault", "fail", /"pin" of the vault cannot be decrypted/, /restore its key/);
  const locked = await findings(3);
  check(locked, "vault", "fail", /the vault is locked/, /TURNPIKE_VAULT_KEY/);
  assert.doesNotMatch(JSON.stringify([none, whole, closed, locked]), /canary/);
});
