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

/** Of the long collection: more requests than are sent and stored in one piece, and the one that is never answered. */
const LONG = 100;
const HELD = 76;

let project: Project;
let target: Server;
let requests = 0;
/** Requests beyond this number are heard and not answered: whoever sent one stays in the middle of it. */
let answered = Infinity;

before(async () => {
  project = createProject();
  target = createServer((_, response) => {
    requests += 1;
    if (requests <= answered) setTimeout(() => response.end("{}"), 20);
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
    "collections/long/plan.yaml",
    "name: long\ntasks:\n  long: { collection: long.json }\n",
  );
  const requestNumber = (index: number): { readonly url: string; readonly test: string[] } => ({
    url: `${base}/${String(index)}`,
    test: [...STATUS_200, `pm.test('number ${String(index)}', () => {});`],
  });
  project.write(
    "collections/long/long.json",
    collectionOf(
      "long",
      Array.from({ length: LONG }, (_, index) => requestNumber(index + 1)),
    ),
  );
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

interface ReportAnswer {
  readonly totals: { readonly counts: { readonly requests: number; readonly assertions: number } };
  readonly tasks: readonly {
    readonly requests: readonly {
      readonly name: string;
      readonly assertions: readonly unknown[];
    }[];
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

function submit(url: string, plan = "plan"): Promise<RunAnswer> {
  return ask(`${url}/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ plan }),
  });
}

async function whenTrue(what: string, isSo: () => boolean): Promise<void> {
  const until = Date.now() + 30_000;
  while (!isSo()) {
    assert.ok(Date.now() < until, `${what}: not within 30 s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Answers `count` more requests and holds those after them. */
function holdAfter(count: number): void {
  answered = requests + count;
}

async function whenHeld(count: number): Promise<void> {
  await whenTrue(`${String(count)} requests held`, () => requests >= answered + count);
}

/** Answers requests again; what was held hangs up, as whoever sent it is dead. */
function release(): void {
  answered = Infinity;
  target.closeAllConnections();
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
  // Task a passes; b and c are then both in the middle of a request.
  holdAfter(10);
  const { id } = await submit(first.url);
  await whenHeld(2);
  const children = childrenOf(first.running.child.pid ?? 0);
  first.running.child.kill("SIGKILL");
  await first.running.ended;
  await whenTrue("the lanes are gone with their service", () => !children.some(isAlive));
  const heard = requests;
  release();

  const second = await serve();
  assert.equal(requests, heard, "a request was sent while no service was there");
  await second.running.says(new RegExp(`going on with ${id}`));
  const run = await ask(`${second.url}/v1/runs/${id}?wait=240`);
  assert.equal(run.verdict, "passed");
  const attempts = Object.fromEntries(run.nodes.map((node) => [node.id, node.outcome?.attempt]));
  assert.equal(attempts["a"], 1, "what had passed is not run again");
  assert.equal(attempts["b"], 2);
  second.running.child.kill("SIGTERM");
  assert.equal((await second.running.ended).code, 0);
});

test("kill -9 of a lane costs only its task, names the cause, and the next run has all lanes", async () => {
  const { running, url } = await serve();
  holdAfter(0);
  const { id } = await submit(url);
  await whenHeld(1);
  const lanes = childrenOf(running.child.pid ?? 0);
  assert.ok(lanes.length > 0);
  // One of them runs task a; killing all makes sure that it is hit.
  for (const pid of lanes) process.kill(pid, "SIGKILL");
  await whenTrue("the lanes are gone", () => !lanes.some(isAlive));
  release();
  const run = await ask(`${url}/v1/runs/${id}?wait=240`);
  const outcome = run.nodes.find((node) => node.id === "a")?.outcome;
  assert.equal(outcome?.status, "errored");
  assert.match(outcome.reason ?? "", /SIGKILL/);
  const again = await submit(url);
  assert.equal((await ask(`${url}/v1/runs/${again.id}?wait=240`)).verdict, "passed");
  running.child.kill("SIGTERM");
  assert.equal((await running.ended).code, 0);
});

test("a lane killed at its 76th request leaves the 75 before it in the outcome and in the report", async () => {
  const { running, url } = await serve();
  holdAfter(HELD - 1);
  const { id } = await submit(url, "long");
  await whenHeld(1);
  const report = async (): Promise<ReportAnswer> =>
    (await (await fetch(`${url}/v1/runs/${id}/report.json`)).json()) as ReportAnswer;
  // What the lane has seen is on its way for a moment; the request that is held keeps it from seeing more.
  const until = Date.now() + 30_000;
  while ((await report()).tasks[0]?.requests.length !== HELD - 1)
    assert.ok(Date.now() < until, "the requests before it are not shown while it runs");
  for (const pid of childrenOf(running.child.pid ?? 0)) process.kill(pid, "SIGKILL");
  const run = await ask(`${url}/v1/runs/${id}?wait=240`);
  release();
  assert.equal(run.verdict, "errored");
  assert.match(run.nodes[0]?.outcome?.reason ?? "", /SIGKILL/);
  const { totals, tasks } = await report();
  assert.deepEqual([totals.counts.requests, totals.counts.assertions], [HELD - 1, 2 * (HELD - 1)]);
  const names = tasks[0]?.requests.map(({ name, assertions }) => [name, assertions.length]);
  assert.deepEqual(
    names,
    Array.from({ length: HELD - 1 }, (_, index) => [`long ${String(index + 1)}`, 2]),
  );
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
