/** Workers as processes of their own, in folders of their own, with nothing but the URL of Redis. */

import assert from "node:assert/strict";
import { join } from "node:path";
import test, { after, before, describe } from "node:test";
import { openDatabase } from "../support/database.js";
import { openHoldingTarget, type HoldingTarget } from "../support/holding-target.js";
import { createProject, STATUS_200, type Project, type Running } from "../support/project.js";
import { freePort, redisAbsence, startRedis, type RedisServer } from "../support/redis.js";

const LIMIT_MS = 30_000;
const CANCEL_LIMIT_MS = 5000;
const absence = redisAbsence();

interface RunAnswer {
  readonly id: string;
  readonly state: string;
  readonly verdict: string | null;
  readonly nodes: readonly {
    readonly id: string;
    readonly state: string;
    readonly waitingFor: string | null;
    readonly outcome: {
      readonly status: string;
      readonly attempt: number;
      readonly reason: string | null;
    } | null;
  }[];
}

async function whenTrue(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const until = Date.now() + LIMIT_MS;
  while (!(await isSo())) {
    assert.ok(Date.now() < until, `${what}: not within ${String(LIMIT_MS)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function ask<Answer = RunAnswer>(url: string, init?: RequestInit): Promise<Answer> {
  return (await (await fetch(url, init)).json()) as Answer;
}

function submit(url: string, plan: string): Promise<RunAnswer> {
  return ask(`${url}/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ plan }),
  });
}

async function stop(running: Running, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  running.child.kill(signal);
  await running.ended;
}

function attemptOf(run: RunAnswer, id: string): number | undefined {
  return run.nodes.find((node) => node.id === id)?.outcome?.attempt;
}

describe("workers on Redis", { skip: absence ?? false }, () => {
  let redis: RedisServer;
  let target: HoldingTarget;
  let home: Project;
  let elsewhere: Project;
  let port = 0;

  const request = (name: string, path: string, body?: object): object => ({
    name,
    request: {
      method: body === undefined ? "GET" : "POST",
      url: `${target.url}${path}`,
      ...(body && { body }),
    },
    event: [{ listen: "test", script: { type: "text/javascript", exec: STATUS_200 } }],
  });
  const collection = (name: string, items: readonly object[]): object => ({
    info: { name, schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
    item: items,
  });

  before(async () => {
    redis = await startRedis();
    target = await openHoldingTarget();
    port = await freePort();
    home = createProject();
    // From the template: making a database anew takes seconds, and much longer on a machine that is busy.
    await (await openDatabase(join(home.directory, ".turnpike", "database"))).close();
    elsewhere = createProject();
    home.write("collections/files/photos/cat.txt", "a cat of the plan's folder");
    home.write(
      "collections/files/upload.json",
      collection("upload", [
        request("relative", "/relative", {
          mode: "formdata",
          formdata: [{ key: "photo", type: "file", src: "photos/cat.txt" }],
        }),
        request("absolute", "/absolute", {
          mode: "file",
          file: { src: `${home.directory}/collections/files/photos/cat.txt` },
        }),
      ]),
    );
    home.write(
      "collections/files/plan.yaml",
      "name: files\ntasks:\n  upload: { collection: upload.json }\n",
    );
    for (const name of ["one", "two", "three"])
      home.write(`collections/pair/${name}.json`, collection(name, [request(name, `/${name}`)]));
    home.write(
      "collections/pair/plan.yaml",
      "name: pair\ntasks:\n  one: { collection: one.json }\n  two: { collection: two.json }\n  both: { checkpoint: true, needs: [one, two] }\n  three: { collection: three.json, needs: [both] }\n",
    );
  });
  after(async () => {
    await Promise.all([home.remove(), elsewhere.remove()]);
    await target.close();
    await redis.close();
  });

  let service: { readonly running: Running; readonly url: string } | null = null;
  /** The service, which stays from test to test unless one of them stops it. */
  const serve = async (): Promise<{ readonly running: Running; readonly url: string }> => {
    if (service !== null) return service;
    const flags = ["--redis", redis.url, "--lanes", "0", "--port", String(port)];
    const running = home.start(["serve", ...flags]);
    const [, url = ""] = await running.says(/serves at (http:\S+)/);
    service = { running, url };
    return service;
  };
  const work = async (...flags: readonly string[]): Promise<Running> => {
    const running = elsewhere.start(["worker", "--redis", redis.url, "--lanes", "1", ...flags]);
    await running.says(/takes tasks of namespace/);
    return running;
  };

  test("two workers with nothing but the URL of Redis run a plan, also with the files it uploads", async () => {
    const first = elsewhere.start(["worker", "--redis", redis.url, "--lanes", "1"]);
    await first.says(/waiting for a service to show itself in Redis/);
    const { url } = await serve();
    const second = await work();
    await first.says(/takes tasks of namespace/);

    const files = await submit(url, "files");
    const uploaded = await ask(`${url}/v1/runs/${files.id}?wait=240`);
    assert.equal(uploaded.verdict, "passed", JSON.stringify(uploaded.nodes));
    assert.match(
      target.bodies.get("/relative") ?? "",
      /filename="cat.txt"[^]*a cat of the plan's folder/,
    );
    assert.equal(target.bodies.get("/absolute"), "a cat of the plan's folder");

    // Each worker has one lane, and both tasks are in the middle of a request at once.
    target.hold("/one");
    target.hold("/two");
    const { id } = await submit(url, "pair");
    await whenTrue("both tasks run", () => target.held("/one") + target.held("/two") === 2);
    target.release();
    const run = await ask(`${url}/v1/runs/${id}?wait=240`);
    assert.equal(run.verdict, "passed", JSON.stringify(run.nodes));
    await Promise.all([stop(first), stop(second)]);
  });

  test("a run that nobody can take says so, and the list of workers says what each of them runs", async () => {
    const { url } = await serve();
    // The workers of the test before have said goodbye.
    const list = () => ask<{ workers: readonly object[] }>(`${url}/v1/workers`);
    assert.deepEqual(await list(), { workers: [] });
    const nobody = await home.run(["workers", "--here", "--server", url]);
    assert.equal(nobody.code, 3);
    assert.match(nobody.stderr, /no worker on .* takes tasks of this service/);
    target.hold("/one");
    target.hold("/two");
    const { id } = await submit(url, "pair");
    const waiting = await ask(`${url}/v1/runs/${id}`);
    assert.deepEqual(
      waiting.nodes.map(({ waitingFor }) => waitingFor),
      ["a worker", "a worker", null, null],
    );
    const status = await home.run(["status", id, "--server", url]);
    assert.match(status.stdout, /one +waiting for a worker\n/);

    const worker = await work();
    await whenTrue("one task runs", () => target.held("/one") + target.held("/two") === 1);
    const node = target.held("/one") === 1 ? "one" : "two";
    const tasks = JSON.stringify([{ runId: id, node }]);
    await whenTrue("the list shows it", async () =>
      JSON.stringify(await list()).includes(`"tasks":${tasks}`),
    );
    const listed = await home.run(["workers", "--here", "--server", url]);
    assert.equal(listed.code, 0);
    assert.match(
      listed.stdout,
      new RegExp(`1 of 1 lanes busy, no labels, .*\\n  runs ${node} of ${id}\\n`),
    );
    const { nodes } = await ask(`${url}/v1/runs/${id}`);
    const other = node === "one" ? "two" : "one";
    for (const { id: each, waitingFor } of nodes)
      assert.equal(waitingFor, each === other ? "a lane" : null, each);
    target.release();
    assert.equal((await ask(`${url}/v1/runs/${id}?wait=240`)).verdict, "passed");
    await stop(worker);
  });

  test("shards: auto makes as many parts as all workers together have lanes", async () => {
    home.write(
      "collections/parts/plan.yaml",
      "name: parts\ntasks:\n  rows: { collection: row.json, iterations: 6, shards: auto }\n",
    );
    home.write("collections/parts/row.json", collection("row", [request("row", "/row")]));
    const { url } = await serve();
    const workers = await Promise.all([work(), work("--lanes", "2")]);
    const { id } = await submit(url, "parts");
    assert.equal((await ask(`${url}/v1/runs/${id}?wait=240`)).verdict, "passed");
    const { tasks } = await ask<{ tasks: readonly { split: { shards: readonly object[] } }[] }>(
      `${url}/v1/runs/${id}/report.json`,
    );
    assert.equal(tasks[0]?.split.shards.length, 3);
    await Promise.all(workers.map((worker) => stop(worker)));
  });

  test("a cancel reaches tasks on two worker processes, and nothing is sent after it", async (context) => {
    const { url } = await serve();
    const workers = await Promise.all([work(), work()]);
    target.hold("/one");
    target.hold("/two");
    const { id } = await submit(url, "pair");
    await whenTrue("both tasks run", () => target.held("/one") + target.held("/two") === 2);
    const answer = await fetch(`${url}/v1/runs/${id}/cancel`, { method: "POST" });
    assert.equal(answer.status, 202);
    const acceptedAt = performance.now();
    const sinceCancel = (): number => Math.round(performance.now() - acceptedAt);
    // The lanes are killed, and with them their connections: the target answers neither of them, so nothing else ends these.
    await whenTrue("both are killed", () => target.held("/one") + target.held("/two") === 0);
    const killedMs = sinceCancel();
    context.diagnostic(`killed ${String(killedMs)} ms after the cancel was accepted`);
    const run = await ask(`${url}/v1/runs/${id}?wait=240`);
    context.diagnostic(`ended ${String(sinceCancel())} ms after it`);
    assert.equal(run.verdict, "cancelled");
    const seen = [target.seen("/one"), target.seen("/two"), target.seen("/three")];
    target.release();
    await Promise.all(workers.map((worker) => stop(worker)));
    assert.deepEqual([target.seen("/one"), target.seen("/two"), target.seen("/three")], seen);
    // Half a second, and what a busy machine adds; whatever else could end them comes after half a minute at the earliest.
    assert.ok(killedMs < CANCEL_LIMIT_MS, `${String(killedMs)} ms`);
  });

  test("workers restarted one after the other hand their tasks over, and the run passes", async (context) => {
    const { url } = await serve();
    const hasty = ["--drain-timeout", "1ms"];
    target.hold("/one");
    target.hold("/two");
    const { id } = await submit(url, "pair");
    const running = () => target.held("/one") + target.held("/two");
    const old = [await work(...hasty), await work(...hasty)];
    await whenTrue("both tasks run", () => running() === 2);
    const fresh: Running[] = [];
    for (const worker of old) {
      const asked = performance.now();
      await stop(worker);
      context.diagnostic(`handed over in ${String(Math.round(performance.now() - asked))} ms`);
      assert.equal((await worker.ended).code, 0);
      await whenTrue("its task has stopped", () => running() === 1);
      fresh.push(await work());
      await whenTrue("another worker runs its task", () => running() === 2);
    }
    target.release();
    const run = await ask(`${url}/v1/runs/${id}?wait=240`);
    assert.equal(run.verdict, "passed", JSON.stringify(run.nodes));
    assert.deepEqual([attemptOf(run, "one"), attemptOf(run, "two")], [2, 2]);
    await Promise.all(fresh.map((worker) => stop(worker)));
  });

  test("a worker that was told to finish hands over at once when it is told again", async () => {
    const { url } = await serve();
    const old = await work("--drain-timeout", "10m");
    target.hold("/one");
    target.hold("/two");
    const { id } = await submit(url, "pair");
    await whenTrue("one task runs", () => target.held("/one") + target.held("/two") === 1);
    old.child.kill("SIGTERM");
    await old.says(/again to hand over at once/);
    old.child.kill("SIGTERM");
    assert.equal((await old.ended).code, 0);
    target.release();
    const fresh = await work();
    const run = await ask(`${url}/v1/runs/${id}?wait=240`);
    assert.equal(run.verdict, "passed", JSON.stringify(run.nodes));
    await stop(fresh);
  });

  test("while its service is dead a worker keeps its task and waits, and tells it how it ended when it is back", async () => {
    const first = await serve();
    const worker = await work();
    target.hold("/one");
    target.hold("/two");
    const { id } = await submit(first.url, "pair");
    await whenTrue("one task runs", () => target.held("/one") + target.held("/two") === 1);
    const held = target.held("/one") === 1 ? "one" : "two";
    await stop(first.running, "SIGKILL");
    service = null;
    target.release();
    await worker.says(/the service cannot be reached; waiting for it/);
    const second = await serve();
    const run = await ask(`${second.url}/v1/runs/${id}?wait=240`);
    assert.equal(run.verdict, "passed", JSON.stringify(run.nodes));
    assert.equal(attemptOf(run, held), 1, "what ran while the service was dead is not run again");
    await stop(worker);
  });

  test("a worker says what it lacks: Redis, a choice of several namespaces, the store its service has", async () => {
    const none = await elsewhere.run(["worker"]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /a worker takes tasks from Redis; name it with --redis/);
    await serve();
    const other = createProject();
    const second = other.start([
      "serve",
      "--redis",
      redis.url,
      "--port",
      "0",
      "--lanes",
      "0",
      "--namespace",
      "second",
    ]);
    await second.says(/serves at/);
    const unclear = await elsewhere.run(["worker", "--redis", redis.url]);
    assert.equal(unclear.code, 2);
    assert.match(
      unclear.stderr,
      /services of several namespaces share this Redis: .*second.*choose one with --namespace/,
    );
    const foreign = createProject();
    const taken = await foreign.run([
      "serve",
      "--redis",
      redis.url,
      "--port",
      "0",
      "--namespace",
      "second",
    ]);
    assert.equal(taken.code, 2);
    assert.match(
      taken.stderr,
      /the namespace "second" belongs to the service at http:\S+, whose runs are kept elsewhere/,
    );
    await stop(second);
    await Promise.all([other.remove(), foreign.remove()]);
  });
});

test("no lanes on the embedded queue is refused, because nothing would ever run", async () => {
  const project = createProject();
  const { code, stderr } = await project.run(["serve", "--lanes", "0", "--port", "0"]);
  assert.equal(code, 2);
  assert.match(stderr, /without lanes .* nothing runs on the embedded queue/);
  await project.remove();
});
