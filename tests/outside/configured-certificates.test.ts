import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import {
  makeCertificates,
  openCertificateTarget,
  opensslMissing,
  type CertificateTarget,
} from "../support/certificates.js";
import {
  collectionOf,
  createProject,
  STATUS_200,
  type Project,
  type Running,
} from "../support/project.js";
import { redisAbsence, startRedis, type RedisServer } from "../support/redis.js";

const PASSPHRASE = "correct-horse-battery";
const skip = opensslMissing();
const absence = redisAbsence();

let project: Project;
let target: CertificateTarget;

before(async () => {
  if (skip !== false) return;
  project = createProject();
  makeCertificates(project.directory, {
    alice: { passphrase: PASSPHRASE },
    bob: { passphrase: null },
  });
  target = await openCertificateTarget(project.directory);
  const url = (host: string): string => `https://${host}:${String(target.port)}/from`;
  project.write(
    "collections/shown/plan.yaml",
    "name: shown\ntasks:\n  both: { collection: both.json }\n",
  );
  const shown = "pm.test(JSON.stringify(pm.request.certificate), () => {});";
  const collection = collectionOf("both", [
    { url: url("localhost"), test: STATUS_200 },
    { url: url("127.0.0.1"), test: [...STATUS_200, shown] },
  ]);
  project.write("collections/shown/both.json", collection);
});
after(async () => {
  if (skip !== false) return;
  await project.remove();
  await target.close();
});

function configure(rows: readonly object[], authorities = "ca.pem"): void {
  const values = { clientCertificates: rows, certificateAuthorities: authorities, port: 0 };
  project.write("turnpike.yaml", values);
}

const bob = (): object => ({
  name: "bob",
  matches: [`https://localhost:${String(target.port)}/*`],
  cert: "bob.pem",
  key: "bob.key",
});
const alice = {
  name: "alice",
  matches: ["<all_urls>"],
  cert: "alice.pem",
  key: "alice.key",
  passphrase: "${env:SECRET_ALICE}",
};

async function stop({ child, ended }: Running): Promise<string> {
  child.kill("SIGTERM");
  const { stdout, stderr } = await ended;
  return stdout + stderr;
}

test(
  "a run of the service shows the configured certificates, also from a worker that has none of the files",
  { skip },
  async (context) => {
    let redis: RedisServer | null = null;
    if (absence === null) redis = await startRedis();
    else context.diagnostic(`without a worker of its own: ${absence}`);
    const elsewhere = createProject();
    try {
      configure([bob(), alice]);
      const queue = redis === null ? [] : ["--redis", redis.url, "--lanes", "0"];
      const service = project.start(["serve", ...queue], { SECRET_ALICE: PASSPHRASE });
      const [, url = ""] = await service.says(/serves at (http:\S+)/);
      const worker =
        redis === null ? null : elsewhere.start(["worker", "--redis", redis.url, "--lanes", "1"]);
      const answer = await fetch(`${url}/v1/runs?wait=240`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ plan: "shown" }),
      });
      const { id } = (await answer.json()) as { readonly id: string };
      const ended = await (await fetch(`${url}/v1/runs/${id}?wait=240`)).text();
      assert.match(ended, /"verdict":"passed"/);
      assert.deepEqual(target.take(), ["bob /from", "alice /from"]);

      const report = await (await fetch(`${url}/v1/runs/${id}/report.json`)).text();
      assert.match(report, /alice\.key/, "the script has told of its certificate");
      const config = await (await fetch(`${url}/v1/config`)).text();
      const logs = [await stop(service), worker === null ? "" : await stop(worker)];
      for (const text of [ended, report, config, ...logs]) assertNoSecret(text, "an answer or log");
      assertNoneKept();
    } finally {
      await elsewhere.remove();
      await redis?.close();
    }
  },
);

function assertNoSecret(text: string, where: string): void {
  const [, line = ""] = readFileSync(join(project.directory, "alice.key"), "utf8").split("\n");
  assert.ok(line.length > 40);
  const encoded = readFileSync(join(project.directory, "alice.key")).toString("base64");
  for (const secret of [PASSPHRASE, line, encoded]) assert.ok(!text.includes(secret), where);
}

/** What the program has kept in the project, besides the files the certificates come from. */
function assertNoneKept(): void {
  const folder = join(project.directory, ".turnpike");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  assert.ok(files.length > 0, "the run has been stored");
  for (const { parentPath, name } of files)
    assertNoSecret(readFileSync(join(parentPath, name), "latin1"), join(parentPath, name));
}

test("the flags of a run go before the configured certificates", { skip }, async () => {
  configure([{ ...bob(), matches: ["<all_urls>"] }]);
  const flags = ["--ssl-client-cert=alice.pem", "--ssl-client-key=alice.key"];
  const ended = await project.run([
    "run",
    "shown",
    ...flags,
    `--ssl-client-passphrase=${PASSPHRASE}`,
  ]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(target.take(), ["alice /from", "alice /from"]);
});

test(
  "what cannot be used is refused with its place before anything is sent",
  { skip },
  async () => {
    for (const [rows, authorities, message] of [
      [[{ ...alice, key: "gone.key" }], "ca.pem", /gone\.key cannot be read; check the path/],
      [[{ ...alice, cert: "bob.pem" }], "ca.pem", /client certificate alice cannot be used: /],
      [[alice], "bob.key", /the authorities of bob\.key cannot be used/],
      [[{ ...alice, passphrase: PASSPHRASE }], "ca.pem", /0\.passphrase: .*refer to it with/],
      [[{ ...alice, passphrase: "${env:SECRET_NOBODY}" }], "ca.pem", /env:SECRET_NOBODY/],
      [[{ ...alice, match: ["x"] }], "ca.pem", /"match"/],
    ] as const) {
      configure(rows, authorities);
      const { code, stderr } = await project.run(["run", "shown"], { SECRET_ALICE: PASSPHRASE });
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assertNoSecret(stderr, "the message");
    }
    assert.deepEqual(target.take(), []);
  },
);
