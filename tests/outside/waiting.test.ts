/** What a waiting task waits for, as the run's document says it. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openHoldingTarget, type HoldingTarget } from "../support/holding-target.js";
import { openLiveService, type LiveService } from "../support/service.js";
import { waitUntil } from "../support/wait-until.js";

interface Answer {
  readonly id: string;
  readonly verdict: string | null;
  readonly nodes: readonly { readonly id: string; readonly waitingFor: string | null }[];
}

let target: HoldingTarget;
let service: LiveService;
before(async () => {
  target = await openHoldingTarget();
  service = await openLiveService({
    collections: {
      "locked/plan.yaml":
        "name: locked\ntasks:\n  migrate: { collection: held.json, lock: database }\n  report: { collection: held.json, needs: [migrate] }\n",
      "locked/held.json": collectionOf(target.url),
      "narrow/plan.yaml":
        "name: narrow\nparallel: 1\ntasks:\n  one: { collection: held.json }\n  two: { collection: held.json }\n",
      "narrow/held.json": collectionOf(target.url),
    },
    environments: {},
  });
});
after(async () => {
  await service.close();
  await target.close();
});

const ask = async (path: string, body?: object): Promise<Answer> => {
  const answer = await fetch(
    `${service.url}${path}`,
    body && {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    },
  );
  return (await answer.json()) as Answer;
};
const waits = async (id: string): Promise<Record<string, string | null>> => {
  const { nodes } = await ask(`/v1/runs/${id}`);
  return Object.fromEntries(nodes.map((node) => [node.id, node.waitingFor]));
};

/** For what a task waited, by the report of its run. */
const waitedFor = async (id: string, task: string): Promise<readonly string[]> => {
  const report = (await (await fetch(`${service.url}/v1/runs/${id}/report.json`)).json()) as {
    readonly tasks: readonly {
      readonly id: string;
      readonly waited: readonly { readonly reason: string }[];
    }[];
  };
  return report.tasks.flatMap((each) =>
    each.id === task ? each.waited.map(({ reason }) => reason) : [],
  );
};

test("a task that waits for a lock says who holds it, in another run as well, and nothing once it runs", async () => {
  target.hold("/held");
  const first = await ask("/v1/runs", { plan: "locked" });
  await waitUntil(() => target.held("/held") === 1);
  const second = await ask("/v1/runs", { plan: "locked" });
  const expected = `lock database, held by migrate of run ${first.id}`;
  await waitUntil(async () => (await waits(second.id))["migrate"] === expected);
  assert.deepEqual(await waits(second.id), { migrate: expected, report: null });
  assert.deepEqual(await waits(first.id), { migrate: null, report: null });
  target.release();
  for (const { id } of [first, second]) {
    assert.equal((await ask(`/v1/runs/${id}?wait=240`)).verdict, "passed");
    assert.deepEqual(await waits(id), { migrate: null, report: null });
  }
  assert.ok(!(await waitedFor(first.id, "migrate")).includes("lock database"));
  assert.ok((await waitedFor(second.id, "migrate")).includes("lock database"));
  assert.ok(!(await waitedFor(second.id, "report")).includes("lock database"));
});

test("a task that waits for a place within its run, or for the end of a pause, says so", async () => {
  target.hold("/held");
  const { id } = await ask("/v1/runs", { plan: "narrow" });
  await waitUntil(() => target.held("/held") === 1);
  const running = async (): Promise<string> =>
    Object.entries(await waits(id)).find(([, reason]) => reason === null)?.[0] ?? "";
  await waitUntil(async () =>
    Object.values(await waits(id)).includes(`parallel of its run, held by ${await running()}`),
  );
  const waiting = (await running()) === "one" ? "two" : "one";
  await ask(`/v1/runs/${id}/pause`, { by: "ann" });
  assert.equal((await waits(id))[waiting], "the run, which ann has paused");
  await ask(`/v1/runs/${id}/resume`, {});
  await ask("/v1/queue/pause", {});
  assert.equal((await waits(id))[waiting], "the queue, which is paused");
  await ask("/v1/queue/resume", {});
  target.release();
  assert.equal((await ask(`/v1/runs/${id}?wait=240`)).verdict, "passed");
  assert.ok((await waitedFor(id, waiting)).includes("parallel of its run"));
});

function collectionOf(url: string): object {
  const schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
  const exec = ['pm.test("it answers", () => pm.response.to.have.status(200));'];
  return {
    info: { name: "held", schema },
    item: [
      {
        name: "hold",
        request: { method: "GET", url: `${url}/held` },
        event: [{ listen: "test", script: { exec } }],
      },
    ],
  };
}
