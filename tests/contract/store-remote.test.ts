/** The stores of a service as a worker on another machine sees them: the contracts of all stores, over HTTP. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { pino } from "pino";
import { createApp } from "../../src/http/app.js";
import { createBlobDirectory } from "../../src/store/blob-directory.js";
import { createRemoteBlobStore } from "../../src/store/blob-remote.js";
import { createRemoteRunStore } from "../../src/store/remote-runs.js";
import { createServiceLink, type ServiceLink } from "../../src/store/service-link.js";
import { createSqlRunStore } from "../../src/store/sql-runs.js";
import type { RunStore } from "../../src/core/ports.js";
import { blobStoreContract } from "../support/blob-store-contract.js";
import { openDatabase } from "../support/database.js";
import { emptyService } from "../support/empty-service.js";
import { until } from "../support/lanes.js";
import { makeRun, runStoreContract } from "../support/run-store-contract.js";
import { waitUntil } from "../support/wait-until.js";

const TOKEN = "token-of-the-workers";
const log = pino({ level: "silent" });

async function openService(token = TOKEN): Promise<{
  readonly url: string;
  readonly store: RunStore;
  close(): Promise<void>;
}> {
  const directory = await mkdtemp(join(tmpdir(), "turnpike-remote-"));
  const database = await openDatabase();
  const store = createSqlRunStore(database.pool);
  const app = await createApp({
    service: emptyService(),
    log,
    token: "token-of-the-users",
    bodyLimitBytes: 1000,
    isDraining: () => false,
    workers: { token, store, blobs: createBlobDirectory(directory) },
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    store,
    async close() {
      await app.close();
      await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function linkTo(url: string, token = TOKEN, signal = new AbortController().signal): ServiceLink {
  return createServiceLink({ find: () => Promise.resolve({ url, token }), signal, log });
}

runStoreContract("a service, over its worker API", async () => {
  const { url, close } = await openService();
  return { store: createRemoteRunStore(linkTo(url)), close };
});

blobStoreContract("a service, over its worker API", async () => {
  const { url, close } = await openService();
  return { blobs: createRemoteBlobStore(linkTo(url)), close };
});

test("a worker that cannot reach its service says why, and what to change", async () => {
  const { url, close } = await openService();
  const reasons: string[] = [];
  const heard = {
    warn: ({ reason }: { readonly reason: string }) => void reasons.push(reason),
    info: () => undefined,
  };
  const stopped = new AbortController();
  const place = { url, token: "not-the-token-of-the-workers" };
  const link = createServiceLink({
    find: () => Promise.resolve(place),
    signal: stopped.signal,
    log: heard,
  });
  const asked = link.ask({ method: "POST", path: "/store/openRuns", body: "[]" });
  asked.catch(() => undefined);
  await waitUntil(() => reasons.length > 0);
  assert.match(reasons[0] ?? "", /answers 401; .* its --public-url leads to another service/);
  place.token = TOKEN;
  assert.equal(new TextDecoder().decode(await asked), "[]");
  await close();
  const again = link.ask({ method: "POST", path: "/store/openRuns", body: "[]" });
  again.catch(() => undefined);
  await waitUntil(() => reasons.length > 1);
  assert.match(reasons[1] ?? "", /only its own machine reaches that address: .*--public-url/);
  stopped.abort();
  await assert.rejects(again, /this worker stops/);
});

test("the worker API takes the workers' token and no other, and that token opens nothing else", async () => {
  const { url, close } = await openService();
  const statusOf = async (path: string, token?: string): Promise<number> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const post = {
      method: "POST",
      body: "[]",
      headers: { ...headers, "content-type": "application/json" },
    };
    const answer = await fetch(url + path, path.startsWith("/worker/store") ? post : { headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  assert.equal(await statusOf("/worker/store/openRuns", TOKEN), 200);
  assert.equal(await statusOf("/worker/store/openRuns"), 401);
  assert.equal(await statusOf("/worker/store/openRuns", "token-of-the-users"), 401);
  assert.equal(await statusOf(`/worker/blobs/${"0".repeat(64)}`), 401);
  assert.equal(await statusOf("/v1/runs", TOKEN), 401);
  assert.equal(await statusOf("/v1/runs", "token-of-the-users"), 200);
  assert.equal(await statusOf("/worker/store/constructor", TOKEN), 404);
  assert.equal(await statusOf("/worker/store/getRun", TOKEN), 400);
  await close();
});

test("a call that is sent again because its answer was lost has its effect once", async () => {
  const { url, store, close } = await openService();
  const run = makeRun();
  await store.createRun(run);
  const send = (path: string, values: unknown, callId: string): Promise<Response> =>
    fetch(`${url}/worker/store/${path}`, {
      method: "POST",
      body: JSON.stringify(values),
      headers: {
        authorization: `Bearer ${TOKEN}`,
        "content-type": "application/json",
        "x-turnpike-call": callId,
      },
    });
  const append = [run.id, [{ type: "run.cancelling", at: 1, by: "ann" }]];
  for (const callId of ["first", "first", "second"])
    assert.equal((await send("appendEvents", append, callId)).status, 200);
  assert.equal((await store.readEvents(run.id, { limit: 10 })).length, 2);
  const starts: unknown[] = [];
  for (const callId of ["third", "third", "fourth"])
    starts.push(await (await send("nextAttempt", [run.id, "one"], callId)).json());
  assert.deepEqual(starts, [1, 1, 2]);
  await close();
});

test("an operation waits while there is no service, finds it at its new place, and gives up when its worker stops", async () => {
  const places: { url: string; token: string }[] = [];
  let asked = 0;
  const stopping = new AbortController();
  const link = createServiceLink({
    find: () => {
      asked += 1;
      return Promise.resolve(places[0] ?? null);
    },
    signal: stopping.signal,
    log,
  });
  const store = createRemoteRunStore(link);
  const waiting = store.openRuns();
  await until(() => asked >= 2, "asked twice");
  const first = await openService("first-token");
  places[0] = { url: first.url, token: "first-token" };
  assert.deepEqual(await waiting, []);
  await first.close();
  const second = await openService("another-token");
  const run = makeRun();
  await second.store.createRun(run);
  const again = store.getRun(run.id);
  places[0] = { url: second.url, token: "another-token" };
  assert.deepEqual((await again)?.run, run);
  await second.close();
  const never = store.openRuns();
  stopping.abort();
  await assert.rejects(never, { code: "DRAINING" });
});
