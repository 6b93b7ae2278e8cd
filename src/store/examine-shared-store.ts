/** What `turnpike doctor` says of a PostgreSQL server or a Firestore that keeps runs. */

import type { Config } from "../core/config.js";
import { TurnpikeError } from "../core/errors.js";
import { failed, found, type Finding } from "../core/finding.js";

/** Nothing where none is configured. Nothing is made in the database. */
export async function examineSharedStore(
  config: Pick<Config, "postgresUrl" | "firestoreProject">,
): Promise<readonly Finding[]> {
  const { postgresUrl, firestoreProject } = config;
  return [
    ...(postgresUrl === undefined
      ? []
      : [await examine("postgres", () => askPostgres(postgresUrl))]),
    ...(firestoreProject === undefined
      ? []
      : [await examine("firestore", () => askFirestore(firestoreProject))]),
    ...(postgresUrl !== undefined && firestoreProject !== undefined
      ? [
          failed(
            "store",
            "both postgresUrl and firestoreProject are set, and runs are kept in one place",
            "unset one of them",
          ),
        ]
      : []),
  ];
}

async function examine(part: string, ask: () => Promise<string>): Promise<Finding> {
  try {
    return found(part, await ask());
  } catch (error) {
    if (!(error instanceof TurnpikeError)) throw error;
    const [what = "", ...remedy] = error.message.split("; ");
    return failed(part, what, remedy.join("; "));
  }
}

async function askPostgres(url: string): Promise<string> {
  const { openPostgres, postgresPlace } = await import("./postgres.js");
  const { pool, close } = await openPostgres(url, { maxConnections: 1, onError: () => undefined });
  try {
    const { rows } = await pool.query("SELECT current_setting('server_version') AS version");
    return `PostgreSQL ${String(rows[0]?.["version"])} answers at ${postgresPlace(url)}`;
  } finally {
    await close();
  }
}

async function askFirestore(project: string): Promise<string> {
  const { openFirestore } = await import("./firestore-client.js");
  const client = await openFirestore({ project, maxConcurrent: 1 });
  await client.close();
  const emulator = process.env["FIRESTORE_EMULATOR_HOST"] ?? "";
  const where = emulator === "" ? "" : ` on the emulator at ${emulator}`;
  return `project ${project}${where} takes writes with these credentials`;
}
