/** The run store in Firestore: the contract of all run stores, and what only Firestore asks for. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test, { after, before, describe } from "node:test";
import type { RunEvent } from "../../src/core/event.js";
import type { FirestoreClient } from "../../src/store/firestore-client.js";
import { createFirestoreRunStore } from "../../src/store/firestore-runs.js";
import { firestoreAbsence, newProject, openClient, startFirestore } from "../support/firestore.js";
import { makeOutcome, makeRun, runStoreContract } from "../support/run-store-contract.js";
import { recordOf, someRecords } from "../support/run-parts.js";

const absence = firestoreAbsence();
let stop = (): Promise<void> => Promise.resolve();
before(async () => {
  if (absence === null) ({ close: stop } = await startFirestore());
});
after(() => stop());

runStoreContract(
  "Firestore",
  async () => {
    const client = await openClient();
    return { store: createFirestoreRunStore(client), close: () => client.close() };
  },
  absence,
);

describe("Firestore's own ways", { skip: absence ?? false }, () => {
  let one: FirestoreClient;
  let two: FirestoreClient;
  before(async () => {
    const project = newProject();
    one = await openClient(project);
    two = await openClient(project, 2);
  });
  after(() => Promise.all([one.close(), two.close()]));

  const eventsOf = async (runId: string): Promise<RunEvent[]> => {
    const stored = await createFirestoreRunStore(one).readEvents(runId, { limit: 1000 });
    return stored.map(({ event }) => event);
  };

  test("two processes that append to one run at once lose nothing, and a follower meets no gap", async () => {
    const stores = [one, two].map(createFirestoreRunStore);
    const run = makeRun();
    await stores[0]?.createRun(run);
    const seen: string[] = [];
    const follow = async (): Promise<void> => {
      while (seen.length < 40) {
        const page = await stores[1]?.readEvents(run.id, {
          limit: 3,
          ...(seen.length === 0 ? {} : { after: seen.at(-1) ?? "" }),
        });
        seen.push(...(page ?? []).map(({ id }) => id));
      }
    };
    const write = async (writer: number): Promise<void> => {
      for (let index = 0; index < 20; index += 1)
        await stores[writer]?.appendEvents(run.id, [
          { type: "run.cancelling", at: index, by: String(writer) },
        ]);
    };
    await Promise.all([follow(), write(0), write(1)]);
    assert.deepEqual(
      seen.map(Number),
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    const events = await eventsOf(run.id);
    for (const writer of ["0", "1"])
      assert.deepEqual(
        events.flatMap((event) =>
          event.type === "run.cancelling" && event.by === writer ? [event.at] : [],
        ),
        Array.from({ length: 20 }, (_, index) => index),
      );
  });

  test("evidence above the size of a document is stored in several events, and nothing of it is lost", async () => {
    const store = createFirestoreRunStore(one);
    const run = makeRun();
    await store.createRun(run);
    const body = "ä".repeat(20_000);
    const records = someRecords(120).map((record) => ({
      ...record,
      exchange: { requestHeaders: [], requestBody: body, responseHeaders: [], responseBody: body },
    }));
    await store.appendEvents(run.id, [
      { type: "task.requests", at: 1, node: "one", attempt: 1, records },
    ]);
    const events = await eventsOf(run.id);
    assert.ok(events.length > 10, `${String(events.length)} events`);
    assert.deepEqual(
      events.flatMap((event) => (event.type === "task.requests" ? event.records : [])),
      records,
    );
  });

  test("a single record above the size of a document is stored compressed, one that cannot be is refused by name", async () => {
    const store = createFirestoreRunStore(one);
    const run = makeRun();
    await store.createRun(run);
    const eventOf = (text: string): RunEvent => ({
      type: "task.requests",
      at: 1,
      node: "one",
      attempt: 1,
      records: [recordOf(0, { console: [{ level: "log", text }] })],
    });
    await store.appendEvents(run.id, [eventOf("long ".repeat(500_000))]);
    assert.deepEqual(await eventsOf(run.id), [eventOf("long ".repeat(500_000))]);
    const noise = randomBytes(1_500_000).toString("base64");
    await assert.rejects(store.appendEvents(run.id, [eventOf(noise)]), { code: "BODY_TOO_LARGE" });
    assert.equal((await eventsOf(run.id)).length, 1);
  });

  test("ids that Firestore would not take as names are stored all the same", async () => {
    const store = createFirestoreRunStore(one);
    for (const id of ["a/b", ".", "..", "__x__", "é ".repeat(900)]) {
      const run = makeRun({ id });
      assert.deepEqual(await store.createRun(run), { run, created: true });
      await store.recordOutcome(id, makeOutcome(`${id}/node`));
      await store.nextAttempt(id, `${id}/node`);
      assert.deepEqual([...(await store.outcomes(id)).keys()], [`${id}/node`]);
      assert.deepEqual(await store.startedNodes(id), [`${id}/node`]);
    }
    assert.ok((await store.openRuns()).includes("a/b"));
  });

  test("an attempt that was written although its answer was lost is recognised, and not written twice", async () => {
    let lost = 0;
    const store = createFirestoreRunStore(losingFirstAnswers(one, () => (lost += 1)));
    const run = makeRun();
    assert.deepEqual(await store.createRun(run), { run, created: true });
    await store.appendEvents(run.id, [{ type: "run.cancelling", at: 1, by: "ann" }]);
    await store.appendEvents(run.id, [{ type: "run.cancelling", at: 2, by: "bob" }]);
    assert.equal((await eventsOf(run.id)).length, 2);
    assert.equal(await store.nextAttempt(run.id, "one"), 1);
    assert.equal(await store.nextAttempt(run.id, "one"), 2);
    const outcome = makeOutcome("one");
    assert.deepEqual(await store.recordOutcome(run.id, outcome), outcome);
    const end = { verdict: "passed", endedAt: 9 } as const;
    assert.deepEqual(await store.endRun(run.id, end), end);
    assert.ok(lost >= 7, `${String(lost)} answers were lost`);
  });
});

/** A connection on which the answer to every write is lost once, after it has had its effect; it is then sent again. */
function losingFirstAnswers(client: FirestoreClient, onLoss: () => void): FirestoreClient {
  return {
    ...client,
    async write(fill) {
      await client.write(fill);
      onLoss();
      await client.write(fill);
    },
  };
}
