/** The command line with its runs in Firestore: the whole ten-task plan on the emulator, and an emulator that is not there. */

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { createFirestoreRunStore } from "../../src/store/firestore-runs.js";
import { firestoreAbsence, newProject, openClient, startFirestore } from "../support/firestore.js";
import { createProject, type Project } from "../support/project.js";
import { freePort } from "../support/redis.js";
import { openTarget } from "../support/service.js";
import { writeTenTasks } from "../support/ten-tasks.js";

let project: Project;
before(() => {
  project = createProject();
});
after(() => project.remove());

describe("runs kept in Firestore", { skip: firestoreAbsence() ?? false }, () => {
  let host = "";
  let stop = (): Promise<void> => Promise.resolve();
  let target: Awaited<ReturnType<typeof openTarget>>;
  before(async () => {
    ({ host, close: stop } = await startFirestore());
    target = await openTarget((_, response) => void response.end("{}"));
  });
  after(async () => {
    await target.close();
    await stop();
  });

  test("the ten-task plan passes, and everything of the run stands in Firestore", async () => {
    writeTenTasks(project, target.url);
    const name = newProject();
    const { code, stdout, stderr } = await project.run(
      ["run", "ten", "--lanes", "3", "--firestore-project", name],
      { FIRESTORE_EMULATOR_HOST: host },
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /8 of 8 tasks passed, 2 of 2 checkpoints, 8 requests, 8 assertions/);
    const client = await openClient(name);
    try {
      const store = createFirestoreRunStore(client);
      const [status, ...others] = await store.listRuns({ limit: 5 });
      assert.deepEqual(others, []);
      assert.equal(status?.end?.verdict, "passed");
      const runId = status.run.id;
      assert.ok(stdout.includes(runId));
      assert.equal((await store.outcomes(runId)).size, 10);
      assert.equal((await store.startedNodes(runId)).length, 8);
      const events = await store.readEvents(runId, { limit: 1000 });
      assert.equal(events[0]?.event.type, "run.accepted");
      assert.equal(events.at(-1)?.event.type, "run.ended");
      assert.equal(events.filter(({ event }) => event.type === "node.ended").length, 10);
      assert.deepEqual(await store.openRuns(), []);
    } finally {
      await client.close();
    }
  });
});

test("a Firestore that is not there ends the command with its code, its place and a remedy", async () => {
  const host = `127.0.0.1:${String(await freePort())}`;
  writeTenTasks(project, "http://127.0.0.1:9");
  const { code, stderr } = await project.run(
    ["run", "ten", "--firestore-project", "demo-nobody", "--data-dir", "elsewhere"],
    { FIRESTORE_EMULATOR_HOST: host },
  );
  assert.equal(code, 3);
  assert.match(stderr, new RegExp(`the Firestore emulator at ${host} .* cannot be reached: `));
  assert.match(stderr, /start the emulator, or correct or unset FIRESTORE_EMULATOR_HOST/);
});
