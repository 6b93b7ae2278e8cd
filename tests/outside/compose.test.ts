/** docker-compose.yml and the Dockerfile, held to what the program accepts. Docker itself is not run: see `readCompose` and `buildImage`. */

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { loadConfig } from "../../src/config.js";
import { CONFIG_KEYS, keyNames } from "../../src/core/config.js";
import { parseDuration } from "../../src/core/duration.js";
import { TurnpikeError } from "../../src/core/errors.js";
import { readCompose, type ComposeService } from "../support/compose.js";
import { openDatabase } from "../support/database.js";
import { buildImage, readStages, REPOSITORY, type Image } from "../support/image.js";
import { redisAbsence, freePort, startRedis } from "../support/redis.js";
import { waitUntil } from "../support/wait-until.js";

const TOKEN = "a-token-of-this-test-only";
const FILE = join(REPOSITORY, "docker-compose.yml");
const compose = readCompose(FILE, { TURNPIKE_TOKEN: TOKEN });
const ours = Object.entries(compose.services).filter(([, service]) => service.build === ".");

function serviceOf(name: string): ComposeService {
  const service = compose.services[name];
  assert.ok(service !== undefined, `there is no service ${name}`);
  return service;
}

test("there are Redis, the emulator of Firestore, the service and two workers, each with a health check", () => {
  assert.deepEqual(Object.keys(compose.services), ["redis", "firestore", "api", "worker"]);
  assert.deepEqual(
    ours.map(([name]) => name),
    ["api", "worker"],
  );
  assert.equal(serviceOf("worker").deploy?.replicas, 2);
  assert.throws(() => readCompose(FILE, {}), /TURNPIKE_TOKEN: set TURNPIKE_TOKEN/);
});

test("every volume, and every service that another waits for, is there", () => {
  const named = Object.values(compose.services).flatMap(({ volumes }) =>
    volumes.flatMap((volume) => volume.split(":")[0] ?? []),
  );
  assert.deepEqual(
    named.filter((name) => !name.startsWith("./")).toSorted(),
    Object.keys(compose.volumes).toSorted(),
  );
  for (const path of named.filter((name) => name.startsWith("./")))
    assert.ok(existsSync(join(REPOSITORY, path)), path);
  const waits = Object.entries(compose.services).flatMap(([name, { depends_on }]) =>
    Object.entries(depends_on).map(([other, { required }]) => ({ name, other, required })),
  );
  assert.equal(waits.length, 3);
  for (const { name, other, required } of waits) {
    const profiles = serviceOf(other).profiles ?? [];
    assert.ok(
      !required || profiles.length === 0,
      `${name} needs ${other}, which only a profile starts`,
    );
  }
});

test("every variable is one that the program reads, and its values are accepted", () => {
  const known = new Set(keyNames().map((key) => CONFIG_KEYS[key].variable));
  let seen = 0;
  for (const [name, { environment }] of ours) {
    for (const variable of Object.keys(environment)) {
      seen += 1;
      assert.ok(known.has(variable) || variable === "FIRESTORE_EMULATOR_HOST", variable);
    }
    const { config } = loadConfig({ variables: environment, flags: {}, file: "/dev/null" });
    assert.equal(config.redisUrl, "redis://redis:6379");
    // Empty without the profile: the embedded database keeps the runs.
    assert.equal(config.firestoreProject, undefined);
    assert.equal(config.token, TOKEN);
    const graceMs = parseDuration(serviceOf(name).stop_grace_period ?? "");
    assert.ok(graceMs !== null && graceMs > config.drainTimeout + 3000, "time to drain and more");
  }
  assert.ok(seen >= 15);
  assert.throws(
    () => loadConfig({ variables: { TURNPIKE_LANE: "2" }, flags: {}, file: "/dev/null" }),
    (error) => error instanceof TurnpikeError && error.problems.length === 1,
  );
});

test("what leaves the machine is the API's port, on loopback; the others stay among themselves", () => {
  const { config } = loadConfig({
    variables: serviceOf("api").environment,
    flags: {},
    file: "/dev/null",
  });
  assert.deepEqual(
    Object.values(compose.services).flatMap(({ ports }) => ports),
    [`127.0.0.1:4848:${String(config.port)}`],
  );
  assert.equal(config.host, "0.0.0.0");
  assert.equal(config.publicUrl, `http://api:${String(config.port)}`);
  const { server, lanes } = loadConfig({
    variables: serviceOf("worker").environment,
    flags: {},
    file: "/dev/null",
  }).config;
  assert.equal(server, config.publicUrl);
  assert.equal(lanes, 2);
});

test("nothing but what the Dockerfile copies is sent to docker, and all of that is", () => {
  const ignored = readFileSync(join(REPOSITORY, ".dockerignore"), "utf8").split("\n");
  const rules = ignored.filter((line) => line !== "" && !line.startsWith("#"));
  assert.equal(rules[0], "*");
  const sent = rules.slice(1).map((rule) => rule.replace(/^!/, ""));
  const copied = readStages()
    .flat()
    .filter(({ name, text }) => name === "COPY" && !text.startsWith("--from"))
    .flatMap(({ text }) => text.split(" ").slice(0, -1));
  assert.deepEqual([...new Set(copied)].toSorted(), sent.toSorted());
  for (const path of sent) assert.ok(existsSync(join(REPOSITORY, path)), path);
});

test("the first stage installs exactly what the lock file says, and keeps what production needs", () => {
  const [first = []] = readStages();
  const runs = first.filter(({ name }) => name === "RUN").map(({ text }) => text);
  assert.equal(runs.length, 3);
  assert.match(runs[0] ?? "", /npm ci --ignore-scripts/);
  assert.equal(runs[1], "npm run build");
  assert.match(runs[2] ?? "", /npm prune --omit=dev/);
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
    scripts: Readonly<Record<string, string>>;
  };
  assert.equal(
    scripts["build"],
    "rm -rf dist && tsc -p . && node dist/src/wire-first-database.js",
    "all it reads has been copied, and all it writes lies in dist/src",
  );
});

test("what the image's commands write goes where its user may write", () => {
  const root = mkdtempSync(join(tmpdir(), "turnpike-image-"));
  try {
    const { environment, user } = buildImage(root);
    const { config } = loadConfig({ variables: environment, flags: {}, file: "/dev/null" });
    const [, owner, folders = ""] =
      readStages()
        .at(-1)
        ?.map(({ text }) => /\bchown -R (\w+):\w+ (.+)$/.exec(text))
        .find((found) => found !== null) ?? [];
    assert.equal(owner, user);
    assert.deepEqual(folders.split(" "), [config.dataDirectory, "collections", "environments"]);
    const volumes = serviceOf("api").volumes.map((volume) => volume.split(":")[1]);
    assert.ok(volumes.includes(config.dataDirectory), "and runs are kept in a volume");
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

interface Container {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  text(): string;
}

/** A program of the image as docker starts it. Only names and ports that need docker's network are replaced. */
function run(
  image: Image,
  service: ComposeService,
  by: { readonly words: readonly string[]; readonly replace: Readonly<Record<string, string>> },
): Container {
  const place = (text: string): string =>
    Object.entries(by.replace).reduce((all, [from, to]) => all.replaceAll(from, to), text);
  const variables = Object.entries({ ...image.environment, ...service.environment });
  const [program = "", ...args] = by.words.map(place);
  const child = spawn(program === "node" ? process.execPath : program, args, {
    cwd: join(image.root, image.workingDirectory),
    env: Object.fromEntries(variables.map(([name, value]) => [name, place(value)])),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (more: string) => (text += more));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, text: () => text };
}

test(
  "the image's service and worker start, pass the health checks of their services only then, and end on SIGTERM",
  { skip: redisAbsence() ?? false },
  async (context) => {
    const root = mkdtempSync(join(tmpdir(), "turnpike-image-"));
    const image = buildImage(root);
    assert.equal(image.user, "node");
    assert.ok(image.built.length >= 3);
    await (await openDatabase(join(root, "data", "database"))).close();
    const command = (serviceOf("redis").command ?? "").split(" ");
    assert.equal(command[0], "redis-server");
    const redis = await startRedis({ args: command.slice(1) });
    const port = String(await freePort());
    const replace = {
      "redis://redis:6379": redis.url,
      "0.0.0.0": "127.0.0.1",
      "api:4848": `127.0.0.1:${port}`,
      "127.0.0.1:4848": `127.0.0.1:${port}`,
      "/data": join(root, "data"),
    };
    const started: Container[] = [];
    const start = (name: string): Container => {
      const service = serviceOf(name);
      const words = [...image.entrypoint, ...(service.command?.split(" ") ?? image.command)];
      // The port is the default of the program, and taken from it by the test alone.
      const more = name === "api" ? ["--port", port] : [];
      const container = run(image, service, { words: [...words, ...more], replace });
      started.push(container);
      return container;
    };
    const check = async (name: string): Promise<number | null> => {
      const service = serviceOf(name);
      const [, ...words] = service.healthcheck.test;
      return run(image, service, { words, replace }).ended;
    };
    const healthy = async (name: string, container: Container): Promise<void> => {
      const begun = performance.now();
      await waitUntil(async () => {
        assert.equal(container.child.exitCode, null, container.text());
        return (await check(name)) === 0;
      });
      context.diagnostic(`${name} after ${String(Math.round(performance.now() - begun))} ms`);
    };
    try {
      assert.equal(await check("api"), 1);
      const api = start("api");
      await healthy("api", api);
      assert.equal(await check("worker"), 3);
      const worker = start("worker");
      await healthy("worker", worker);
      const answer = await fetch(`http://127.0.0.1:${port}/v1/plans`, {
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      assert.match(await answer.text(), /"tasks-1-10"/);
      for (const container of [worker, api]) {
        container.child.kill("SIGTERM");
        assert.equal(await container.ended, 0, container.text());
      }
    } finally {
      for (const { child, ended } of started) {
        child.kill("SIGKILL");
        await ended;
      }
      await redis.close();
      rmSync(root, { recursive: true, force: true });
    }
  },
);
