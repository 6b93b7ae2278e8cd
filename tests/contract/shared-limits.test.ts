import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { Redis } from "ioredis";
import type { SharedLimits } from "../../src/core/shared-limits.js";
import { createLocalLimits } from "../../src/queue/local-limits.js";
import { createRedisLimits } from "../../src/queue/redis-limits.js";
import { redisAbsence, startRedis } from "../support/redis.js";
import { waitUntil } from "../support/wait-until.js";

interface LimitsCase {
  readonly name: string;
  readonly absence: string | null;
  open(): Promise<{ create(leaseMs: number): SharedLimits; close(): Promise<void> }>;
}

let prefixes = 0;
const CASES: readonly LimitsCase[] = [
  {
    name: "memory",
    absence: null,
    open: () =>
      Promise.resolve({
        create: (leaseMs) => createLocalLimits({ leaseMs }),
        close: () => Promise.resolve(),
      }),
  },
  {
    name: "redis",
    absence: redisAbsence(),
    async open() {
      const server = await startRedis();
      const redis = new Redis(server.url);
      return {
        create: (leaseMs) =>
          createRedisLimits(redis, { prefix: `limits-${String((prefixes += 1))}`, leaseMs }),
        async close() {
          await redis.quit();
          await server.close();
        },
      };
    },
  },
];

const LONG_MS = 60_000;

function ask(owner: string, keys: readonly string[], limit = 1, rank = 0) {
  return { owner, waiter: `w-${owner}`, rank, permits: keys.map((key) => ({ key, limit })) };
}

for (const { name, absence, open } of CASES) {
  describe(`shared limits in ${name}`, { skip: absence ?? false }, () => {
    let opened: Awaited<ReturnType<LimitsCase["open"]>>;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    test("a key has as many places as its limit, and a released one goes to whoever waited", async () => {
      const { permits } = opened.create(LONG_MS);
      assert.deepEqual(await permits.acquire(ask("a", ["k"], 2)), { granted: true });
      assert.deepEqual(await permits.acquire(ask("b", ["k"], 2)), { granted: true });
      const refused = { granted: false, blockedBy: ["k"], freeInMs: null };
      assert.deepEqual(await permits.acquire(ask("c", ["k"], 2)), refused);
      assert.deepEqual(await permits.release({ owner: "a", keys: ["k"] }), ["w-c"]);
      assert.deepEqual(await permits.acquire(ask("c", ["k"], 2)), { granted: true });
      assert.deepEqual(await permits.acquire(ask("d", ["k"], 2)), refused);
    });

    test("what a waiter waits for is told with those who hold it, until it has it or waits no more", async () => {
      const { permits } = opened.create(LONG_MS);
      await permits.acquire(ask("a", ["k", "l"], 2));
      await permits.acquire(ask("b", ["k"], 2));
      await permits.acquire(ask("c", ["l", "k"], 2));
      await permits.acquire(ask("d", ["l"], 1));
      const told = async (...waiters: readonly string[]) =>
        (await permits.blocks(waiters)).map((blocks) =>
          blocks.map(({ key, owners }) => [key, owners.toSorted()]),
        );
      assert.deepEqual(await told("w-a", "w-c", "w-nobody", "w-d"), [
        [],
        [["k", ["a", "b"]]],
        [],
        [["l", ["a"]]],
      ]);
      await permits.release({ owner: "b", keys: ["k"] });
      await permits.acquire(ask("c", ["l", "k"], 2));
      assert.deepEqual(await told("w-c"), [[]]);
      await permits.forget("w-d");
      assert.deepEqual(await told("w-d"), [[]]);
      assert.deepEqual(await permits.blocks([]), []);
    });

    test("a waiter that is forgotten holds up nobody, whether the free place was offered to it or not", async () => {
      const { permits } = opened.create(LONG_MS);
      await permits.acquire(ask("a", ["k"]));
      await permits.acquire(ask("b", ["k"], 1, 1));
      await permits.acquire(ask("c", ["k"], 1, 2));
      await permits.acquire(ask("d", ["k"], 1, 3));
      assert.deepEqual(await permits.forget("w-b"), [], "the place is still held");
      assert.deepEqual(await permits.release({ owner: "a", keys: ["k"] }), ["w-c"]);
      assert.deepEqual(await permits.forget("w-c"), ["w-d"]);
      assert.deepEqual(await permits.forget("w-c"), [], "forgetting again changes nothing");
    });

    test("several keys are taken all or none", async () => {
      const { permits } = opened.create(LONG_MS);
      await permits.acquire(ask("a", ["one"]));
      assert.deepEqual(await permits.acquire(ask("b", ["two", "one"])), {
        granted: false,
        blockedBy: ["one"],
        freeInMs: null,
      });
      assert.deepEqual(await permits.acquire(ask("c", ["two"])), { granted: true });
      assert.deepEqual(await permits.release({ owner: "a", keys: ["one"] }), [], "two is held");
      assert.deepEqual(await permits.release({ owner: "c", keys: ["two"] }), ["w-b"]);
    });

    test("waiters are named by rank, no more of them than there are places, and each only once", async () => {
      const { permits } = opened.create(LONG_MS);
      await permits.acquire(ask("a", ["k"]));
      for (const [owner, rank] of [
        ["third", 30],
        ["first", 10],
        ["second", 20],
      ] as const)
        await permits.acquire(ask(owner, ["k"], 1, rank));
      assert.deepEqual(await permits.release({ owner: "a", keys: ["k"] }), ["w-first"]);
      assert.deepEqual(await permits.wake(), [], "the place is offered already");
      assert.deepEqual(await permits.acquire(ask("first", ["k"], 1, 10)), { granted: true });
      assert.deepEqual(await permits.release({ owner: "first", keys: ["k"] }), ["w-second"]);
    });

    test("whoever waits for another key does not hide those who could go on", async () => {
      const { permits } = opened.create(LONG_MS);
      await permits.acquire(ask("a", ["lock"]));
      await permits.acquire(ask("b", ["all"]));
      for (let count = 0; count < 60; count += 1)
        await permits.acquire(ask(`blocked-${String(count)}`, ["lock", "all"], 1, count));
      await permits.acquire(ask("free", ["all"], 1, 1000));
      await permits.release({ owner: "b", keys: ["all"] });
      await waitUntil(async () => {
        const named = await permits.wake();
        return named.includes("w-free");
      });
    });

    test("a holder that does not renew loses its place within the lease, and is told so", async () => {
      const { permits } = opened.create(2000);
      await permits.acquire(ask("dead", ["k"]));
      assert.equal((await permits.acquire(ask("heir", ["k"]))).granted, false);
      let named: readonly string[] = [];
      await waitUntil(async () => {
        named = await permits.wake();
        return named.length > 0;
      });
      assert.deepEqual(named, ["w-heir"]);
      assert.deepEqual(await permits.renew([{ owner: "dead", keys: ["k"] }]), ["dead"]);
      assert.deepEqual(await permits.acquire(ask("heir", ["k"])), { granted: true });
      assert.deepEqual(await permits.renew([{ owner: "heir", keys: ["k"] }]), []);
      await permits.release({ owner: "dead", keys: ["k"] });
      assert.deepEqual(await permits.renew([{ owner: "heir", keys: ["k"] }]), [], "still its own");
    });

    test("a place that frees itself is neither renewed nor released, and says when it is free", async () => {
      const { permits } = opened.create(LONG_MS);
      const staggered = (owner: string) => ({
        ...ask(owner, []),
        permits: [{ key: "stagger", limit: 1, holdMs: 2000 }],
      });
      assert.deepEqual(await permits.acquire(staggered("a")), { granted: true });
      const refused = await permits.acquire(staggered("b"));
      assert.ok(!refused.granted && refused.freeInMs !== null && refused.freeInMs <= 2000);
      await waitUntil(async () => (await permits.acquire(staggered("b"))).granted);
    });

    test("places of a rate are apart by its interval after the burst, whoever asks", async () => {
      const { rates } = opened.create(LONG_MS);
      const rate = { perSecond: 10, burst: 3 };
      const first = await rates.reserve("host", rate, 4);
      const second = await rates.reserve("host", rate, 2);
      assert.deepEqual(first.slice(0, 3), [0, 0, 0]);
      const last = second[1] ?? Number.NaN;
      // Six places with a burst of three: the last one is three intervals away, less what has passed meanwhile.
      assert.ok(last > 0 && last <= 300, `the sixth place is ${String(last)} ms away`);
      assert.ok(Math.abs(last - (second[0] ?? 0) - 100) < 1, "100 ms lie between two places");
      assert.deepEqual(await rates.reserve("other", rate, 1), [0]);
    });

    test("a caller's turns follow each other, and another caller's begin where the work stands", async () => {
      const { turns } = opened.create(LONG_MS);
      assert.equal(await turns.take("large", 200), 0);
      assert.equal(await turns.take("small", 5), 0);
      assert.equal(await turns.take("large", 10), 200);
      await turns.reached(40);
      await turns.reached(7);
      assert.equal(await turns.take("small", 5), 40, "it does not overtake what waits for long");
      assert.equal(await turns.take("large", 1), 210);
      await turns.reset();
      assert.equal(await turns.take("large", 1), 0);
    });
  });
}
