/** The part of a PostgreSQL pool this program uses; the embedded PGlite and the `pg` package both offer it. */

export interface SqlQueryable {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: Record<string, unknown>[]; readonly rowCount?: number | null }>;
}

interface SqlClient extends SqlQueryable {
  release(destroy?: boolean): void;
}

export interface SqlPool extends SqlQueryable {
  connect(): Promise<SqlClient>;
}

/** Runs `work` in one transaction on one connection: everything it wrote stands, or nothing does. */
export async function inTransaction<Result>(
  pool: SqlPool,
  work: (client: SqlQueryable) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // A connection that cannot even roll back is thrown away; the server ends its transaction.
    await client.query("ROLLBACK").catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
