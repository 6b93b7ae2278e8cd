/** Two hosts with a worker each, of which the network cuts one off from Redis in the middle of its tasks. */

import assert from "node:assert/strict";
import { join } from "node:path";
import test, { after, before, describe } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { openDatabase } from "../support/database.js";
import { openHoldingTarget, type HoldingTarget } from "../support/holding-target.js";
import {
  collectionOf,
  createProject,
  STATUS_200,
  type Project,
  type Running,
} from "../support/project.js";
import { openProxy, type Proxy } from "../support/proxy.js";
import { redisAbsence, startRedis, type RedisServer } from "../support/redis.js";
import { waitUntil } from "../support/wait-until.js";

/** At least so long is the cut; without it, until the other worker has taken everything over. */
const CUT_MS = Number(process.env["TURNPIKE_TEST_CUT_MS"] ?? "0");

interface RunAnswer {
  readonly id: string;
  readonly verdict: string | null;
  readonly nodes: readonly {
    readonly id: string;
    readonly outcome: { readonly status: string; readonly attempt: number } | null;
  }[];
}

async function ask<Answer>(url: string, init?: RequestInit): Promise<Answer> {
  return (await (await fetch(url, init)).json()) as Answer;
}

describe("a worker that is cut off", { skip: redisAbsence() ?? false }, () => {
  let redis: RedisServer;
  let target: HoldingTarget;
  let home: Project;
  let proxies: readonly Proxy[] = [];
  let service: Running;
  let url = "";

  before(async () => {
    redis = await startRedis();
    target = await openHoldingTarget();
    home = createProject();
    await (await openDatabase(join(home.directory, ".turnpike", "database"))).close();
    for (const name of ["done", "held", "last"])
      home.write(
        `collections/cut/${name}.json`,
        collectionOf(name, [{ url: `${target.url}/${name}`, test: STATUS_200 }]),
      );
    home.write(
      "collections/cut/plan.yaml",
      "name: cut\ntasks:\n  done: { collection: done.json }\n  held: { collection: held.json }\n  both: { checkpoint: true, needs: [done, held] }\n  last: { collection: last.json, needs: [both] }\n",
    );
    proxies = await Promise.all(
      ["127.0.0.2", "127.0.0.3"].map((address) => openProxy(address, redis.port)),
    );
    service = home.start(["serve", "--redis", redis.url, "--lanes", "0", "--port", "0"]);
    [, url = ""] = await service.says(/serves at (http:\S+)/);
  });
  after(async () => {
    service.child.kill("SIGTERM");
    await service.ended;
    await home.remove();
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await target.close();
    await redis.close();
  });

  const work = async (address: string, port: number) => {
    const flags = `--redis redis://${address}:${String(port)} --lanes 2 --drain-timeout 10m`;
    const running = home.start(["worker", ...flags.split(" ")]);
    await running.says(/takes tasks of namespace/);
    return running;
  };
  const submit = (): Promise<RunAnswer> =>
    ask(`${url}/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"plan":"cut"}',
    });

  test("ends what it runs before long, records nothing of it, and the run ends right on the other one", async (context) => {
    const [near, far] = proxies;
    assert.ok(near !== undefined && far !== undefined);
    const lost = await work("127.0.0.2", near.port);
    target.hold("/done");
    target.hold("/held");
    const { id } = await submit();
    await waitUntil(() => target.held("/done") === 1 && target.held("/held") === 1);

    const other = await work("127.0.0.3", far.port);
    const cutAt = performance.now();
    const sinceCut = (): string => `${String(Math.round(performance.now() - cutAt))} ms`;
    near.cut();
    // One of its tasks comes to its end while it is cut off, and would be recorded; the other one goes on.
    target.release("/done");
    // Its lane is killed: from here on it sends nothing beside its successor.
    await lost.says(/ending what runs here/);
    context.diagnostic(`the worker noticed after ${sinceCut()}`);
    await waitUntil(() => target.seen("/done") === 2 && target.seen("/held") === 2);
    context.diagnostic(`both tasks were taken over after ${sinceCut()}`);
    await waitUntil(() => target.held("/held") === 1);
    await pause(Math.max(0, CUT_MS - (performance.now() - cutAt)));
    near.mend();
    context.diagnostic(`the cut lasted ${sinceCut()}`);
    await lost.says(/the queue answers again/);
    target.release();

    const run = await ask<RunAnswer>(`${url}/v1/runs/${id}?wait=60`);
    context.diagnostic(`the run ended after ${sinceCut()}`);
    assert.equal(run.verdict, "passed", JSON.stringify(run.nodes));
    assert.deepEqual(
      run.nodes.map((node) => [node.id, node.outcome?.status, node.outcome?.attempt]),
      [
        ["done", "passed", 2],
        ["held", "passed", 2],
        ["both", "passed", 0],
        ["last", "passed", 1],
      ],
    );
    const report = await ask<{
      totals: { counts: { requests: number; assertions: number } };
    }>(`${url}/v1/runs/${id}/report.json`);
    const { requests, assertions } = report.totals.counts;
    assert.deepEqual({ requests, assertions }, { requests: 3, assertions: 3 });
    const events = await (await fetch(`${url}/v1/runs/${id}/events`)).text();
    assert.equal(events.match(/^event: node\.ended$/gm)?.length, 4, events);
    assert.equal(target.seen("/done"), 2);
    assert.equal(target.seen("/held"), 2);
    assert.equal(target.seen("/last"), 1);
    // It is a worker like before: the next run finds it, and the other one can go.
    other.child.kill("SIGTERM");
    await other.ended;
    const next = await submit();
    assert.equal((await ask<RunAnswer>(`${url}/v1/runs/${next.id}?wait=60`)).verdict, "passed");
    lost.child.kill("SIGTERM");
    assert.equal((await lost.ended).code, 0);
  });

  test("a service that is cut off shows its runs all the same, and refuses what it cannot do for now", async () => {
    const [, far] = proxies;
    assert.ok(far !== undefined);
    const project = createProject();
    await (await openDatabase(join(project.directory, ".turnpike", "database"))).close();
    project.write("collections/one/c.json", collectionOf("c", [{ url: target.url }]));
    project.write("collections/one/plan.yaml", "name: one\ntasks:\n  a: { collection: c.json }\n");
    const redisUrl = `redis://127.0.0.3:${String(far.port)}`;
    const flags = `--redis ${redisUrl} --lanes 0 --port 0 --namespace far`;
    const running = project.start(["serve", ...flags.split(" ")]);
    const [, own = ""] = await running.says(/serves at (http:\S+)/);
    const headers = { "content-type": "application/json" };
    const post = (path: string, body: object): Promise<Response> =>
      fetch(own + path, { method: "POST", headers, body: JSON.stringify(body) });
    const { id } = (await (await post("/v1/runs", { plan: "one" })).json()) as RunAnswer;
    far.cut();
    const view = await fetch(`${own}/v1/runs/${id}`);
    assert.equal(view.status, 200);
    const daily = JSON.stringify({ plan: "one", cron: "0 4 * * *", timezone: "UTC" });
    const silent = /REDIS_UNREACHABLE.*Redis at 127\.0\.0\.3:\d+ d(?:oes|id) not answer/;
    const refused = await Promise.all([
      fetch(`${own}/v1/workers`),
      post("/v1/runs", { plan: "one" }),
      post("/v1/queue/pause", {}),
      fetch(`${own}/v1/schedules/daily`, { method: "PUT", headers, body: daily }),
    ]);
    assert.deepEqual(
      refused.map(({ status }) => status),
      [503, 503, 503, 503],
    );
    const texts = await Promise.all(refused.map((answer) => answer.text()));
    for (const text of texts) assert.match(text, silent);
    // What has been sent cannot be taken back.
    for (const change of texts.slice(2)) assert.match(change, /may still do what was asked/);
    // Of a run that was refused nothing is kept.
    const { runs } = await ask<{ runs: readonly object[] }>(`${own}/v1/runs`);
    assert.equal(runs.length, 1);
    far.mend();
    await waitUntil(async () => (await post("/v1/runs", { plan: "one" })).status === 202);
    running.child.kill("SIGTERM");
    assert.equal((await running.ended).code, 0);
    await project.remove();
  });

  test("can be stopped: the second signal ends it although it can hand nothing over", async () => {
    const [, far] = proxies;
    assert.ok(far !== undefined);
    const worker = await work("127.0.0.3", far.port);
    target.hold("/held");
    const { id } = await submit();
    await waitUntil(() => target.held("/held") === 1);
    far.cut();
    worker.child.kill("SIGTERM");
    await worker.says(/again to hand over at once/);
    worker.child.kill("SIGTERM");
    const { code, stderr } = await worker.ended;
    assert.equal(code, 3, stderr);
    assert.match(stderr, /stopped without handing over/);
    await waitUntil(() => target.held("/held") === 0);
    await ask(`${url}/v1/runs/${id}/cancel`, { method: "POST" });
  });
});
