/** Labels as users meet them: the refusal on the embedded queue, the view of a run that waits, and the list of workers. */

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { openDatabase } from "../support/database.js";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";
import { redisAbsence, startRedis } from "../support/redis.js";
import { openTarget } from "../support/service.js";

interface RunAnswer {
  readonly id: string;
  readonly verdict: string | null;
  readonly nodes: readonly { readonly id: string; readonly waitingFor: string | null }[];
}

async function projectWithLabels(target: string): Promise<Project> {
  const project = createProject();
  await (await openDatabase(join(project.directory, ".turnpike", "database"))).close();
  project.write("collections/far/c.json", collectionOf("c", [{ url: target, test: STATUS_200 }]));
  project.write(
    "collections/far/plan.yaml",
    "name: far\ntasks:\n  near: { collection: c.json }\n  there: { collection: c.json, runsOn: [eu, gpu] }\n",
  );
  return project;
}

async function ask<Answer>(url: string, init?: RequestInit): Promise<Answer> {
  return (await (await fetch(url, init)).json()) as Answer;
}

test("on the embedded queue a plan is refused when the engine lacks its labels, and runs when it has them", async () => {
  const target = await openTarget((_, response) => void response.end("{}"));
  const project = await projectWithLabels(target.url);
  const refused = await project.run(["run", "far"]);
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(
    refused.stderr,
    /tasks\.there\.runsOn: it needs a worker with the labels eu and gpu, and this engine has none.*--labels eu,gpu/,
  );
  const passed = await project.run(["run", "far", "--quiet"], { TURNPIKE_LABELS: "gpu, eu" });
  assert.equal(passed.code, 0, passed.stderr);
  await project.remove();
  await target.close();
});

test(
  "a run says which worker it waits for, the list shows who is there, and the right worker ends it",
  { skip: redisAbsence() ?? false },
  async () => {
    const target = await openTarget((_, response) => void response.end("{}"));
    const redis = await startRedis();
    const project = await projectWithLabels(target.url);
    const flags = ["--redis", redis.url, "--lanes", "1"];
    const service = project.start(["serve", ...flags, "--port", "0"]);
    const [, url = ""] = await service.says(/serves at (http:\S+)/);
    const { id } = await ask<RunAnswer>(`${url}/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"plan":"far"}',
    });
    await service.says(/there will be waiting for a worker with the labels eu and gpu/);
    const waiting = await ask<RunAnswer>(`${url}/v1/runs/${id}`);
    assert.equal(
      waiting.nodes.find((node) => node.id === "there")?.waitingFor,
      "a worker with the labels eu and gpu",
    );
    const status = await project.run(["status", id, "--server", url]);
    assert.match(status.stdout, /there .*waiting for a worker with the labels eu and gpu/);

    const worker = project.start(["worker", ...flags, "--labels", "gpu,eu,ssd"]);
    await worker.says(/takes tasks of namespace/);
    const ended = await ask<RunAnswer>(`${url}/v1/runs/${id}?wait=240`);
    assert.equal(ended.verdict, "passed", JSON.stringify(ended.nodes));
    const { workers } = await ask<{
      workers: readonly { pid: number; lanes: number; labels: readonly string[] }[];
    }>(`${url}/v1/workers`);
    assert.deepEqual(
      new Map(workers.map(({ pid, lanes, labels }) => [pid, { lanes, labels }])),
      new Map([
        [service.child.pid, { lanes: 1, labels: [] }],
        [worker.child.pid, { lanes: 1, labels: ["eu", "gpu", "ssd"] }],
      ]),
    );
    const listed = await project.run(["workers", "--server", url]);
    assert.match(listed.stdout, /of 1 lanes busy, labels eu, gpu, ssd, version/);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^turnpike_workers 2$/m);
    for (const running of [worker, service]) {
      running.child.kill("SIGTERM");
      await running.ended;
    }
    await project.remove();
    await redis.close();
    await target.close();
  },
);
