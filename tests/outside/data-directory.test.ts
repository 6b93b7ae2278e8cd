import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { after, before } from "node:test";
import { TurnpikeError } from "../../src/core/errors.js";
import { lockDataDirectory } from "../../src/store/data-directory.js";
import { readFirstDatabase, writeFirstDatabase } from "../../src/store/first-database.js";
import { openPglite } from "../../src/store/pglite.js";
import { createSqlRunStore } from "../../src/store/sql-runs.js";
import { migrateSql } from "../../src/store/sql-schema.js";
import { openDatabase } from "../support/database.js";
import type { DatabaseMessage } from "../support/database-process.js";
import { makeOutcome } from "../support/run-store-contract.js";

let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "turnpike-data-"));
});
after(() => rm(root, { recursive: true, force: true }));

async function refusalOf(directory: string): Promise<TurnpikeError> {
  const answer = await lockDataDirectory(directory).catch((error: unknown) => error);
  assert.ok(answer instanceof TurnpikeError, `the lock was given, or failed: ${String(answer)}`);
  return answer;
}

async function heard(
  child: ChildProcess,
  isWanted: (message: DatabaseMessage) => boolean,
): Promise<void> {
  const gone = once(child, "exit").then(() => {
    throw new Error(`the process ended early with ${String(child.exitCode)}`);
  });
  gone.catch(() => undefined);
  for (;;) {
    const [message] = (await Promise.race([once(child, "message"), gone])) as [DatabaseMessage];
    if (isWanted(message)) return;
  }
}

test("a killed process loses nothing it had been answered, and its folder is taken over at once", async () => {
  const directory = join(root, "killed");
  const script = fileURLToPath(new URL("../support/database-process.js", import.meta.url));
  const child = fork(script, [directory, "http://127.0.0.1:4848"]);
  const acknowledged: string[] = [];
  child.on("message", (message: DatabaseMessage) => {
    if (message.kind === "stored") acknowledged.push(message.runId);
  });
  try {
    await heard(child, ({ kind }) => kind === "locked");
    const refusal = await refusalOf(directory);
    assert.equal(refusal.code, "DATA_DIRECTORY_IN_USE");
    assert.match(
      refusal.message,
      new RegExp(`process ${String(child.pid)}, serving http://127.0.0.1:4848 since`),
    );
    assert.match(refusal.message, /stop that process, or .* --data-dir DIR/);
    await heard(child, () => acknowledged.length >= 20);
  } finally {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  const data = await lockDataDirectory(directory);
  const database = await openDatabase(join(data.path, "database"));
  const store = createSqlRunStore(database.pool);
  assert.ok(
    acknowledged.length >= 20,
    `only ${String(acknowledged.length)} runs were acknowledged`,
  );
  for (const id of acknowledged) {
    assert.equal((await store.getRun(id))?.run.id, id);
    assert.deepEqual((await store.outcomes(id)).get("task-1"), makeOutcome("task-1"));
  }
  await database.close();
  await data.release();
});

test("a folder is free again after its release, and held once within one process as well", async () => {
  const directory = join(root, "released");
  const first = await lockDataDirectory(directory);
  assert.equal((await refusalOf(directory)).code, "DATA_DIRECTORY_IN_USE");
  await first.release();
  assert.deepEqual(await readdir(directory), ["id"]);
  const second = await lockDataDirectory(directory);
  // A late release of the first holder must not free what the second one holds.
  await first.release();
  assert.equal((await refusalOf(directory)).code, "DATA_DIRECTORY_IN_USE");
  await second.release();
});

test("of many that find a dead owner's lock at once exactly one gets it", async () => {
  const directory = join(root, "race");
  await writeLock(directory, { process: "another-boot 1" });
  const answers = await Promise.allSettled(
    Array.from({ length: 12 }, () => lockDataDirectory(directory)),
  );
  const winners = answers.filter((answer) => answer.status === "fulfilled");
  assert.equal(winners.length, 1);
  assert.equal((await refusalOf(directory)).code, "DATA_DIRECTORY_IN_USE");
  for (const winner of winners) await winner.value.release();
  assert.deepEqual(await readdir(directory), ["id"]);
});

test(
  "a lock whose process number belongs to another process now is taken over",
  { skip: withoutProc() },
  async () => {
    const directory = join(root, "reused");
    await writeLock(directory, { pid: process.pid, process: "another-boot 1" });
    await (await lockDataDirectory(directory)).release();
  },
);

test("an owner on another machine counts as alive by its heartbeat", async () => {
  const directory = join(root, "elsewhere");
  const lock = await writeLock(directory, { host: "another-machine", url: null });
  assert.match((await refusalOf(directory)).message, /on another-machine since/);
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(lock, longAgo, longAgo);
  await (await lockDataDirectory(directory)).release();
});

test("a lock that cannot be read belongs to nobody", async () => {
  const directory = join(root, "garbled");
  await mkdir(directory);
  await writeFile(join(directory, "lock.json"), "{ half a");
  await (await lockDataDirectory(directory)).release();
});

test("database files that are ruined are named with a remedy, and left alone", async () => {
  const directory = join(root, "ruined", "database");
  await (await openDatabase(directory)).close();
  const control = join(directory, "global", "pg_control");
  await writeFile(control, "ruined");
  await assert.rejects(
    openPglite({ directory, onFirstStart: () => undefined }),
    (error: unknown) => {
      assert.ok(error instanceof TurnpikeError);
      assert.equal(error.code, "DATA_DIRECTORY_BROKEN");
      assert.ok(error.message.includes(directory), error.message);
      assert.match(error.message, /move that folder away/);
      return true;
    },
  );
  assert.equal(await readFile(control, "utf8"), "ruined");
  assert.equal(process.exitCode, undefined);
});

test("a first start begins with the database the build has made, when there is one", async () => {
  await writeFirstDatabase();
  const directory = join(root, "built", "database");
  const database = await openPglite({
    directory,
    template: readFirstDatabase,
    onFirstStart: () => assert.fail("a database was made anew"),
  });
  await migrateSql(database.pool);
  assert.deepEqual(await createSqlRunStore(database.pool).openRuns(), []);
  await database.close();
});

test("a first start that was killed is begun anew", async () => {
  const directory = join(root, "half", "database");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "PG_VERSION"), "17\n");
  await writeFile(`${directory}.starting`, "");
  const database = await openDatabase(directory);
  assert.deepEqual((await database.pool.query("SELECT 1 AS one")).rows, [{ one: 1 }]);
  await database.close();
  assert.deepEqual(await readdir(join(root, "half")), ["database"]);
});

test("a data directory that is a file, or below one, is named with what to do", async () => {
  const file = join(root, "no-folder");
  await writeFile(file, "");
  for (const path of [file, join(file, "below")]) {
    const { code, message } = await refusalOf(path);
    assert.equal(code, "DATA_DIRECTORY_BROKEN");
    assert.match(message, /no-folder.* cannot be written: E.* with --data-dir$/);
  }
});

async function writeLock(
  directory: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, "lock.json");
  const owner = {
    token: "an-old-one",
    pid: process.pid,
    host: hostname(),
    startedAt: "2026-01-01T00:00:00.000Z",
    process: null,
    url: "http://127.0.0.1:1",
    ...changes,
  };
  await writeFile(path, JSON.stringify(owner));
  return path;
}

function withoutProc(): string | false {
  return process.platform === "linux" ? false : "only Linux says when a process was started";
}
