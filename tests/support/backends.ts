/** Every queue backend, for suites that must hold on all of them. */

import { embeddedBackend, redisBackend, type Backend } from "../../src/queue/backend.js";
import type { OpenPglite } from "../../src/store/pglite.js";
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
        onError: (error) => {
          throw error;
        },
        onWarning: (message) => {
          throw new Error(message);
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
