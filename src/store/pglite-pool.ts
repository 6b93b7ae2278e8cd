/** One PGlite dressed as a `pg.Pool`: BullMQ and the run store share it, each through clients of their own. */

import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { PGlite } from "@electric-sql/pglite";
import type { PgPool, PgPoolClient, PgQueryResult } from "bullmq";
import { createMutex, type Mutex, type Release } from "./mutex.js";

const BEGINS = /^\s*(?:begin|start\s+transaction)\b/i;
const ENDS = /^\s*(?:commit|end|abort|rollback(?!\s+to\b))\b/i;
const LISTENS = /\blisten\s+"?(\w+)"?\s*;?\s*$/i;

/** BullMQ knows this text: work that straggles in while it closes is then dropped quietly. */
const ENDED = "Cannot use a pool after calling end on the pool";

/** The pool over an open database. `end` refuses further work and waits for what is underway; the database stays open. */
export function createPglitePool(database: PGlite): PgPool {
  return new PglitePool(database);
}

class PglitePool extends EventEmitter implements PgPool {
  readonly #database: PGlite;
  readonly #session = createMutex();
  #ended = false;

  constructor(database: PGlite) {
    super();
    // Each worker and queue adds listeners of its own; their number says nothing about a leak.
    this.setMaxListeners(0);
    this.#database = database;
  }

  async query<Row>(text: string, values?: readonly unknown[]): Promise<PgQueryResult<Row>> {
    this.#refuseWhenEnded();
    const release = await this.#session.acquire();
    try {
      return await runQuery<Row>(this.#database, text, values);
    } finally {
      release();
    }
  }

  connect(): Promise<PgPoolClient> {
    try {
      this.#refuseWhenEnded();
      return Promise.resolve(new PgliteClient(this.#database, this.#session));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    (await this.#session.acquire())();
  }

  #refuseWhenEnded(): void {
    if (this.#ended) throw new Error(ENDED);
  }
}

/**
 * A checked-out client. PGlite has a single session, so a client owns all of it from BEGIN to COMMIT or ROLLBACK; between
 * transactions clients take turns, query by query.
 */
class PgliteClient extends EventEmitter implements PgPoolClient {
  readonly #database: PGlite;
  readonly #session: Mutex;
  readonly #channels = new Set<string>();
  #transaction: Release | null = null;
  #stopListening: (() => void) | null = null;

  constructor(database: PGlite, session: Mutex) {
    super();
    this.setMaxListeners(0);
    this.#database = database;
    this.#session = session;
  }

  async query<Row>(text: string, values?: readonly unknown[]): Promise<PgQueryResult<Row>> {
    const release = this.#transaction ?? (await this.#session.acquire());
    if (BEGINS.test(text)) this.#transaction = release;
    this.#follow(text);
    try {
      return await runQuery<Row>(this.#database, text, values);
    } finally {
      // Also after an error: a COMMIT that fails has ended its transaction.
      if (ENDS.test(text)) this.#transaction = null;
      if (this.#transaction === null) release();
    }
  }

  release(): void {
    this.#stopListening?.();
    this.#stopListening = null;
    this.#channels.clear();
    const open = this.#transaction;
    if (open === null) return;
    this.#transaction = null;
    void this.#database.query("ROLLBACK").finally(open);
  }

  /** The session hears every channel any client listens to; each client passes on only its own. */
  #follow(text: string): void {
    const channel = LISTENS.exec(text)?.[1]?.toLowerCase();
    if (channel === undefined) return;
    this.#channels.add(channel);
    this.#stopListening ??= this.#database.onNotification((name, payload) => {
      if (this.#channels.has(name)) this.emit("notification", { channel: name, payload });
    });
  }
}

/**
 * Yields first: PGlite answers within microtasks, and a worker that polls it would starve every timer of the process.
 * Without values several statements are allowed, as with `pg`.
 */
async function runQuery<Row>(
  database: PGlite,
  text: string,
  values: readonly unknown[] | undefined,
): Promise<PgQueryResult<Row>> {
  await nextTurn();
  const result =
    values === undefined || values.length === 0
      ? (await database.exec(text)).at(-1)
      : await database.query(text, [...values]);
  if (result === undefined) return { rows: [], rowCount: 0 };
  // The caller names the type of its rows, as it does with `pg`; what comes from outside is parsed where it is used.
  return { rows: result.rows as Row[], rowCount: result.rows.length || (result.affectedRows ?? 0) };
}
