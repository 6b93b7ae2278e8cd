/** `turnpike collection shards` as a user types it. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { repository } from "../support/corpus.js";

async function shards(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(repository, "bin/turnpike.js"),
    "collection",
    "shards",
    join(repository, file),
  ]);
  return stdout;
}

test("the command names the independent parts of a collection, and why the others belong together", async () => {
  assert.equal(
    await shards("collections/tasks-1-10/task-4-health.postman_collection.json"),
    [
      "Task 4: Health check: 14 requests, 6 folders and requests at the top",
      "iterations  can run in parallel",
      "folders     5 independent parts:",
      "  1  Liveness, Metrics",
      "  2  Readiness",
      "  3  Misuse",
      "  4  Health gates",
      "  5  Still well",
      '  - "Metrics" reads "version" in "Metrics / Metrics" (test script, line 34), which "Liveness" sets in "Liveness / Health" (test script, line 20)',
      "",
    ].join("\n"),
  );
});

test("a file that is no collection is refused with the reason, and a missing one is named", async () => {
  await assert.rejects(shards("package.json"), { code: 2, stderr: /not a collection/ });
  await assert.rejects(shards("nothing.json"), { stderr: /nothing\.json cannot be read/ });
});
