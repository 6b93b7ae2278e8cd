/** The tables of the run store and how a database comes to have them. */

import { TurnpikeError } from "../core/errors.js";
import { inTransaction, type SqlPool } from "./sql.js";

/**
 * Documents are JSON kept as text: a NUL character, which a response may hold, cannot be stored as jsonb. Never change a
 * step that was released; add one.
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE turnpike.run (
    id text PRIMARY KEY,
    created_at bigint NOT NULL,
    document text NOT NULL,
    cancellation text,
    ending text,
    -- Number of the newest event: each append takes the next ones, so they are in order and without gaps.
    newest_event bigint NOT NULL DEFAULT 0
  );
  CREATE INDEX run_by_time ON turnpike.run (created_at, id);
  CREATE INDEX run_open ON turnpike.run (created_at, id) WHERE ending IS NULL;
  CREATE TABLE turnpike.outcome (
    run_id text NOT NULL,
    node text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (run_id, node)
  );
  CREATE TABLE turnpike.attempt (
    run_id text NOT NULL,
    node text NOT NULL,
    starts integer NOT NULL,
    PRIMARY KEY (run_id, node)
  );
  CREATE TABLE turnpike.event (
    run_id text NOT NULL,
    number bigint NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (run_id, number)
  );
  `,
  `
  CREATE TABLE turnpike.blob (
    hash text PRIMARY KEY,
    bytes bytea NOT NULL
  );
  `,
  // What the history is asked by. In a stored document json is read where jsonb could refuse a character.
  `
  ALTER TABLE turnpike.run ADD COLUMN plan text, ADD COLUMN branch text, ADD COLUMN environment text[], ADD COLUMN verdict text, ADD COLUMN pause text;
  UPDATE turnpike.run SET
    plan = document::json #>> '{plan,name}',
    environment = ARRAY(SELECT json_array_elements_text(document::json -> 'environment')),
    verdict = ending::json ->> 'verdict';
  CREATE INDEX run_by_plan ON turnpike.run (plan, created_at, id);
  CREATE INDEX run_by_branch ON turnpike.run (branch, created_at, id) WHERE branch IS NOT NULL;
  `,
];

/** Any number will do that no other program uses on the same database. */
const MIGRATION_LOCK = 7_281_996_011;

/** Brings the database up to date; harmless when it is, and when several processes do it at once. */
export async function migrateSql(pool: SqlPool): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.query("CREATE SCHEMA IF NOT EXISTS turnpike");
    await client.query(
      "CREATE TABLE IF NOT EXISTS turnpike.migration (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
    );
    const { rows } = await client.query(
      "SELECT COALESCE(MAX(version), 0)::int AS version FROM turnpike.migration",
    );
    const standing = Number(rows[0]?.["version"]);
    if (standing > STEPS.length) {
      throw new TurnpikeError(
        "NOT_READY",
        `the database was written by a newer Turnpike (schema ${String(standing)}, this one knows ${String(STEPS.length)}); use that version, or another database`,
      );
    }
    for (const [position, step] of STEPS.entries()) {
      if (position < standing) continue;
      await client.query(step);
      await client.query("INSERT INTO turnpike.migration (version) VALUES ($1)", [position + 1]);
    }
  });
}
