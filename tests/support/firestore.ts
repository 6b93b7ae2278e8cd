/** The official Firestore emulator for tests: the one FIRESTORE_EMULATOR_HOST names, else one of the test's own by gcloud. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openFirestore, type FirestoreClient } from "../../src/store/firestore-client.js";
import { freePort } from "./redis.js";

interface FirestoreEmulator {
  /** `host:port`; also in FIRESTORE_EMULATOR_HOST of this process until it is closed. */
  readonly host: string;
  close(): Promise<void>;
}

const START_LIMIT_MS = 60_000;

/** Why there is no emulator here; null when there is one. */
export function firestoreAbsence(): string | null {
  if (process.env["FIRESTORE_EMULATOR_HOST"] !== undefined) return null;
  const otherwise = "and FIRESTORE_EMULATOR_HOST names no emulator";
  const gcloud = spawnSync("gcloud", ["info", "--format=value(installation.sdk_root)"], {
    encoding: "utf8",
  });
  if (gcloud.status !== 0) return `there is no gcloud on this machine, ${otherwise}`;
  if (!existsSync(join(gcloud.stdout.trim(), "platform", "cloud-firestore-emulator")))
    return `gcloud has no component cloud-firestore-emulator here, ${otherwise}`;
  if (spawnSync("java", ["-version"]).status !== 0)
    return `there is no Java for gcloud's Firestore emulator, ${otherwise}`;
  return null;
}

/** Starts an emulator on a free port unless there is one already. */
export async function startFirestore(): Promise<FirestoreEmulator> {
  const given = process.env["FIRESTORE_EMULATOR_HOST"];
  if (given !== undefined) return { host: given, close: () => Promise.resolve() };
  const port = await freePort();
  const host = `127.0.0.1:${String(port)}`;
  const directory = await mkdtemp(join(tmpdir(), "turnpike-firestore-"));
  // A group of its own: gcloud starts a shell that starts Java, and all of them must go.
  const emulator = spawn(
    "gcloud",
    ["emulators", "firestore", "start", `--host-port=${host}`, "--quiet"],
    {
      cwd: directory,
      detached: true,
      stdio: "ignore",
      env: { ...process.env, CLOUDSDK_CONFIG: directory },
    },
  );
  const kill = (): void => {
    killGroup(emulator);
  };
  const leave = (): void => process.exit(1);
  process.once("exit", kill).once("SIGINT", leave).once("SIGTERM", leave);
  const close = async (): Promise<void> => {
    delete process.env["FIRESTORE_EMULATOR_HOST"];
    process.off("exit", kill).off("SIGINT", leave).off("SIGTERM", leave);
    killGroup(emulator);
    while (await listens(port)) await pause(25);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await listens(port))) {
    if (emulator.exitCode === null && Date.now() < deadline) await pause(50);
    else {
      await close();
      throw new Error(
        `the Firestore emulator does not answer at ${host}; its exit code is ${String(emulator.exitCode)}`,
      );
    }
  }
  process.env["FIRESTORE_EMULATOR_HOST"] = host;
  return { host, close };
}

/** A name of a project nobody else uses: an emulator keeps projects apart. */
export function newProject(): string {
  return `demo-turnpike-${randomUUID().slice(0, 8)}`;
}

/** A client of the emulator in use. */
export async function openClient(
  project: string = newProject(),
  maxConcurrent = 20,
): Promise<FirestoreClient> {
  return openFirestore({ project, maxConcurrent });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The whole group is gone already.
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const answer = (isListening: boolean) => (): void => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once("connect", answer(true));
    socket.once("error", answer(false));
  });
}
