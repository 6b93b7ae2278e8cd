/** Every queue backend, for suites that must hold on all of them. */

import { embeddedBackend, redisBackend, type Backend } from "../../src/queue/backend.js";
import type { OpenPglite } from "../../src/store/pglite.js";
import { openDatabase } from "./database.js";
import { openEngine, type Engine } from "./engine.js";
import { redisAbsence, startRedis } from "./redis.js";

export interface BackendCase {
  readonly name: Backend["name"];
  /** Why it cannot be tried here; null when it can. */
  absence(): string | null;
  /** `close` also stops the server that was started for it. */
  open(database: OpenPglite): Promise<{ readonly backend: Backend; close(): Promise<void> }>;
}

export const BACKENDS: readonly BackendCase[] = [
  {
    name: "embedded",
    absence: () => null,
    open(database) {
      const backend = embeddedBackend(database.pool);
      return Promise.resolve({ backend, close: () => backend.close() });
    },
  },
  {
    name: "redis",
    absence: redisAbsence,
    async open() {
      const server = await startRedis();
      const backend = await redisBackend(server.url, {
        namespace: "test",
        log: {
          warn: (message: string) => {
            throw new Error(message);
          },
          info: () => undefined,
        },
      });
      return {
        backend,
        async close() {
          await backend.close();
          await server.close();
        },
      };
    },
  },
];

/** An engine on a backend and a database of its own; `close` ends all three. */
export async function openEngineOn(
  open: BackendCase["open"],
  parts: { readonly lanes?: number } = {},
): Promise<{ readonly engine: Engine; close(): Promise<void> }> {
  const database = await openDatabase();
  const { backend, close } = await open(database);
  const engine = await openEngine({ pool: database.pool, backend, ...parts });
  return {
    engine,
    async close() {
      await engine.close();
      await close();
      await database.close();
    },
  };
}
