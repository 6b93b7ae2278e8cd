/** Hosts with a worker each: the network cuts one off from Redis in the middle of its tasks, another one's worker falls asleep. */

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
import { openTickingTarget, type TickingTarget } from "../support/ticking-target.js";
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

// Both halves wait most of the time.
describe("a worker that is cut off", { skip: redisAbsence() ?? false, concurrency: true }, () => {
  let redis: RedisServer;
  let target: HoldingTarget;
  let ticking: TickingTarget;
  let home: Project;
  let away: Project;
  let proxies: readonly Proxy[] = [];
  let service: Running;
  let url = "";

  before(async () => {
    redis = await startRedis();
    target = await openHoldingTarget();
    ticking = await openTickingTarget();
    [home, away] = [createProject(), createProject()];
    // Here, because it blocks this process, in which the stretches of network lie as well.
    for (const { directory } of [home, away])
      await (await openDatabase(join(directory, ".turnpike", "database"))).close();
    away.write("collections/one/c.json", collectionOf("c", [{ url: target.url }]));
    away.write("collections/one/plan.yaml", "name: one\ntasks:\n  a: { collection: c.json }\n");
    for (const name of ["done", "held", "last"])
      home.write(
        `collections/cut/${name}.json`,
        collectionOf(name, [{ url: `${target.url}/${name}`, test: STATUS_200 }]),
      );
    home.write(
      "collections/cut/plan.yaml",
      "name: cut\ntasks:\n  done: { collection: done.json }\n  held: { collection: held.json }\n  both: { checkpoint: true, needs: [done, held] }\n  last: { collection: last.json, needs: [both] }\n",
    );
    const steady = "runHeader: true, delayRequest: 100ms, requestLimit: 1000000";
    for (const node of ["cut-off", "asleep"]) {
      home.write(`collections/${node}/ticking.json`, ticking.collection);
      home.write(
        `collections/${node}/plan.yaml`,
        `name: ${node}\ntasks:\n  ${node}: { collection: ticking.json, ${steady} }\n`,
      );
    }
    proxies = await Promise.all(
      ["127.0.0.2", "127.0.0.3", "127.0.0.4"].map((address) => openProxy(address, redis.port)),
    );
    service = home.start([
      "serve",
      ..."--lanes 0 --port 0 --namespace near --redis".split(" "),
      redis.url,
    ]);
    [, url = ""] = await service.says(/serves at (http:\S+)/);
  });
  after(async () => {
    service.child.kill("SIGTERM");
    await service.ended;
    await home.remove();
    await away.remove();
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await ticking.close();
    await target.close();
    await redis.close();
  });

  const work = async (address: string, { port }: Pick<Proxy, "port">, lanes: number) => {
    const flags = `--redis redis://${address}:${String(port)} --lanes ${String(lanes)} --drain-timeout 10m --namespace near`;
    const running = home.start(["worker", ...flags.split(" ")]);
    await running.says(/takes tasks of namespace/);
    return running;
  };
  const submit = (plan: string): Promise<RunAnswer> =>
    ask(`${url}/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ plan }),
    });

  describe("with others beside it", { concurrency: 1 }, () => {
    test("sends nothing once another worker has what it ran, and neither do the lanes of a worker that sleeps; all runs end right", async (context) => {
      const [near, far] = proxies;
      assert.ok(near !== undefined && far !== undefined);
      const lost = await work("127.0.0.2", near, 3);
      target.hold("/done");
      target.hold("/held");
      const { id } = await submit("cut");
      const steady = [(await submit("cut-off")).id];
      await waitUntil(() => target.held("/done") === 1 && target.held("/held") === 1);
      await waitUntil(() => ticking.ticks("cut-off", 1) > 0);
      // The other one has all its lanes full.
      const sleeper = await work("127.0.0.3", far, 1);
      steady.push((await submit("asleep")).id);
      await waitUntil(() => ticking.ticks("asleep", 1) > 0);

      const other = await work("127.0.0.3", far, 4);
      const cutAt = performance.now();
      const sinceCut = (): string => `${String(Math.round(performance.now() - cutAt))} ms`;
      near.cut();
      sleeper.child.kill("SIGSTOP");
      const before = ["cut-off", "asleep"].map((node) => ticking.ticks(node, 1));
      // One of its tasks comes to its end while it is cut off, and would be recorded; the other ones go on.
      target.release("/done");
      await waitUntil(() => target.seen("/done") === 2 && target.seen("/held") === 2);
      // For a while both go on, if the first ones do.
      await waitUntil(() => ticking.ticks("cut-off", 2) > 9 && ticking.ticks("asleep", 2) > 9);
      context.diagnostic(`all tasks were taken over after ${sinceCut()}`);
      assert.match(lost.text(), /ending it here/);
      await waitUntil(() => target.held("/held") === 1);
      await pause(Math.max(0, CUT_MS - (performance.now() - cutAt)));
      near.mend();
      sleeper.child.kill("SIGCONT");
      context.diagnostic(`the cut lasted ${sinceCut()}`);
      // What it sent meanwhile arrives, and comes too late.
      await lost.says(/Lock mismatch for job/);
      // The one that wakes finds that its lane has stopped.
      await sleeper.says(/the process ended itself|ending it here/);
      for (const [place, node] of ["cut-off", "asleep"].entries()) {
        const [during, after] = [
          ticking.ticks(node, 1) - (before[place] ?? 0),
          ticking.ticks(node, 2),
        ];
        context.diagnostic(
          `${node}: ${String(during)} requests after the cut, then ${String(after)}`,
        );
        assert.ok(during > 0, "its lane went on alone");
      }
      ticking.enough();
      target.release();
      for (const one of steady) {
        const { verdict, nodes } = await ask<RunAnswer>(`${url}/v1/runs/${one}?wait=240`);
        assert.equal(verdict, "passed");
        assert.equal(nodes[0]?.outcome?.attempt, 2);
      }
      assert.deepEqual([ticking.overlap("cut-off"), ticking.overlap("asleep")], [0, 0]);

      const run = await ask<RunAnswer>(`${url}/v1/runs/${id}?wait=240`);
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
      // It is a worker like before: the next run finds it, and the other ones can go.
      for (const one of [other, sleeper]) {
        one.child.kill("SIGTERM");
        await one.ended;
      }
      const next = await submit("cut");
      assert.equal((await ask<RunAnswer>(`${url}/v1/runs/${next.id}?wait=240`)).verdict, "passed");
      lost.child.kill("SIGTERM");
      assert.equal((await lost.ended).code, 0);
    });

    test("can be stopped: the second signal ends it although it can hand nothing over", async () => {
      const [, far] = proxies;
      assert.ok(far !== undefined);
      const worker = await work("127.0.0.3", far, 2);
      target.hold("/held");
      const { id } = await submit("cut");
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

  test("a service that is cut off shows its runs all the same, and refuses what it cannot do for now", async () => {
    const [, , far] = proxies;
    assert.ok(far !== undefined);
    const redisUrl = `redis://127.0.0.4:${String(far.port)}`;
    const flags = `--redis ${redisUrl} --lanes 0 --port 0 --namespace far`;
    const running = away.start(["serve", ...flags.split(" ")]);
    const [, own = ""] = await running.says(/serves at (http:\S+)/);
    const headers = { "content-type": "application/json" };
    const post = (path: string, body: object): Promise<Response> =>
      fetch(own + path, { method: "POST", headers, body: JSON.stringify(body) });
    const { id } = (await (await post("/v1/runs", { plan: "one" })).json()) as RunAnswer;
    far.cut();
    const view = await fetch(`${own}/v1/runs/${id}`);
    assert.equal(view.status, 200);
    const daily = JSON.stringify({ plan: "one", cron: "0 4 * * *", timezone: "UTC" });
    const silent = /REDIS_UNREACHABLE.*Redis at 127\.0\.0\.4:\d+ d(?:oes|id) not answer/;
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
  });
});
