/** A PostgreSQL server for tests, where TURNPIKE_TEST_POSTGRES names one (`postgres://user@host:5432/database`). */

import { z } from "zod";
import type { SqlPool } from "../../src/store/sql.js";

/** The package is no dependency of this project, so the compiler does not know it. */
const DRIVER = "pg";

interface DriverPool extends SqlPool {
  end(): Promise<void>;
}
const driverSchema = z.object({
  default: z.object({
    Pool: z.custom<new (options: { connectionString: string }) => DriverPool>(
      (value) => typeof value === "function",
    ),
  }),
});

/** Why there is no server to test with; null when there is one. */
export async function postgresAbsence(): Promise<string | null> {
  if (process.env["TURNPIKE_TEST_POSTGRES"] === undefined) {
    return "TURNPIKE_TEST_POSTGRES names no PostgreSQL server";
  }
  return import(DRIVER).then(
    () => null,
    () => "TURNPIKE_TEST_POSTGRES is set, but the package pg is not installed",
  );
}

/** A pool on the server; its `turnpike` schema is made anew. */
export async function openPostgres(): Promise<{ pool: SqlPool; close(): Promise<void> }> {
  const driver = driverSchema.parse(await import(DRIVER)).default;
  const pool = new driver.Pool({ connectionString: process.env["TURNPIKE_TEST_POSTGRES"] ?? "" });
  await pool.query("DROP SCHEMA IF EXISTS turnpike CASCADE");
  return { pool, close: () => pool.end() };
}
