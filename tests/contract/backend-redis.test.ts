import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import test, { describe } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { TurnpikeError } from "../../src/core/errors.js";
import { redisBackend, type Backend } from "../../src/queue/backend.js";
import { freePort, redisAbsence, startRedis } from "../support/redis.js";

async function refusalOf(url: string): Promise<TurnpikeError> {
  const answer = await open(url).catch((error: unknown) => error);
  assert.ok(answer instanceof TurnpikeError, `it opened, or failed otherwise: ${String(answer)}`);
  return answer;
}

function open(url: string, warnings: string[] = [], notices: string[] = []): Promise<Backend> {
  return redisBackend(url, {
    namespace: "test",
    log: {
      warn: (message: string) => warnings.push(message),
      info: (message: string) => notices.push(message),
    },
  });
}

async function eventually(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await pause(25);
  }
}

test("a Redis that refuses the connection is named with its place and a remedy, without the password", async () => {
  const port = await freePort();
  const refusal = await refusalOf(`redis://user:hunter2@127.0.0.1:${String(port)}`);
  assert.equal(refusal.code, "REDIS_UNREACHABLE");
  assert.ok(refusal.message.includes(`127.0.0.1:${String(port)}`), refusal.message);
  assert.match(refusal.message, /ECONNREFUSED.*REDIS_URL/);
  assert.doesNotMatch(refusal.message, /hunter2/);
});

test(
  "a server that accepts and never answers is given up within seconds",
  { timeout: 15_000 },
  async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    try {
      const refusal = await refusalOf(`redis://127.0.0.1:${String(address.port)}`);
      assert.equal(refusal.code, "REDIS_UNREACHABLE");
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  },
);

describe("with a Redis server", { skip: redisAbsence() ?? false }, () => {
  test("a wrong password is told apart from a server that is down", async () => {
    const server = await startRedis();
    const admin = new (await import("ioredis")).Redis(server.url);
    await admin.config("SET", "requirepass", "right-one");
    admin.disconnect();
    try {
      const refusal = await refusalOf(server.url.replace("redis://", "redis://:hunter2@"));
      assert.equal(refusal.code, "REDIS_UNREACHABLE");
      assert.match(refusal.message, /WRONGPASS|invalid/i);
      assert.doesNotMatch(refusal.message, /hunter2|right-one/);
    } finally {
      await server.close();
    }
  });

  test("a server that may throw jobs away is warned of", async () => {
    const server = await startRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
    const warnings: string[] = [];
    const backend = await open(server.url, warnings);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /allkeys-lru.*noeviction/);
    await backend.close();
    await server.close();
  });

  test(
    "a server that goes away fails the ping and is told once, and work goes on when it is back",
    { timeout: 40_000 },
    async () => {
      const first = await startRedis();
      const warnings: string[] = [];
      const notices: string[] = [];
      const backend = await open(first.url, warnings, notices);
      const done: string[] = [];
      const worker = backend.createWorker("jobs", (job) => Promise.resolve(done.push(job.name)), {
        concurrency: 1,
      });
      worker.on("error", () => undefined);
      const queue = backend.createQueue("jobs");
      queue.on("error", () => undefined);
      await queue.add("before", {});
      await eventually(() => Promise.resolve(done.includes("before")), "the job before the loss");
      await first.close();
      await assert.rejects(backend.ping());
      const second = await startRedis({ port: first.port });
      await eventually(
        () =>
          backend.ping().then(
            () => true,
            () => false,
          ),
        "a ping after the loss",
      );
      await queue.add("after", {});
      await eventually(() => Promise.resolve(done.includes("after")), "the job after the loss");
      assert.match(warnings.join("\n"), /^Redis at 127\S+ cannot be reached \(.*\); trying again$/);
      assert.match(notices.join("\n"), /^Redis at 127\S+ answers again$/);
      await worker.close();
      await queue.close();
      await backend.close();
      await second.close();
    },
  );

  test(
    "closing the backend of a server that is gone does not hang",
    { timeout: 15_000 },
    async () => {
      const server = await startRedis();
      const backend = await open(server.url);
      await server.close();
      const since = Date.now();
      await backend.close();
      assert.ok(Date.now() - since < 2000, "closing waited for the server");
    },
  );
});
