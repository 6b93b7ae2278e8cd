/** Deleting runs that have served their time, on a real store and real files. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { pino } from "pino";
import { deleteExpired } from "../../src/service/delete-expired.js";
import { createBlobDirectory } from "../../src/store/blob-directory.js";
import { createSqlRunStore } from "../../src/store/sql-runs.js";
import { migrateSql } from "../../src/store/sql-schema.js";
import { openDatabase } from "../support/database.js";
import { makeOutcome, makeRun } from "../support/run-store-contract.js";

test("expired runs go with the files only they used; shared files, open runs and others' runs stay", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "turnpike-retention-"));
  const { pool, close } = await openDatabase();
  context.after(async () => {
    await close();
    await rm(directory, { recursive: true, force: true });
  });
  await migrateSql(pool);
  const deps = {
    store: createSqlRunStore(pool),
    blobs: createBlobDirectory(directory),
    clock: { now: () => 10_000, random: () => "x" },
    namespace: "test",
    log: pino({ level: "silent" }),
  };
  const put = (text: string): Promise<string> => deps.blobs.put(new TextEncoder().encode(text));
  const own = await put("own");
  const shared = await put("shared");
  const abroad = await put("of another namespace, too");
  const files = { "a.json": own, "b.json": shared, "c.json": abroad };
  const left = await put("exports that nobody took");
  const { plan } = makeRun();
  const nodes = plan.nodes.map((node) =>
    node.kind === "task" ? { ...node, exports: ["environment" as const] } : node,
  );
  const old = makeRun({ createdAt: 1, files, plan: { ...plan, nodes } });
  const open = makeRun({ createdAt: 2, files: { "b.json": shared } });
  const passed = makeRun({ createdAt: 3, files: {} });
  const foreign = makeRun({ createdAt: 4, namespace: "another", files: { "a.json": abroad } });
  for (const run of [old, open, passed, foreign]) await deps.store.createRun(run);
  await deps.store.recordOutcome(old.id, makeOutcome("one", { outputs: left }));
  for (const { id } of [old, foreign])
    await deps.store.endRun(id, { verdict: "failed", endedAt: 5 });
  await deps.store.endRun(passed.id, { verdict: "passed", endedAt: 5 });
  const rule = { maxAgeMs: 1000, maxRuns: 10 };
  assert.deepEqual(await deleteExpired(deps, rule), { runs: 1, files: 1 });
  const standing = (await deps.store.listRuns({ limit: 10 })).map(({ run }) => run.id);
  assert.deepEqual(standing, [foreign.id, passed.id, open.id]);
  for (const gone of [own, left]) await assert.rejects(deps.blobs.get(gone), { code: "NOT_FOUND" });
  assert.equal(new TextDecoder().decode(await deps.blobs.get(shared)), "shared");
  assert.ok((await deps.blobs.get(abroad)).byteLength > 0);
  assert.deepEqual(await deleteExpired(deps, rule), { runs: 0, files: 0 });
});
