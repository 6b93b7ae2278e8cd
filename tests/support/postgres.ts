/** A PostgreSQL server for tests: the one TURNPIKE_TEST_POSTGRES names, else one of the test's own where the programs are. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { freePort } from "./redis.js";

export interface PostgresServer {
  /** URL of a new, empty database. */
  newDatabase(): Promise<string>;
  /** Stops the server as a crash would, and starts it again at the same place; null for one that is not ours. */
  readonly restart: (() => Promise<void>) | null;
  close(): Promise<void>;
}

const START_LIMIT_MS = 30_000;
const DEBIAN_FOLDER = "/usr/lib/postgresql";

/** Why there is no server to test with; null when there is one. */
export function postgresAbsence(): string | null {
  if (process.env["TURNPIKE_TEST_POSTGRES"] !== undefined) return null;
  const otherwise = "and TURNPIKE_TEST_POSTGRES names no server";
  if (findPrograms() === null) return `there is no PostgreSQL server (initdb) here, ${otherwise}`;
  if (ownerOfServer() === null) return `PostgreSQL does not run as root here, ${otherwise}`;
  return null;
}

/** The server in use; databases made on it are dropped when it is closed. */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env["TURNPIKE_TEST_POSTGRES"];
  return given === undefined ? startOwn() : onServer(given, null, () => Promise.resolve());
}

async function startOwn(): Promise<PostgresServer> {
  const programs = findPrograms();
  const owner = ownerOfServer();
  if (programs === null || owner === null) throw new Error(postgresAbsence() ?? "no PostgreSQL");
  const directory = await mkdtemp(join(tmpdir(), "turnpike-postgres-"));
  await chmod(directory, 0o700);
  await chown(directory, owner.uid, owner.gid);
  const data = join(directory, "data");
  const made = spawnSync(
    join(programs, "initdb"),
    ["-D", data, "-U", "turnpike", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
    { ...owner, cwd: directory, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const url = `postgres://turnpike@127.0.0.1:${String(port)}/postgres`;
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(
      join(programs, "postgres"),
      ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", directory, "-F"],
      { ...owner, cwd: directory, stdio: "ignore" },
    );
    await answers(url, child);
    return child;
  };
  let server = await start();
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = new Promise((resolve) => server.once("exit", resolve));
    // Ends connections at once, without waiting for their clients.
    server.kill("SIGQUIT");
    await gone;
  };
  const restart = async (): Promise<void> => {
    await stop();
    server = await start();
  };
  return onServer(url, restart, async () => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  });
}

function onServer(
  url: string,
  restart: PostgresServer["restart"],
  stop: () => Promise<void>,
): PostgresServer {
  const made: string[] = [];
  return {
    restart,
    async newDatabase() {
      const name = `turnpike_test_${randomUUID().slice(0, 8)}`;
      await onceOn(url, `CREATE DATABASE ${name}`);
      made.push(name);
      const own = new URL(url);
      own.pathname = `/${name}`;
      return own.href;
    },
    async close() {
      for (const name of made) await onceOn(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await stop();
    },
  };
}

async function onceOn(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      await onceOn(url, "SELECT 1");
      return;
    } catch (cause) {
      if (server.exitCode !== null || Date.now() > deadline) {
        server.kill("SIGKILL");
        throw new Error(`PostgreSQL does not answer at ${url}`, { cause });
      }
      await pause(50);
    }
  }
}

/** The folder with initdb and postgres; Debian keeps it out of the PATH. */
function findPrograms(): string | null {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER).toSorted() : [];
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...versions.toReversed().map((version) => join(DEBIAN_FOLDER, version, "bin")),
  ];
  return (
    folders.find((folder) =>
      ["initdb", "postgres"].every((name) => existsSync(join(folder, name))),
    ) ?? null
  );
}

/** The server refuses to run as root, so root runs it as somebody else; null where there is nobody else. */
function ownerOfServer(): { readonly uid: number; readonly gid: number } | null {
  const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
  if (uid !== 0) return { uid, gid };
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((which) =>
      Number(spawnSync("id", [which, name], { encoding: "utf8" }).stdout.trim() || Number.NaN),
    );
    if (uid !== undefined && gid !== undefined && uid > 0 && gid > 0) return { uid, gid };
  }
  return null;
}
