import assert from "node:assert/strict";
import type { Socket } from "node:net";
import test, { after, before } from "node:test";
import { createApp } from "../../src/http/app.js";
import { recordOutcome } from "../../src/service/record.js";
import { createRemoteRunStore } from "../../src/store/remote-runs.js";
import { createServiceLink } from "../../src/store/service-link.js";
import type { RunStore } from "../../src/core/ports.js";
import type { Run } from "../../src/core/run.js";
import { BACKENDS, openEngineOn } from "../support/backends.js";
import { emptyService } from "../support/empty-service.js";
import { sketchPlan, type Engine } from "../support/engine.js";
import { makeOutcome } from "../support/run-store-contract.js";

const TOKEN = "token-of-the-workers";

let engine: Engine;
/** The engine's store as a worker on another machine has it. */
let remote: RunStore;
/** How many of the next answers to a recording are lost on their way to the worker. */
let answersToLose = 0;
let closeAll = (): Promise<void> => Promise.resolve();

before(async () => {
  const [embedded] = BACKENDS;
  assert.ok(embedded);
  const { engine: opened, close } = await openEngineOn(embedded.open);
  engine = opened;
  const { store, blobs, log } = engine.deps;
  const sockets: Socket[] = [];
  const recordAndLoseAnswer: RunStore["recordOutcome"] = async (...parts) => {
    const standing = await store.recordOutcome(...parts);
    if (answersToLose > 0) {
      answersToLose -= 1;
      for (const socket of sockets) socket.destroy();
    }
    return standing;
  };
  const app = await createApp({
    service: emptyService(),
    log,
    token: "token-of-the-users",
    bodyLimitBytes: 1000,
    isDraining: () => false,
    workers: { token: TOKEN, blobs, store: { ...store, recordOutcome: recordAndLoseAnswer } },
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  app.server.on("connection", (socket: Socket) => {
    sockets.push(socket);
  });
  const { signal } = new AbortController();
  const find = () => Promise.resolve({ url, token: TOKEN });
  remote = createRemoteRunStore(createServiceLink({ find, signal, log }));
  closeAll = async () => {
    await app.close();
    await close();
  };
});
after(() => closeAll());

async function waitingRun(): Promise<Run> {
  const id = await engine.submit(sketchPlan({ a: [[]], b: [["a"]] }));
  const status = await engine.deps.store.getRun(id);
  assert.ok(status);
  return status.run;
}

async function toldEnds({ id }: Run): Promise<readonly string[]> {
  const events = await engine.deps.store.readEvents(id, { limit: 100 });
  return events.flatMap(({ event }) => (event.type === "node.ended" ? event.outcome.node : []));
}

test("a node that is settled several times at once with the same outcome ends once in the log", async () => {
  const run = await waitingRun();
  const outcome = makeOutcome("a", { attempt: 0, startedAt: null });
  const elsewhere = { ...engine.deps, store: remote };
  const answers = await Promise.all(
    [engine.deps, engine.deps, elsewhere, elsewhere].map((deps) =>
      recordOutcome(deps, run, outcome),
    ),
  );
  const standing = (await engine.deps.store.outcomes(run.id)).get("a");
  for (const answer of answers) assert.deepEqual(answer, standing);
  assert.deepEqual(await toldEnds(run), ["a"]);
});

test("a node whose recording had to be sent again because its answer was lost ends once in the log", async () => {
  const run = await waitingRun();
  answersToLose = 2;
  await recordOutcome({ ...engine.deps, store: remote }, run, makeOutcome("a"));
  assert.equal(answersToLose, 0, "both answers were lost");
  assert.deepEqual(await toldEnds(run), ["a"]);
});
