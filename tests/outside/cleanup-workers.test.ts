/** Test data of tasks that run on workers elsewhere, whole or in shards: nothing of it stays, also where a worker is killed. */

import assert from "node:assert/strict";
import { join } from "node:path";
import test, { after, before, describe } from "node:test";
import type { RunReport } from "../../src/reports/report.js";
import { openDatabase } from "../support/database.js";
import {
  creatingCollection,
  openDocumentTarget,
  type DocumentTarget,
} from "../support/document-target.js";
import { until } from "../support/lanes.js";
import { createProject, type Project, type Running } from "../support/project.js";
import { redisAbsence, startRedis, type RedisServer } from "../support/redis.js";

const absence = redisAbsence();

describe("clean-up on workers", { skip: absence ?? false }, () => {
  let redis: RedisServer;
  let target: DocumentTarget;
  let home: Project;
  let elsewhere: Project;
  let url = "";

  async function ask<Answer>(path: string, body?: object): Promise<Answer> {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    const answer = await fetch(`${url}${path}`, body === undefined ? {} : init);
    return (await answer.json()) as Answer;
  }

  /** The run when it has ended. A dead worker is noticed after 10 s, and machines are slow. */
  async function ended(id: string): Promise<{ readonly verdict: string | null }> {
    for (let tries = 0; ; tries++) {
      const run = await ask<{ state: string; verdict: string | null }>(`/v1/runs/${id}?wait=30`);
      if (run.state === "ended") return run;
      assert.ok(tries < 4, `run ${id} does not end`);
    }
  }

  /** A worker of one lane, in a folder that holds no configuration. */
  async function work(): Promise<Running> {
    const worker = elsewhere.start(["worker", "--redis", redis.url, "--lanes", "1"]);
    await worker.says(/takes tasks of namespace/);
    return worker;
  }

  async function stop(running: Running, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    running.child.kill(signal);
    await running.ended;
  }

  before(async () => {
    redis = await startRedis();
    target = await openDocumentTarget();
    home = createProject();
    elsewhere = createProject();
    await (await openDatabase(join(home.directory, ".turnpike", "database"))).close();
    const login = await fetch(`${target.url}/login`, { method: "POST" });
    const { token } = (await login.json()) as { readonly token: string };
    const headers = { Authorization: `Bearer ${token}` };
    // Somebody else's, which fill the first page of the list.
    for (const name of ["somebody", "else"])
      await fetch(`${target.url}/items`, {
        method: "POST",
        headers,
        body: JSON.stringify({ name }),
      });
    home.write("turnpike.yaml", {
      cleanup: {
        "*": [
          {
            list: `${target.url}/items`,
            items: "$.items",
            pages: { page: "page" },
            delete: `${target.url}/items/{{id}}`,
            headers,
          },
        ],
      },
    });
    for (const [plan, task] of [
      ["whole", "collection: c.json"],
      ["parts", "collection: c.json, iterations: 4, shards: 2"],
    ]) {
      home.write(`collections/${plan ?? ""}/c.json`, creatingCollection(target.url, { count: 3 }));
      home.write(
        `collections/${plan ?? ""}/plan.yaml`,
        `name: ${plan ?? ""}\ncleanup: { delete: created }\ntasks:\n  a: { ${task ?? ""} }\n  gate: { checkpoint: true, needs: [a], zeroOrphans: true, require: { mayFail: [a] } }\n`,
      );
    }
    const service = home.start(["serve", "--redis", redis.url, "--lanes", "0", "--port", "0"]);
    [, url = ""] = await service.says(/serves at (http:\S+)/);
  });
  after(async () => {
    await Promise.all([home.remove(), elsewhere.remove()]);
    await target.close();
    await redis.close();
  });

  test("a service without lanes cleans up where nobody is there to do it, and waits for nobody where there is nothing to do", async () => {
    const swept = await ask<object>("/v1/cleanup", { environment: [], dryRun: true });
    assert.deepEqual(swept, { dryRun: true, found: [], trouble: null });
    const { id } = await ask<{ readonly id: string }>("/v1/runs", { plan: "whole" });
    await ask(`/v1/runs/${id}/cancel`, {});
    await ended(id);
    const { tasks } = await ask<RunReport>(`/v1/runs/${id}/report.json`);
    assert.equal(tasks[0]?.status, "cancelled");
    assert.deepEqual([...target.documents.values()], ["somebody", "else"]);
  });

  test("a worker that is killed while it creates leaves nothing of its run, and the worker that takes over cleans up", async () => {
    const first = await work();
    target.holdAfter(2);
    const { id } = await ask<{ readonly id: string }>("/v1/runs", { plan: "whole" });
    await until(() => target.held() === 1, "the third document is created and its answer held");
    await stop(first, "SIGKILL");
    target.release();
    const second = await work();
    assert.equal((await ended(id)).verdict, "passed", second.text());
    assert.equal(target.created(), 2 + 3 + 3, "both attempts have created");
    assert.deepEqual([...target.documents.values()], ["somebody", "else"]);
    const { tasks } = await ask<RunReport>(`/v1/runs/${id}/report.json`);
    assert.equal(tasks[0]?.attempt, 2);
    assert.equal(tasks[0].ledger?.cleanup?.status, "passed");
    await stop(second);
  });

  test("a cancelled run is cleaned up after by a worker, because its service has no lanes", async () => {
    const worker = await work();
    target.holdAfter(2);
    const { id } = await ask<{ readonly id: string }>("/v1/runs", { plan: "whole" });
    await until(() => target.held() === 1, "the third document is created and its answer held");
    await ask(`/v1/runs/${id}/cancel`, {});
    await ended(id);
    target.release();
    const { tasks } = await ask<RunReport>(`/v1/runs/${id}/report.json`);
    assert.equal(tasks[0]?.status, "cancelled", worker.text());
    assert.equal(tasks[0].ledger?.cleanup?.status, "passed");
    assert.deepEqual([...target.documents.values()], ["somebody", "else"]);
    await stop(worker);
  });

  test("the parts of a task leave nothing on any worker, also where one is killed and the other is cut off", async () => {
    const created = target.created();
    const workers = [await work(), await work()];
    target.holdAfter(4);
    const { id } = await ask<{ readonly id: string }>("/v1/runs", { plan: "parts" });
    await until(() => target.held() === 2, "both parts are in the middle of creating");
    const [killed, cutOff] = workers;
    assert.ok(killed && cutOff);
    await stop(killed, "SIGKILL");
    target.release();
    await ended(id);
    assert.ok(target.created() >= created + 4 + 2, "both parts have created");
    const { tasks } = await ask<RunReport>(`/v1/runs/${id}/report.json`);
    assert.equal(tasks[0]?.split?.by, "iterations");
    const gate = tasks.find((node) => node.id === "gate");
    assert.equal(gate?.status, "passed", gate?.reason ?? "");
    assert.deepEqual([...target.documents.values()], ["somebody", "else"]);
    await stop(cutOff);
  });
});
