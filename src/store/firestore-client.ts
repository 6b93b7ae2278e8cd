/** The one Firestore client of a process: opened with a first look, bounded, patient with errors that pass. */

import { setTimeout as pause } from "node:timers/promises";
import { Firestore, type Transaction } from "@google-cloud/firestore";
import { messageOf, TurnpikeError } from "../core/errors.js";
import { RUNS } from "./firestore-documents.js";
import { createLimit } from "./firestore-limit.js";
import { AttemptTimeout, passes, retry } from "./firestore-retry.js";

export interface FirestoreOptions {
  readonly project: string;
  /** Operations in flight at once, of this process. */
  readonly maxConcurrent: number;
}

export interface FirestoreClient {
  readonly database: Firestore;
  /**
   * Does one operation within the limits, again after errors that pass; the work must bear that. Throws FIRESTORE_BUSY when
   * too much waits already, FIRESTORE_UNREACHABLE when trying again did not help, and the client's own error otherwise.
   */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
  /**
   * Writes several documents, all or none, within the same limits. Meant for preconditions: an attempt may come twice.
   */
  write(fill: (writes: Writes) => void): Promise<void>;
  close(): Promise<void>;
}

type Writes = Pick<Transaction, "create" | "set" | "update" | "delete">;

const ATTEMPT_LIMIT_MS = 10_000;
const CLOSE_LIMIT_MS = 2000;
const WAIT_LIMIT_MS = 30_000;
/** For each operation in flight, so many more may wait. */
const WAITING_PER_PLACE = 50;

/** The client's own defaults wait up to ten minutes; here each call has one short try, and firestore-retry.ts does the rest. */
const METHODS = ["Commit", "RunQuery", "BatchGetDocuments"];
const CLIENT_CONFIG = {
  interfaces: {
    "google.firestore.v1.Firestore": {
      retry_codes: { none: [] },
      methods: Object.fromEntries(
        METHODS.map((method) => [
          method,
          { timeout_millis: ATTEMPT_LIMIT_MS, retry_codes_name: "none" },
        ]),
      ),
    },
  },
};

/**
 * Credentials are found as by every Google client (GOOGLE_APPLICATION_CREDENTIALS, gcloud's login, the machine's account);
 * with FIRESTORE_EMULATOR_HOST none are needed. Throws FIRESTORE_UNREACHABLE when the first look fails.
 */
export async function openFirestore(options: FirestoreOptions): Promise<FirestoreClient> {
  const named = process.env["FIRESTORE_EMULATOR_HOST"];
  // An empty variable, as docker compose makes them, names none.
  const emulator = named === "" ? undefined : named;
  // Without it the client asks Google's metadata server for credentials an emulator does not need, and waits for it.
  if (emulator !== undefined) process.env["METADATA_SERVER_DETECTION"] ??= "none";
  const place =
    emulator === undefined
      ? `Firestore of project ${options.project}`
      : `the Firestore emulator at ${emulator} (project ${options.project})`;
  const database = new Firestore({
    projectId: options.project,
    clientConfig: CLIENT_CONFIG,
    ignoreUndefinedProperties: false,
  });
  const underway = new Set<Promise<unknown>>();
  let isClosed = false;
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (isClosed) throw new TurnpikeError("DRAINING", `${place} is not used any more`);
    const operation = work();
    const settled: Promise<unknown> = operation.then(
      () => underway.delete(settled),
      () => underway.delete(settled),
    );
    underway.add(settled);
    return withinLimit(operation);
  };
  const close = async (): Promise<void> => {
    isClosed = true;
    // The client's own retries of a read throw where nobody can catch them once it is terminated, so that comes last. It is
    // not waited for when Firestore has fallen silent; what is underway comes to an end by its own limits.
    const terminated = Promise.all(underway).then(() => database.terminate());
    const limit = new AbortController();
    await Promise.race([
      terminated,
      pause(CLOSE_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined),
    ]);
    limit.abort();
  };
  try {
    // A write tells the most: the place, the credentials, the database, the permission. There is never such a document.
    await attempt(() =>
      commit(database, (writes) => writes.delete(database.doc(`${RUNS}/~probe`))),
    );
  } catch (cause) {
    await close();
    const remedy =
      emulator === undefined
        ? "check firestoreProject (TURNPIKE_FIRESTORE_PROJECT), the credentials (GOOGLE_APPLICATION_CREDENTIALS) and that the project has a Firestore database"
        : "start the emulator, or correct or unset FIRESTORE_EMULATOR_HOST";
    throw new TurnpikeError(
      "FIRESTORE_UNREACHABLE",
      `${place} cannot be reached: ${messageOf(cause)}; ${remedy}, or leave firestoreProject out to use the embedded database`,
      { cause },
    );
  }
  const limit = createLimit({
    maxConcurrent: options.maxConcurrent,
    maxWaiting: options.maxConcurrent * WAITING_PER_PLACE,
    waitLimitMs: WAIT_LIMIT_MS,
  });
  const run: FirestoreClient["run"] = async (work) => {
    try {
      return await retry(() => limit.run(() => attempt(work)));
    } catch (cause) {
      if (!passes(cause)) throw cause;
      throw new TurnpikeError(
        "FIRESTORE_UNREACHABLE",
        `${place} did not take an operation although it was tried several times: ${messageOf(cause)}`,
        { cause },
      );
    }
  };
  return { database, run, write: (fill) => run(() => commit(database, fill)), close };
}

/**
 * One commit. A transaction that reads nothing is only that, while the client's own batches try again for up to ten minutes
 * whatever its configuration says.
 */
async function commit(database: Firestore, fill: (writes: Writes) => void): Promise<void> {
  await database.runTransaction(
    (writes) => {
      fill(writes);
      return Promise.resolve();
    },
    { maxAttempts: 1 },
  );
}

async function withinLimit<Result>(operation: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AttemptTimeout(`no answer within ${String(ATTEMPT_LIMIT_MS)} ms`));
    }, ATTEMPT_LIMIT_MS);
  });
  try {
    return await Promise.race([operation, limit]);
  } finally {
    clearTimeout(timer);
  }
}
