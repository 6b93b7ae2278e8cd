/** The clock of schedules on every queue: one tick each, however many services there are, and one for all that were missed. */

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { pino } from "pino";
import { createScheduleClock } from "../../src/queue/schedule-clock.js";
import { BACKENDS } from "../support/backends.js";
import { openDatabase } from "../support/database.js";
import { waitUntil } from "../support/wait-until.js";

const EVERY_SECOND = { plan: "nightly", cron: "* * * * * *", timezone: "UTC" };

for (const { name, open, absence } of BACKENDS) {
  describe(`schedules on ${name}`, { skip: absence() ?? false }, () => {
    let backend: Awaited<ReturnType<typeof open>>["backend"];
    let closeAll: () => Promise<void>;

    before(async () => {
      const database = await openDatabase();
      const opened = await open(database);
      backend = opened.backend;
      closeAll = async () => {
        await opened.close();
        await database.close();
      };
    });
    after(() => closeAll());

    const openClock = () => createScheduleClock(backend, pino({ level: "silent" }));
    /** When the tick was due: its id ends with that time. */
    const dueAt = (tick: string): number => Number(/\d{13}$/.exec(tick)?.[0]);

    test("two services share the ticks, each tick comes once, and what came of the last one is shown", async () => {
      const clocks = [openClock(), openClock()];
      const ticks: string[] = [];
      for (const clock of clocks)
        await clock.start(({ tick }) => {
          ticks.push(tick);
          return Promise.resolve(`run of ${tick}`);
        });
      await clocks[0]?.put("often", EVERY_SECOND);
      await waitUntil(() => ticks.length >= 3);
      const [shown] = (await clocks[1]?.list()) ?? [];
      assert.equal(shown?.name, "often");
      assert.deepEqual(shown.timetable, EVERY_SECOND);
      assert.match(shown.last?.runId ?? "", /^run of /);
      assert.equal(await clocks[1]?.remove("often"), true);
      assert.equal(await clocks[0]?.remove("often"), false);
      for (const clock of clocks) await clock.close();
      assert.equal(new Set(ticks.map(dueAt)).size, ticks.length, ticks.join(", "));
    });

    test("of changes asked for at once the last one stands whole, and a pause among them is kept", async () => {
      const clock = openClock();
      const at = (hour: number) => ({
        plan: `plan-${String(hour)}`,
        cron: `0 ${String(hour)} * * *`,
        timezone: "UTC",
      });
      await clock.put("wanted", at(0));
      await Promise.all([
        clock.put("wanted", at(1)),
        clock.pause("wanted", "ann"),
        ...Array.from({ length: 8 }, (_, index) => clock.put("wanted", at(index + 2))),
      ]);
      const [only, ...others] = await clock.list();
      assert.deepEqual([only?.timetable, only?.pausedBy, others], [at(9), "ann", []]);
      const resumed = await clock.resume("wanted");
      assert.equal(new Date(resumed?.nextAt ?? 0).getUTCHours(), 9);
      assert.equal(await clock.remove("wanted"), true);
      await clock.close();
    });

    test("times that passed while nobody was there are made up for by one tick", async () => {
      const away = openClock();
      const { nextAt } = await away.put("missed", EVERY_SECOND);
      await away.close();
      const missed = nextAt ?? Number.NaN;
      await waitUntil(() => Date.now() > missed + 2500);
      const back = openClock();
      const ticks: string[] = [];
      const startedAt = Date.now();
      await back.start(({ tick }) => {
        ticks.push(tick);
        return Promise.resolve("run");
      });
      await waitUntil(() => ticks.length >= 2);
      await back.remove("missed");
      await back.close();
      const [first, second] = ticks.map(dueAt);
      assert.equal(first, missed);
      assert.ok((second ?? 0) > startedAt, `the second was due at ${String(second)}`);
    });

    test("a paused one starts nothing, also after a restart and when it is replaced, and goes on without making up", async () => {
      const ticks: string[] = [];
      const start = async () => {
        const clock = openClock();
        await clock.start(({ tick }) => {
          ticks.push(tick);
          return Promise.resolve(`run of ${tick}`);
        });
        return clock;
      };
      const before = await start();
      await before.put("held", EVERY_SECOND);
      await waitUntil(() => ticks.length >= 1);
      const paused = await before.pause("held", "ann");
      const pausedAt = Date.now();
      assert.deepEqual([paused?.pausedBy, paused?.nextAt], ["ann", null]);
      assert.equal((await before.pause("held", "bob"))?.pausedBy, "ann");
      await before.close();
      const after = await start();
      await waitUntil(() => Date.now() > pausedAt + 2500);
      assert.equal((await after.put("held", EVERY_SECOND)).pausedBy, "ann");
      const [shown] = await after.list();
      assert.deepEqual([shown?.pausedBy, shown?.nextAt], ["ann", null]);
      assert.match(shown?.last?.runId ?? "", /^run of /);
      const late = ticks.map(dueAt).filter((due) => due > pausedAt);
      assert.deepEqual(late, [], `paused at ${String(pausedAt)}`);
      const count = ticks.length;
      const resumedAt = Date.now();
      assert.equal((await after.resume("held"))?.pausedBy, null);
      await waitUntil(() => ticks.length > count);
      assert.ok(dueAt(ticks[count] ?? "") >= resumedAt, ticks.join(", "));
      assert.deepEqual(
        [await after.pause("nobody", "ann"), await after.resume("nobody")],
        [null, null],
      );
      await after.remove("held");
      await after.close();
    });

    test("a time zone moves the time, and a tick that cannot start a run says why", async () => {
      const clock = openClock();
      const at = async (cron: string, timezone: string): Promise<string> => {
        const { nextAt } = await clock.put("zoned", { plan: "nightly", cron, timezone });
        return new Date(nextAt ?? Number.NaN).toISOString();
      };
      assert.match(await at("30 4 * * *", "UTC"), /T04:30:00/);
      assert.match(await at("30 4 * * *", "Asia/Kolkata"), /T23:00:00/);
      assert.match(await at("30 4 15 1 *", "Europe/Berlin"), /-01-15T03:30:00/, "winter");
      assert.match(await at("30 4 15 7 *", "Europe/Berlin"), /-07-15T02:30:00/, "summer");
      await assert.rejects(at("61 * * * *", "UTC"), { code: "INVALID_REQUEST" });
      await clock.remove("zoned");

      await clock.start(() => Promise.reject(new Error("there is no such plan")));
      await clock.put("broken", EVERY_SECOND);
      const lastOf = async () => (await clock.list()).find(({ name: id }) => id === "broken")?.last;
      await waitUntil(async () => (await lastOf()) != null);
      const last = await lastOf();
      assert.deepEqual([last?.runId, last?.problem], [null, "there is no such plan"]);
      await clock.remove("broken");
      await clock.close();
    });
  });
}
