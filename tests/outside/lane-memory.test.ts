import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import { createLanes } from "../../src/newman/lanes.js";
import { jobOf, sketchCollection } from "../support/collection.js";
import { laneSizes } from "../support/lanes.js";

const BODY_BYTES = 1_000_000;
const REQUESTS = 500;
/** By here everything that grows once has grown. */
const WARM = 150;
/** A quarter of what the bodies of the rest would take if they were kept. */
const MOST_GROWTH_BYTES = ((REQUESTS - WARM) * BODY_BYTES) / 4;
const skip = !existsSync("/proc/self/status") && "this system has no /proc to read memory from";

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

test("the memory of a lane does not grow with the length of its run", { skip }, async (context) => {
  const body = Buffer.alloc(BODY_BYTES, "x");
  const target = createServer((_, response) => response.end(body));
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}`;
  const lanes = createLanes({ ...laneSizes, size: 1 });
  try {
    await lanes.start();
    const pid = lanes.status()[0]?.pid ?? 0;
    let seen = 0;
    let warmBytes = 0;
    let mostBytes = 0;
    const result = await lanes.run(jobOf(sketchCollection({ url }), { iterations: REQUESTS }), {
      signal: new AbortController().signal,
      onRecords: (records) => {
        seen += records.length;
        const bytes = residentBytes(pid);
        if (seen <= WARM) warmBytes = Math.max(warmBytes, bytes);
        else mostBytes = Math.max(mostBytes, bytes);
      },
    });
    assert.equal(result.ended, "finished");
    assert.equal(seen, REQUESTS);
    const growth = mostBytes - warmBytes;
    context.diagnostic(
      `${String(warmBytes)} bytes after ${String(WARM)}, then at most ${String(growth)} more`,
    );
    assert.ok(warmBytes > 0 && growth < MOST_GROWTH_BYTES, `it grew by ${String(growth)} bytes`);
  } finally {
    await lanes.close();
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
  }
});
