import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import { judge } from "../../src/core/judge.js";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { jobOf, PASSING_TEST, sketchCollection } from "../support/collection.js";
import { laneSizes, runJob, until } from "../support/lanes.js";
import { startTarget, type Target } from "../support/target.js";

const task = { allowEmpty: false, timeoutMs: 60_000 };

let target: Target;
let lanes: Lanes;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-lane-"));
  target = await startTarget();
  lanes = createLanes({ ...laneSizes, size: 2 });
  await lanes.start();
});
after(async () => {
  await lanes.close();
  await target.close();
  await rm(folder, { recursive: true });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function pidOf(busy: boolean): number {
  const pid = lanes.status().find((lane) => lane.busy === busy)?.pid;
  assert.ok(pid);
  return pid;
}

/** A child of the test's own, to play deaths that Newman cannot be made to die. */
async function writeChild(name: string, text: string): Promise<URL> {
  const path = join(folder, `${name}.mjs`);
  await writeFile(path, text);
  return pathToFileURL(path);
}

test("a deadline kills the process, and nothing reaches the target afterwards", async () => {
  const collection = sketchCollection({ url: `${target.url}/deadline`, test: PASSING_TEST });
  const stop = new AbortController();
  const running = runJob(lanes, jobOf(collection, { iterations: 10_000 }), stop.signal);
  await target.arrived("/deadline", 5);
  const pid = pidOf(true);
  stop.abort();
  const { result } = await running;
  const seen = target.requests.length;
  assert.equal(result.ended, "stopped");
  assert.ok(!isAlive(pid), "the process is gone when the result is there");
  const judgement = judge(result, task, "deadline");
  assert.deepEqual([judgement.status, judgement.cause], ["timed_out", "deadline"]);
  // A whole run of another lane later, the stopped one has still sent nothing.
  await runJob(lanes, jobOf(sketchCollection({ url: `${target.url}/other`, test: PASSING_TEST })));
  assert.deepEqual(
    target.requests.slice(seen).map(({ path }) => path),
    ["/other"],
  );
});

test("a cancel reaches a request that is never answered, and an endless script", async () => {
  for (const item of [
    { url: `${target.url}/never` },
    { url: `${target.url}/loop`, prerequest: [`pm.sendRequest('${target.url}/loop'); for (;;);`] },
  ]) {
    const stop = new AbortController();
    const running = runJob(lanes, jobOf(sketchCollection(item)), stop.signal);
    if (item.url.endsWith("never")) await target.arrived("/never", 1);
    else await until(() => lanes.status().some(({ busy }) => busy), "the run is underway");
    stop.abort();
    const { result } = await running;
    assert.equal(judge(result, task, "cancelled").status, "cancelled");
  }
});

test("a process killed in the middle of a run is an outcome that says so, and touches no other run", async () => {
  const slow = (path: string, delayMs: number) =>
    jobOf(
      sketchCollection({
        url: `${target.url}${path}?delay=${String(delayMs)}`,
        test: PASSING_TEST,
      }),
    );
  await until(() => lanes.status().every(({ ready }) => ready), "both lanes have a process");
  const victim = runJob(lanes, slow("/victim", 60_000));
  await target.arrived("/victim", 1);
  const pid = pidOf(true);
  const other = runJob(lanes, slow("/bystander", 500));
  await target.arrived("/bystander", 1);
  process.kill(pid, "SIGKILL");
  const { result } = await victim;
  assert.equal(result.ended, "crashed");
  const judgement = judge(result, task, null);
  assert.deepEqual([judgement.status, judgement.cause], ["errored", "crash"]);
  assert.match(judgement.reason ?? "", /killed by SIGKILL/);
  assert.equal(judge((await other).result, task, null).status, "passed");
  await until(
    () => lanes.status().every((lane) => lane.pid !== null && lane.pid !== pid),
    "the lane has a new process",
  );
});

test("a run given to a process that dies before it has taken it goes on in another, and costs nothing", async () => {
  const own = createLanes({ ...laneSizes, size: 1 });
  try {
    await own.start();
    const pid = own.status()[0]?.pid;
    assert.ok(pid);
    // A stopped process takes nothing, and its parent cannot know.
    process.kill(pid, "SIGSTOP");
    const collection = sketchCollection({ url: `${target.url}/untouched`, test: PASSING_TEST });
    const running = runJob(own, jobOf(collection));
    await until(() => own.status().some(({ busy }) => busy), "the process has been given the run");
    process.kill(pid, "SIGKILL");
    const { result } = await running;
    assert.equal(judge(result, task, null).status, "passed");
    assert.equal(target.requests.filter(({ path }) => path === "/untouched").length, 1);
  } finally {
    await own.close();
  }
});

test("more runs than lanes wait for their turn, and all are run", async () => {
  const jobs = Array.from({ length: 6 }, (_, index) =>
    jobOf(
      sketchCollection({
        url: `${target.url}/queued-${String(index)}?delay=20`,
        test: PASSING_TEST,
      }),
    ),
  );
  const stop = new AbortController();
  const results = jobs.map((job) => runJob(lanes, job));
  const late = runJob(
    lanes,
    jobOf(sketchCollection({ url: `${target.url}/given-up` })),
    stop.signal,
  );
  stop.abort();
  assert.equal((await late).result.ended, "stopped");
  for (const { result } of await Promise.all(results))
    assert.equal(judge(result, task, null).status, "passed");
  assert.deepEqual(
    lanes.status().map(({ busy }) => busy),
    [false, false],
  );
  assert.ok(!target.requests.some(({ path }) => path === "/given-up"));
});

test(
  "a child sees none of the service's environment variables",
  { skip: !existsSync("/proc/self/environ") && "no /proc on this system" },
  async () => {
    process.env["TURNPIKE_TEST_SECRET"] = "do-not-hand-on";
    const own = createLanes({ ...laneSizes, size: 1 });
    try {
      await own.start();
      const [lane] = own.status();
      const environment = await readFile(`/proc/${String(lane?.pid)}/environ`, "utf8");
      const names = environment.split("\0").map((line) => line.split("=")[0]);
      // Node adds its own channel; coverage adds its folder.
      assert.deepEqual(
        names.filter((name) => name !== "" && !name?.startsWith("NODE_")),
        [],
      );
      assert.ok(!environment.includes("do-not-hand-on"));
    } finally {
      delete process.env["TURNPIKE_TEST_SECRET"];
      await own.close();
    }
  },
);

for (const [what, child, cause] of [
  [
    "ends without a word",
    "process.send({ type: 'ready' }); process.on('message', () => process.exit(0));",
    /exit code 0/,
  ],
  [
    "throws",
    "process.send({ type: 'ready' }); process.on('message', () => { throw new Error('broken inside'); });",
    /exit code 1: Error: broken inside/,
  ],
  [
    "sends what is no message",
    "process.send({ type: 'ready' }); process.on('message', () => process.send({ type: 'finished', counts: 'all green' }));",
    /a message that is none/,
  ],
  ["dies before it is ready", "throw new Error('cannot load');", /cannot load/],
] as const) {
  test(`a child that ${what} is a crash, never a pass`, async () => {
    const childModule = await writeChild(what.replaceAll(" ", "-"), child);
    const own = createLanes({ ...laneSizes, size: 1, childModule });
    try {
      for (let time = 0; time < 2; time++) {
        const { result } = await runJob(own, jobOf({}));
        assert.equal(result.ended, "crashed");
        assert.match(judge(result, task, null).reason ?? "", cause);
      }
    } finally {
      await own.close();
    }
  });
}

test(
  "a lane's process writes no file and starts no process",
  {
    skip:
      !process.allowedNodeEnvironmentFlags.has("--permission") && "this Node has no --permission",
  },
  async () => {
    const file = join(folder, "written.txt");
    for (const attempt of [
      `import("node:fs").then(({ writeFileSync }) => writeFileSync(${JSON.stringify(file)}, "x"))`,
      `import("node:child_process").then(({ execFileSync }) => execFileSync(process.execPath, ["--version"]))`,
    ]) {
      const childModule = await writeChild(
        "confined",
        `process.send({ type: "ready" }); process.on("message", () => ${attempt});`,
      );
      const own = createLanes({ ...laneSizes, size: 1, childModule });
      const { result } = await runJob(own, jobOf({}));
      await own.close();
      assert.equal(result.ended, "crashed");
      assert.match(
        judge(result, task, null).reason ?? "",
        /Access to this API has been restricted/,
      );
    }
    assert.ok(!existsSync(file));
  },
);

test("a service whose children cannot start is told why", async () => {
  const childModule = await writeChild("unstartable", "throw new Error('cannot load');");
  const own = createLanes({ ...laneSizes, size: 1, childModule });
  await assert.rejects(own.start(), { code: "NOT_READY", message: /cannot load/ });
  await own.close();
});

test("where one run is expected one process is started, and the other lane starts with the run that takes it", async () => {
  const own = createLanes({ ...laneSizes, size: 2, expectedRuns: 1, spareAfterMs: 0 });
  const processes = (): number => own.status().filter(({ pid }) => pid !== null).length;
  const run = (path: string): ReturnType<typeof runJob> =>
    runJob(own, jobOf(sketchCollection({ url: `${target.url}${path}`, test: PASSING_TEST })));
  try {
    await own.start();
    assert.equal(processes(), 1);
    for (const path of ["/expected", "/one-more"])
      assert.equal(judge((await run(path)).result, task, null).status, "passed");
    assert.equal(processes(), 1, "the lane that is ready is taken before the one that is not");
    const both = await Promise.all([run("/left"), run("/right")]);
    for (const { result } of both) assert.equal(judge(result, task, null).status, "passed");
    assert.equal(processes(), 2);
    assert.equal(own.spare(), null);
  } finally {
    await own.close();
  }
});

test("a lane gets a fresh process after its number of runs", async () => {
  const own = createLanes({ ...laneSizes, size: 1, recycleAfterRuns: 2 });
  const job = jobOf(sketchCollection({ url: target.url, test: PASSING_TEST }));
  try {
    const pids: (number | null | undefined)[] = [];
    for (let time = 0; time < 4; time++) {
      pids.push(own.status()[0]?.pid);
      assert.equal((await runJob(own, job)).result.ended, "finished");
    }
    await own.start();
    assert.equal(new Set([...pids.slice(1), own.status()[0]?.pid]).size, 3);
  } finally {
    await own.close();
  }
});

test("Ctrl-C in a terminal, which reaches every process, leaves the runs to the service", async () => {
  await until(() => lanes.status().every(({ ready }) => ready), "both lanes have a process");
  const running = runJob(
    lanes,
    jobOf(sketchCollection({ url: `${target.url}/interrupted?delay=300`, test: PASSING_TEST })),
  );
  await target.arrived("/interrupted", 1);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.kill(pidOf(true), signal);
  assert.equal(judge((await running).result, task, null).status, "passed");
});

test("closing ends what runs and what waits as stopped, and leaves no process", async () => {
  const own = createLanes({ ...laneSizes, size: 1 });
  await own.start();
  const pid = own.status()[0]?.pid;
  assert.ok(pid);
  const job = jobOf(sketchCollection({ url: `${target.url}/closing?delay=20000` }));
  const both = [runJob(own, job), runJob(own, job)];
  await target.arrived("/closing", 1);
  await own.close();
  for (const { result } of await Promise.all(both)) assert.equal(result.ended, "stopped");
  assert.ok(!isAlive(pid));
  assert.equal((await runJob(own, job)).result.ended, "stopped");
});

test("a child dies with its parent, even when the parent is killed outright", async () => {
  const lanesModule = new URL("../../src/newman/lanes.js", import.meta.url).href;
  const log = "{ debug() {}, warn() {} }";
  const program = `import { createLanes } from ${JSON.stringify(lanesModule)};
    const lanes = createLanes({ size: 1, memoryLimitMb: 512, recycleAfterRuns: 9, log: ${log} });
    await lanes.start();
    console.log(lanes.status()[0].pid);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line]: unknown[] = await once(parent.stdout, "data");
  const pid = Number(String(line));
  assert.ok(isAlive(pid));
  parent.kill("SIGKILL");
  await until(() => !isAlive(pid), "the child is gone");
});
