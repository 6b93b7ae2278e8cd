/** The pool of connections to a PostgreSQL server: opened with a first look, patient while the server is away. */

import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "pg";
import { messageOf, TurnpikeError } from "../core/errors.js";
import { hasCode } from "./file.js";
import type { SqlPool } from "./sql.js";

export interface PostgresOptions {
  readonly maxConnections: number;
  /** Losses of idle connections; without a listener they would end the process. */
  readonly onError: (error: Error) => void;
}

export interface OpenPostgres {
  readonly pool: SqlPool;
  close(): Promise<void>;
}

const CONNECT_LIMIT_MS = 5000;
/** How long an operation waits for a server that restarts or fails over. */
const OUTAGE_LIMIT_MS = 20_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** The server refuses or ends connections: it starts, it stops, it has too many (PostgreSQL's appendix A, classes 57P and 53). */
const PASSING_CODES = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "08006",
];
/** Errors of the driver that carry no code. */
const PASSING_MESSAGES = /^(?:Connection terminated|timeout exceeded when trying to connect)/;

/** Throws POSTGRES_UNREACHABLE when the first look fails; later outages are waited out for a while. */
export async function openPostgres(url: string, options: PostgresOptions): Promise<OpenPostgres> {
  const place = postgresPlace(url);
  const driver = new Pool({
    connectionString: url,
    max: options.maxConnections,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    application_name: "turnpike",
    keepAlive: true,
  });
  driver.on("error", options.onError);
  // A client in use that loses its connection says so twice: to its query, and as an event that must have a listener.
  driver.on("connect", (client) => client.on("error", options.onError));
  try {
    await driver.query("SELECT 1");
  } catch (cause) {
    await driver.end();
    throw new TurnpikeError(
      "POSTGRES_UNREACHABLE",
      `PostgreSQL at ${place} cannot be reached: ${messageOf(cause)}; start it, correct postgresUrl (TURNPIKE_POSTGRES_URL), or leave it out to use the embedded database`,
      { cause },
    );
  }
  const connect: SqlPool["connect"] = async () => {
    const client = await retryWhileAway(place, () => driver.connect());
    return {
      query: (text, values) => client.query(text, values === undefined ? undefined : [...values]),
      release: (destroy) => {
        client.release(destroy);
      },
    };
  };
  const query: SqlPool["query"] = async (text, values) => {
    const once = async () => {
      const client = await connect();
      let broken = false;
      try {
        return await client.query(text, values);
      } catch (error) {
        broken = passes(error);
        throw error;
      } finally {
        client.release(broken);
      }
    };
    // What changes something is not sent twice: it may have had its effect although its answer was lost.
    return /^\s*SELECT\b/i.test(text) ? retryWhileAway(place, once) : once();
  };
  return { pool: { connect, query }, close: () => driver.end() };
}

/** `host:port/database` of a URL, without the user and the password. */
export function postgresPlace(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname === "" ? "localhost" : hostname}:${port === "" ? "5432" : port}${pathname}`;
}

function passes(error: unknown): boolean {
  return (
    PASSING_CODES.some((code) => hasCode(error, code)) || PASSING_MESSAGES.test(messageOf(error))
  );
}

async function retryWhileAway<Result>(
  place: string,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const until = Date.now() + OUTAGE_LIMIT_MS;
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (cause) {
      if (!passes(cause)) throw cause;
      if (Date.now() > until) {
        throw new TurnpikeError(
          "POSTGRES_UNREACHABLE",
          `PostgreSQL at ${place} did not take an operation although it was tried several times: ${messageOf(cause)}`,
          { cause },
        );
      }
      await pause(
        Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10)),
      );
    }
  }
}
