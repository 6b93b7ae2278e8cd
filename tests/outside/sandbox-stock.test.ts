import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { jobOf, sketchCollection } from "../support/collection.js";
import { laneSizes, runJob, until } from "../support/lanes.js";
import { startTarget, type Target } from "../support/target.js";

let target: Target;
let lanes: Lanes;
let folder: string;
const warnings: string[] = [];
const log = {
  debug: () => undefined,
  warn: (_: object, message: string) => void warnings.push(message),
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-stock-"));
  target = await startTarget();
  lanes = createLanes({ ...laneSizes, size: 1, log });
  await lanes.start();
});
after(async () => {
  await lanes.close();
  await target.close();
  await rm(folder, { recursive: true });
});

test("with the versions package.json names there is a stock, and nothing is warned of", () => {
  assert.deepEqual(warnings, []);
});

test("what a script leaves behind in its sandbox is gone for the next run of the same process", async () => {
  const leave = [
    "Array.prototype.left = 1; pm.globals.set('left', 2);",
    "pm.test('left', () => pm.expect([].left).to.equal(1));",
  ];
  const look = [
    "const seen = [[].left, pm.globals.get('left')].filter((one) => one !== undefined);",
    "pm.test('nothing is left', () => pm.expect(seen).to.eql([]));",
  ];
  const pid = lanes.status()[0]?.pid;
  for (const script of [leave, look, leave, look]) {
    const collection = sketchCollection({ url: `${target.url}/left`, test: script });
    const { result, records } = await runJob(lanes, jobOf(collection));
    assert.equal(result.ended, "finished");
    assert.deepEqual(
      records.flatMap(({ assertions }) => assertions.map(({ message }) => message)),
      [null],
    );
  }
  assert.equal(lanes.status()[0]?.pid, pid, "all of it ran in one process");
});

test("a run with a script timeout gets a sandbox of its own, which keeps to that timeout", async () => {
  const endless = sketchCollection({ url: `${target.url}/endless`, test: ["while (true) {}"] });
  const { result } = await runJob(lanes, jobOf(endless, { timeoutScriptMs: 200 }));
  assert.ok(result.ended === "finished" && result.failures.length > 0);
  const green = sketchCollection({
    url: `${target.url}/after`,
    test: ["pm.test('goes on', () => pm.response.to.have.status(200));"],
  });
  const next = await runJob(lanes, jobOf(green));
  assert.ok(next.result.ended === "finished" && next.result.counts.failures === 0);
});

test("a lane whose process is killed goes on in the spare one, which had been ready before", async () => {
  const spared = createLanes({ ...laneSizes, size: 1, recycleAfterRuns: 1, log, spareAfterMs: 0 });
  try {
    await spared.start();
    await until(() => spared.spare() === "ready", "the spare process is ready");
    const job = jobOf(
      sketchCollection({
        url: `${target.url}/spare`,
        test: ["pm.test('passes', () => pm.response.to.have.status(200));"],
      }),
    );
    const first = spared.status()[0]?.pid;
    await runJob(spared, job);
    assert.notEqual(spared.status()[0]?.pid, first);
    assert.equal(spared.status()[0]?.ready, true, "the lane's new process needs no start");
    const { result } = await runJob(spared, job);
    assert.equal(result.ended, "finished");
  } finally {
    await spared.close();
  }
});
