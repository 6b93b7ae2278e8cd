/** The run store in SQL, the same for the embedded database and a PostgreSQL server. Tables are in sql-schema.ts. */

import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import { runEventSchema } from "../core/event.js";
import { outcomeSchema } from "../core/outcome.js";
import type { RunStore } from "../core/ports.js";
import type { Run, RunStatus } from "../core/run.js";
import { placeOf } from "../core/run-query.js";
import { cancellationSchema, pauseSchema, runEndSchema, runSchema } from "../core/stored-run.js";
import type { SqlPool } from "./sql.js";

const STATE_COLUMNS = "cancellation, ending, pause";
const RUN_COLUMNS = `document, ${STATE_COLUMNS}`;

/** A column with a stored document: JSON text, judged by the schema of what it holds. */
function documentColumn<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);
}

const runStateSchema = z.strictObject({
  cancellation: documentColumn(cancellationSchema).nullable(),
  ending: documentColumn(runEndSchema).nullable(),
  pause: documentColumn(pauseSchema).nullable(),
});
const runRowSchema = runStateSchema.extend({ document: documentColumn(runSchema) });
const outcomeRowSchema = z.strictObject({ document: documentColumn(outcomeSchema) });
const eventRowSchema = z.strictObject({ id: z.string(), document: documentColumn(runEventSchema) });
/** Numbers of events have at most as many digits as JavaScript counts exactly. */
const EVENT_ID = /^\d{1,15}$/;

/** A plan may hold many nodes, so only the runs of the moment are kept. */
const MAX_KNOWN_RUNS = 32;

/** Expects a migrated database. Each method is one statement, or one write and one read, so no transaction spans a call. */
export function createSqlRunStore(pool: SqlPool): RunStore {
  const first = async (text: string, values: readonly unknown[]): Promise<unknown> =>
    (await pool.query(text, values)).rows[0];

  /** Runs this process has read lately: what a run is made of never changes, and is asked for several times for each task. */
  const known = new Map<string, Run>();
  const remember = (status: RunStatus): RunStatus => {
    const [oldest] = known.keys();
    if (known.size >= MAX_KNOWN_RUNS && oldest !== undefined) known.delete(oldest);
    known.set(status.run.id, status.run);
    return status;
  };

  return {
    async createRun(run) {
      const inserted = await first(
        `INSERT INTO turnpike.run (id, created_at, document, plan, branch, environment)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id`,
        [run.id, run.createdAt, JSON.stringify(run), run.plan.name, run.branch, run.environment],
      );
      if (inserted !== undefined) return { run, created: true };
      const standing = await first(`SELECT ${RUN_COLUMNS} FROM turnpike.run WHERE id = $1`, [
        run.id,
      ]);
      return { run: toStatus(standing).run, created: false };
    },

    async getRun(runId) {
      const run = known.get(runId);
      if (run === undefined) {
        const row = await first(`SELECT ${RUN_COLUMNS} FROM turnpike.run WHERE id = $1`, [runId]);
        return row === undefined ? null : remember(toStatus(row));
      }
      const row = await first(`SELECT ${STATE_COLUMNS} FROM turnpike.run WHERE id = $1`, [runId]);
      return row === undefined ? null : statusOf(run, runStateSchema.parse(row));
    },

    async listRuns({ limit, before, ...filter }) {
      const place = before === undefined ? null : placeOf(before);
      // A condition whose value was not given holds for every run.
      const { rows } = await pool.query(
        `SELECT ${RUN_COLUMNS} FROM turnpike.run
         WHERE ($2::bigint IS NULL OR (created_at, id) < ($2::bigint, $3::text))
           AND ($4::text IS NULL OR plan = $4) AND ($5::text IS NULL OR $5 = ANY(environment))
           AND ($6::text IS NULL OR branch = $6) AND ($7::text IS NULL OR verdict = $7)
           AND ($8::bigint IS NULL OR created_at >= $8) AND ($9::bigint IS NULL OR created_at < $9)
         ORDER BY created_at DESC, id DESC LIMIT $1`,
        [
          limit,
          place?.createdAt,
          place?.id,
          filter.plan,
          filter.environment,
          filter.branch,
          filter.verdict,
          filter.since,
          filter.until,
        ].map((value) => value ?? null),
      );
      return rows.map(toStatus);
    },

    async openRuns() {
      const { rows } = await pool.query(
        "SELECT id FROM turnpike.run WHERE ending IS NULL ORDER BY created_at, id",
      );
      return rows.map((row) => z.string().parse(row["id"]));
    },

    async recordOutcome(runId, outcome) {
      await pool.query(
        "INSERT INTO turnpike.outcome (run_id, node, document) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [runId, outcome.node, JSON.stringify(outcome)],
      );
      // A statement of its own: only a later snapshot is sure to see the winner another worker has just committed.
      const standing = await first(
        "SELECT document FROM turnpike.outcome WHERE run_id = $1 AND node = $2",
        [runId, outcome.node],
      );
      return outcomeRowSchema.parse(standing).document;
    },

    async outcomes(runId, nodes) {
      const { rows } = await pool.query(
        "SELECT document FROM turnpike.outcome WHERE run_id = $1 AND ($2::text[] IS NULL OR node = ANY($2))",
        [runId, nodes ?? null],
      );
      const outcomes = rows.map((row) => outcomeRowSchema.parse(row).document);
      return new Map(outcomes.map((outcome) => [outcome.node, outcome]));
    },

    async nextAttempt(runId, node) {
      const row = await first(
        `INSERT INTO turnpike.attempt AS counter (run_id, node, starts) VALUES ($1, $2, 1)
         ON CONFLICT (run_id, node) DO UPDATE SET starts = counter.starts + 1 RETURNING starts`,
        [runId, node],
      );
      return z.object({ starts: z.int() }).parse(row).starts;
    },

    async startedNodes(runId) {
      const { rows } = await pool.query(
        "SELECT node FROM turnpike.attempt WHERE run_id = $1 ORDER BY node",
        [runId],
      );
      return rows.map((row) => z.string().parse(row["node"]));
    },

    async cancelRun(runId, cancellation) {
      const row = await first(
        "UPDATE turnpike.run SET cancellation = COALESCE(cancellation, $2) WHERE id = $1 RETURNING cancellation",
        [runId, JSON.stringify(cancellation)],
      );
      const standing = z.object({ cancellation: documentColumn(cancellationSchema) });
      return standing.parse(row ?? refuseUnknown(runId)).cancellation;
    },

    async pauseRun(runId, pause) {
      const row = await first("UPDATE turnpike.run SET pause = $2 WHERE id = $1 RETURNING id", [
        runId,
        pause === null ? null : JSON.stringify(pause),
      ]);
      if (row === undefined) refuseUnknown(runId);
    },

    async endRun(runId, end) {
      const row = await first(
        `UPDATE turnpike.run SET ending = COALESCE(ending, $2), verdict = COALESCE(verdict, $3)
         WHERE id = $1 RETURNING ending`,
        [runId, JSON.stringify(end), end.verdict],
      );
      const standing = z.object({ ending: documentColumn(runEndSchema) });
      return standing.parse(row ?? refuseUnknown(runId)).ending;
    },

    async deleteRun(runId) {
      known.delete(runId);
      await pool.query(
        `WITH outcomes AS (DELETE FROM turnpike.outcome WHERE run_id = $1),
           attempts AS (DELETE FROM turnpike.attempt WHERE run_id = $1),
           events AS (DELETE FROM turnpike.event WHERE run_id = $1)
         DELETE FROM turnpike.run WHERE id = $1`,
        [runId],
      );
    },

    async appendEvents(runId, events) {
      if (events.length === 0) return;
      // The update holds the run's row until the events are in, so a reader never sees a later number before an earlier one.
      const inserted = await first(
        `WITH counted AS (
           UPDATE turnpike.run SET newest_event = newest_event + $3::bigint WHERE id = $1
           RETURNING id, newest_event - $3::bigint AS base
         ), inserted AS (
           INSERT INTO turnpike.event (run_id, number, document)
           SELECT counted.id, counted.base + new.position, new.document
           FROM counted, unnest($2::text[]) WITH ORDINALITY AS new (document, position)
           RETURNING number
         )
         SELECT count(*)::int AS count FROM inserted`,
        [runId, events.map((event) => JSON.stringify(event)), events.length],
      );
      if (z.object({ count: z.int() }).parse(inserted).count === 0) refuseUnknown(runId);
    },

    async readEvents(runId, { after, limit }) {
      if (after !== undefined && !EVENT_ID.test(after)) {
        throw new TurnpikeError(
          "INVALID_REQUEST",
          `"${after}" is not the id of an event; give the id of the last event received, or none`,
        );
      }
      const { rows } = await pool.query(
        `SELECT number::text AS id, document FROM turnpike.event
         WHERE run_id = $1 AND number > $2::bigint ORDER BY number LIMIT $3`,
        [runId, after ?? "0", limit],
      );
      return rows.map((row) => {
        const { id, document } = eventRowSchema.parse(row);
        return { id, event: document };
      });
    },
  };
}

function toStatus(row: unknown): RunStatus {
  const { document, ...state } = runRowSchema.parse(row);
  return statusOf(document, state);
}

function statusOf(
  run: Run,
  { cancellation, ending, pause }: z.output<typeof runStateSchema>,
): RunStatus {
  return { run, end: ending, cancellation, ...(pause === null ? {} : { pause }) };
}

function refuseUnknown(runId: string): never {
  throw new TurnpikeError("NOT_FOUND", `there is no run ${runId}`);
}
