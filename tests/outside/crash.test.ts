import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import {
  collectionOf,
  createProject,
  STATUS_200,
  type Project,
  type Running,
} from "../support/project.js";

let project: Project;
let target: Server;
let requests = 0;

before(async () => {
  project = createProject();
  target = createServer((_, response) => {
    requests += 1;
    setTimeout(() => response.end("{}"), 150);
  });
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  const base = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}`;
  const collection = collectionOf(
    "c",
    Array.from({ length: 10 }, () => ({ url: base, test: STATUS_200 })),
  );
  for (const id of ["a", "b", "c", "d"]) project.write(`collections/plan/${id}.json`, collection);
  project.write(
    "collections/plan/plan.yaml",
    "name: plan\ntasks:\n  a: { collection: a.json }\n  b: { collection: b.json, needs: [a] }\n  c: { collection: c.json, needs: [a] }\n  gate: { checkpoint: true, needs: [b, c] }\n  d: { collection: d.json, needs: [gate] }\n",
  );
});
after(async () => {
  await project.remove();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

interface RunAnswer {
  readonly id: string;
  readonly state: string;
  readonly verdict: string | null;
  readonly nodes: readonly {
    readonly id: string;
    readonly state: string;
    readonly outcome: {
      readonly status: string;
      readonly attempt: number;
      readonly reason: string | null;
    } | null;
  }[];
}

async function serve(): Promise<{ readonly running: Running; readonly url: string }> {
  const running = project.start(["serve", "--port", "0", "--lanes", "2"]);
  const [, url = ""] = await running.says(/serves at (http:\S+)/);
  return { running, url };
}

async function ask(url: string, init?: RequestInit): Promise<RunAnswer> {
  const answer = await fetch(url, init);
  return (await answer.json()) as RunAnswer;
}

function submit(url: string): Promise<RunAnswer> {
  return ask(`${url}/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"plan":"plan"}',
  });
}

async function whenRunning(url: string, runId: string, nodeId: string): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    const { nodes } = await ask(`${url}/v1/runs/${runId}`);
    if (nodes.find(({ id }) => id === nodeId)?.state === "running") return;
    assert.ok(Date.now() < until, `${nodeId} did not start within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Processes whose parent is `pid`, read from /proc. */
function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        return (
          Number(
            /^\d+ \(.*\) \S (\d+)/s.exec(
              readFileSync(`/proc/${String(candidate)}/stat`, "utf8"),
            )?.[1],
          ) === pid
        );
      } catch {
        return false;
      }
    });
}

test("a run goes on and ends right after kill -9 of the service, and nothing is sent in between", async () => {
  const first = await serve();
  const { id } = await submit(first.url);
  await whenRunning(first.url, id, "b");
  const children = childrenOf(first.running.child.pid ?? 0);
  first.running.child.kill("SIGKILL");
  await first.running.ended;
  const until = Date.now() + 5000;
  while (children.some((pid) => isAlive(pid))) {
    assert.ok(Date.now() < until, "a lane outlived its service");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const heard = requests;

  const second = await serve();
  assert.equal(requests, heard, "a request was sent while no service was there");
  await second.running.says(new RegExp(`going on with ${id}`));
  const run = await ask(`${second.url}/v1/runs/${id}?wait=60`);
  assert.equal(run.verdict, "passed");
  const attempts = Object.fromEntries(run.nodes.map((node) => [node.id, node.outcome?.attempt]));
  assert.equal(attempts["a"], 1, "what had passed is not run again");
  assert.equal(attempts["b"], 2);
  second.running.child.kill("SIGTERM");
  assert.equal((await second.running.ended).code, 0);
});

test("kill -9 of a lane costs only its task, names the cause, and the next run has all lanes", async () => {
  const { running, url } = await serve();
  const { id } = await submit(url);
  await whenRunning(url, id, "a");
  const [lane] = childrenOf(running.child.pid ?? 0);
  assert.ok(lane !== undefined);
  // One of the two lanes runs task a; killing both makes sure that it is hit.
  for (const pid of childrenOf(running.child.pid ?? 0)) process.kill(pid, "SIGKILL");
  const run = await ask(`${url}/v1/runs/${id}?wait=60`);
  const outcome = run.nodes.find((node) => node.id === "a")?.outcome;
  assert.equal(outcome?.status, "errored");
  assert.match(outcome.reason ?? "", /SIGKILL/);
  const again = await submit(url);
  assert.equal((await ask(`${url}/v1/runs/${again.id}?wait=60`)).verdict, "passed");
  running.child.kill("SIGTERM");
  assert.equal((await running.ended).code, 0);
});

test("a second process does not open the data directory, and says who has it", async () => {
  const { running, url } = await serve();
  const { code, stderr } = await project.run(["run", "plan"]);
  assert.equal(code, 3);
  assert.match(
    stderr,
    new RegExp(`in use by process ${String(running.child.pid)}, serving ${url}`),
  );
  running.child.kill("SIGTERM");
  await running.ended;
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
