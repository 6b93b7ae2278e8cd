/** Sweeping what earlier runs have left: by the lists of an environment, and from Firestore, and never what a living run owns. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { OrphanSweep } from "../../src/service/service.js";
import { prefixOf, runId } from "../../src/core/run.js";
import { creatingCollection, openDocumentTarget } from "../support/document-target.js";
import { firestoreAbsence, newProject, openClient, startFirestore } from "../support/firestore.js";
import { until } from "../support/lanes.js";
import { createProject, type Project } from "../support/project.js";

function projectOf(context: TestContext): Project {
  const project = createProject();
  context.after(() => project.remove());
  return project;
}

async function post<Answer>(url: string, body: object, token?: string): Promise<Answer> {
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Answer;
}

test("old test data is swept by its prefix; that of a living run, young or foreign data stays, and a dry run deletes nothing", async (context) => {
  const target = await openDocumentTarget();
  context.after(() => target.close());
  const project = projectOf(context);
  const { token } = await post<{ readonly token: string }>(`${target.url}/login`, {});
  project.write("environments/here.postman_environment.json", {
    name: "here",
    values: [
      { key: "target", value: target.url },
      { key: "token", value: token, type: "secret" },
    ],
  });
  project.write("turnpike.yaml", {
    cleanup: {
      here: [
        {
          list: "{{target}}/items",
          items: "$.items",
          pages: { page: "page" },
          delete: "{{target}}/items/{{id}}",
          headers: { Authorization: "Bearer {{token}}" },
        },
      ],
    },
  });
  project.write("collections/plan/plan.yaml", "name: plan\ntasks:\n  a: { collection: c.json }\n");
  project.write("collections/plan/c.json", creatingCollection(target.url, { count: 1 }));
  const old = runId(Date.now() - 3 * 86_400_000, "abc123");
  for (const name of ["somebody", "else"]) await post(`${target.url}/items`, { name }, token);
  for (const attempt of [1, 2, 3])
    await post(`${target.url}/items`, { name: `${prefixOf(old, "a", attempt)}x` }, token);

  const args = ["cleanup", "-e", "here", "--older-than", "1d"];
  const dry = await project.run([...args, "--dry-run"]);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /would be deleted {2}Test_a_\S+_1_x {2}d3\n/);
  assert.match(dry.stdout, /\n3 would be deleted\n/, "those of the second and third page as well");
  assert.equal(target.documents.size, 5);
  const swept = await project.run([...args, "--json"]);
  assert.equal(swept.code, 0, swept.stderr);
  const { found, trouble } = JSON.parse(swept.stdout) as OrphanSweep;
  assert.equal(trouble, null);
  assert.deepEqual(
    found.map(({ fate, id }) => `${fate} ${id}`).sort(),
    ["deleted d3", "deleted d4", "deleted d5"],
    "the list shows two at a time, and none was passed over",
  );
  assert.deepEqual([...target.documents.values()], ["somebody", "else"]);

  const young = runId(Date.now(), "abc123");
  await post(`${target.url}/items`, { name: `${prefixOf(young, "a", 1)}x` }, token);
  target.holdAfter(0);
  const running = project.start(["serve", "--port", "0", "--lanes", "2"]);
  const [, url = ""] = await running.says(/serves at (http:\S+)/);
  const { id } = await post<{ readonly id: string }>(`${url}/v1/runs`, { plan: "plan" });
  await until(() => target.held() === 1, "the run has created its document");
  const beside = await project.run(["cleanup", "-e", "here", "--older-than", "1ms", "--dry-run"]);
  assert.equal(beside.code, 0, beside.stderr);
  assert.match(beside.stderr, /\.turnpike is used by the service at http:\S+, which cleans up/);
  assert.match(beside.stdout, /would be deleted {2}Test_a_\S+x {2}d6\n/);
  assert.match(beside.stdout, /kept {12} {2}Test_a_\S+_0 {2}d7 {2}\(its run has not ended\)\n/);
  const elsewhere = projectOf(context);
  const named = await elsewhere.run(["cleanup", "-e", "nowhere", "--server", url]);
  assert.equal(named.code, 2, named.stderr);
  assert.match(named.stderr, /nothing says how test data is found with nowhere/);
  const asked = await elsewhere.run(["cleanup", "-e", "here", "--server", url, "--json"]);
  assert.equal(asked.code, 0, asked.stderr);
  assert.deepEqual(
    (JSON.parse(asked.stdout) as OrphanSweep).found.map(({ fate, id: each }) => [fate, each]),
    [
      ["kept", "d6"],
      ["kept", "d7"],
    ],
  );
  target.refuseDeletions(Infinity, 403);
  const refusing = await post<OrphanSweep>(`${url}/v1/cleanup`, {
    environment: "here",
    olderThan: "1ms",
  });
  assert.deepEqual(
    refusing.found.map(({ fate, why }) => [fate, why]),
    [
      ["left", "DELETE answered 403"],
      ["kept", "its run has not ended"],
    ],
  );
  target.refuseDeletions(0, 403);
  const live = await post<OrphanSweep>(`${url}/v1/cleanup`, {
    environment: "here",
    olderThan: "1ms",
  });
  assert.deepEqual(
    live.found.map(({ run, fate, why }) => [run, fate, why]),
    [
      [young, "deleted", null],
      [id, "kept", "its run has not ended"],
    ],
  );
  assert.equal(target.documents.size, 3);
  const refused = await post<{ readonly code: string }>(`${url}/v1/cleanup`, { environment: [] });
  assert.equal(refused.code, "INVALID_CONFIG");
  running.child.kill("SIGKILL");
  await running.ended;
});

const absence = firestoreAbsence();

test(
  "a killed worker leaves no document of its run in Firestore",
  { skip: absence ?? false },
  async (context) => {
    const emulator = await startFirestore();
    context.after(() => emulator.close());
    const firestore = newProject();
    const client = await openClient(firestore);
    context.after(() => client.close());
    const documents = client.database.collection("orders");
    const target = await openDocumentTarget();
    context.after(() => target.close());
    const project = projectOf(context);
    project.write("turnpike.yaml", {
      cleanup: {
        "*": [{ firestore: { project: firestore, collection: "orders", field: "name" } }],
      },
    });
    // It writes over the interface that Firestore has for HTTP, as collections of users do.
    const root = `http://${emulator.host}/v1/projects/${firestore}/databases/(default)/documents/orders`;
    const create = {
      method: "POST",
      url: root,
      auth: { type: "noauth" },
      header: [
        { key: "content-type", value: "application/json" },
        { key: "authorization", value: "Bearer owner" },
      ],
      body: { mode: "raw", raw: '{"fields":{"name":{"stringValue":"{{prefix}}{{$guid}}"}}}' },
    };
    const collection = creatingCollection(target.url, { count: 1 }) as { readonly item: object[] };
    const assertion = "pm.test('is written', () => pm.response.to.have.status(200));";
    project.write("collections/plan/c.json", {
      ...collection,
      item: [
        {
          name: "write",
          request: create,
          event: [{ listen: "test", script: { exec: [assertion] } }],
        },
        { name: "write again", request: create },
        ...collection.item,
      ],
    });
    project.write(
      "collections/plan/plan.yaml",
      "name: plan\ncleanup: { delete: created }\ntasks:\n  a: { collection: c.json }\n",
    );
    await documents.doc("somebody").set({ name: "Test_of_somebody_else" });
    const variables = { FIRESTORE_EMULATOR_HOST: emulator.host };
    target.holdAfter(0);
    const first = project.start(["serve", "--port", "0", "--lanes", "2"], variables);
    const [, url = ""] = await first.says(/serves at (http:\S+)/);
    const { id } = await post<{ readonly id: string }>(`${url}/v1/runs`, { plan: "plan" });
    assert.ok(id, "the run is accepted");
    await until(() => target.held() === 1, "the collection has written and waits for its target");
    assert.equal((await documents.get()).size, 3);
    first.child.kill("SIGKILL");
    await first.ended;
    target.release();
    const second = project.start(["serve", "--port", "0", "--lanes", "2"], variables);
    const [, again = ""] = await second.says(/serves at (http:\S+)/);
    const run = await (await fetch(`${again}/v1/runs/${id}?wait=240`)).json();
    assert.equal((run as { readonly verdict: string }).verdict, "passed", JSON.stringify(run));
    const left = await documents.get();
    assert.deepEqual(
      left.docs.map((one) => one.id),
      ["somebody"],
    );
    second.child.kill("SIGKILL");
    await second.ended;
  },
);
