/** What tasks leave on their target: deleted with their own authorization, whatever became of them, and proven at checkpoints. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import {
  creatingCollection,
  openDocumentTarget,
  type DocumentTarget,
} from "../support/document-target.js";
import { until } from "../support/lanes.js";
import { createProject, type Project, type Running } from "../support/project.js";
import { waitUntil } from "../support/wait-until.js";
import { openLiveService, runPlan as runPlanOf, type LiveService } from "../support/service.js";

interface Opened {
  readonly target: DocumentTarget;
  /** Writes a file of the plan. */
  readonly write: (name: string, content: unknown) => Promise<void>;
  /** What the service answers to a run of the plan: a refusal too. */
  readonly submit: (headers?: Readonly<Record<string, string>>) => Promise<{ readonly id: string }>;
  readonly runPlan: () => ReturnType<typeof runPlanOf>;
}

let shared: LiveService;
let dataDirectory: string;
let plans = 0;

before(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "turnpike-cleanup-"));
  shared = await openLiveService({ collections: {}, environments: {}, flags: { dataDirectory } });
});
after(async () => {
  await shared.close();
  await rm(dataDirectory, { recursive: true });
});

/**
 * A plan of its own, whose `c.json` creates three documents on a target of its own. With `lists`, in a service of its own, whose
 * clean-ups read the target's list.
 */
async function open(
  context: TestContext,
  plan: string,
  { lists = false, ...shape }: { readonly lists?: boolean; readonly [key: string]: unknown } = {},
): Promise<Opened> {
  const target = await openDocumentTarget();
  context.after(() => target.close());
  let service = shared;
  if (lists) {
    const flags = LISTS(target.url, (await login(target)).token);
    service = await openLiveService({ collections: {}, environments: {}, flags });
    context.after(() => service.close());
  }
  const opened = await addPlan(service, target);
  await opened.write("plan.yaml", plan);
  await opened.write("c.json", creatingCollection(target.url, { count: 3, ...shape }));
  return opened;
}

async function addPlan(service: LiveService, target: DocumentTarget): Promise<Opened> {
  plans += 1;
  const plan = `plan-${String(plans)}`;
  const folder = join(service.collectionsDirectory, plan);
  await mkdir(folder);
  return {
    target,
    write: (name, content) =>
      writeFile(
        join(folder, name),
        typeof content === "string" ? content : JSON.stringify(content),
      ),
    submit: (headers) => post(`${service.url}/v1/runs`, { plan }, headers),
    runPlan: () => runPlanOf(service, plan),
  };
}

const CLEANS = "cleanup: { delete: created }";

test("a ledger stands in every report, without clean-up too, and names what is left", async (context) => {
  const { runPlan, target } = await open(
    context,
    "name: plan\nrunHeader: true\ntasks:\n  a: { collection: c.json }\n",
  );
  const { report, text, page } = await runPlan();
  assert.equal(report.verdict, "passed", text);
  assert.match(text, /created 3, deleted 0, left 3: http:\S+\/items\/d1/);
  assert.match(page, /Test data<\/dt><dd>created 3, deleted 0, left 3/);
  const [task] = report.tasks;
  assert.deepEqual(task?.ledger, {
    created: 3,
    deleted: 0,
    cleanedUp: 0,
    left: ["d1", "d2", "d3"].map((id) => ({ url: `${target.url}/items/${id}`, rule: "id" })),
    unclear: [],
    cleanup: null,
  });
  assert.doesNotMatch(`${JSON.stringify(report)}${page}${text}`, /token-1-of-the-target|sealed/);
  assert.deepEqual([...new Set(target.runHeaders)], [`${report.runId}/a/1`]);
});

test("what a red task created is deleted with the token its script has fetched, which no output shows", async (context) => {
  const { runPlan, target } = await open(
    context,
    `name: plan\n${CLEANS}\ntasks:\n  a: { collection: c.json }\n`,
    { fails: true },
  );
  const { report, text, page } = await runPlan();
  assert.equal(report.verdict, "failed", text);
  assert.equal(target.created(), 3);
  assert.deepEqual([...target.documents], []);
  assert.match(text, /created 3, deleted 0, cleaned up 3, left 0/);
  assert.equal(report.tasks[0]?.ledger?.cleanup?.status, "passed");
  assert.doesNotMatch(`${JSON.stringify(report)}${page}${text}`, /token-1-of-the-target/);
});

test("zeroOrphans turns a checkpoint red with the names of what is left, and is green after a clean-up right after the task", async (context) => {
  const { runPlan, write, target } = await open(
    context,
    "name: plan\ntasks:\n  a: { collection: c.json }\n  gate: { checkpoint: true, needs: [a], zeroOrphans: true }\n",
  );
  const red = await runPlan();
  assert.equal(red.report.verdict, "failed", red.text);
  const gate = red.report.tasks.find(({ id }) => id === "gate");
  assert.equal(gate?.cause, "orphans");
  assert.match(gate.reason ?? "", /^a left 3: \S+\/items\/d1, \S+\/items\/d2, \S+\/items\/d3$/);
  await write(
    "plan.yaml",
    "name: plan\ncleanup: { delete: created, after: task }\ntasks:\n  a: { collection: c.json }\n  gate: { checkpoint: true, needs: [a], zeroOrphans: true }\n",
  );
  const green = await runPlan();
  assert.equal(green.report.verdict, "passed", green.text);
  assert.equal(target.documents.size, 3, "what the first run left is not the second one's");
});

// Every one waits for the attempts of a clean-up that is refused.
describe("refused deletions", { concurrency: true }, () => {
  test("a clean-up that is refused is tried again, and one that stays refused leaves the run green and says what is left", async (context) => {
    const { runPlan, target } = await open(
      context,
      `name: plan\n${CLEANS}\ntasks:\n  a: { collection: c.json }\n`,
    );
    target.refuseDeletions(4, 409);
    const first = await runPlan();
    assert.equal(first.report.verdict, "passed", first.text);
    assert.deepEqual([...target.documents], []);
    target.refuseDeletions(Infinity, 409);
    const second = await runPlan();
    assert.equal(second.report.verdict, "passed", second.text);
    assert.equal(second.report.verdict, "passed");
    assert.equal(second.report.tasks[0]?.ledger?.cleanup?.status, "failed");
    assert.match(
      second.text,
      /clean-up: 3 left on the target: \S+\/items\/d6 \(DELETE answered 409\)|clean-up: 3 left on the target: \S+\/items\/d4 \(DELETE answered 409\)/,
    );
  });

  test("zeroOrphans looks at every page of a list for what no answer told of", async (context) => {
    const { runPlan, target } = await open(
      context,
      "name: plan\ncleanup: { delete: created, after: task }\ntasks:\n  a: { collection: c.json }\n  gate: { checkpoint: true, needs: [a], zeroOrphans: true }\n",
      { lists: true, silent: true, count: 1 },
    );
    const { token } = await login(target);
    for (const name of ["one", "two", "three"])
      await fetch(`${target.url}/items`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ name }),
      });
    const green = await runPlan();
    assert.equal(green.report.verdict, "passed", green.text);
    assert.deepEqual([...target.documents.values()], ["one", "two", "three"]);
    target.refuseDeletions(Infinity, 409);
    const red = await runPlan();
    assert.equal(red.report.verdict, "failed", red.text);
    const gate = red.report.tasks.find(({ id }) => id === "gate");
    assert.equal(gate?.cause, "orphans");
    assert.match(
      gate.reason ?? "",
      /the clean-up after a failed: 1 left on the target: Test_a_\S+_0/,
    );
  });

  test("where a checkpoint wants proof, the clean-up comes right before it, after all who may use what was created", async (context) => {
    const { runPlan, write, target } = await open(
      context,
      `name: plan\n${CLEANS}\ntasks:\n  a: { collection: c.json }\n  b: { collection: look.json, needs: [a] }\n  gate: { checkpoint: true, needs: [b], zeroOrphans: true }\n  c: { collection: c.json, needs: [gate] }\n`,
    );
    const look = creatingCollection(target.url, { count: 0 }) as { readonly item: object[] };
    const script = [
      "pm.test('is there', () => pm.expect(pm.response.json().items).to.have.length(2));",
    ];
    const request = { method: "GET", url: `${target.url}/items` };
    await write("look.json", {
      ...look,
      item: [
        ...look.item,
        { name: "look", request, event: [{ listen: "test", script: { exec: script } }] },
      ],
    });
    const { report, text } = await runPlan();
    assert.equal(report.verdict, "passed", text);
    assert.equal(target.created(), 6);
    assert.deepEqual([...target.documents], []);
    assert.equal(report.tasks.find(({ id }) => id === "gate")?.status, "passed");
    target.refuseDeletions(Infinity, 409);
    const red = await runPlan();
    assert.equal(red.report.verdict, "failed", red.text);
    assert.match(
      red.report.tasks.find(({ id }) => id === "gate")?.reason ?? "",
      /^a left 3: \S+\/items\/d7, /,
    );
    assert.equal(target.created(), 9, "c does not start behind a red proof");
  });
});

test("a proof asks the lists also where nothing is cleaned up, and deletes nothing", async (context) => {
  const { runPlan, submit, write, target } = await open(
    context,
    "name: plan\ntasks:\n  a: { collection: c.json }\n  gate: { checkpoint: true, needs: [a], zeroOrphans: true }\n",
    { lists: true, silent: true },
  );
  const { report, text } = await runPlan();
  assert.equal(report.verdict, "failed", text);
  const gate = report.tasks.find(({ id }) => id === "gate");
  assert.equal(gate?.cause, "orphans");
  assert.match(
    gate.reason ?? "",
    /^a: 3 left on the target: Test_a_\S+_0, Test_a_\S+_1, Test_a_\S+_2$/,
  );
  assert.equal(target.documents.size, 3);
  assert.match(text, /test data: 3 left on the target/);
  await write(
    "plan.yaml",
    "name: plan\ncleanup: { delete: created, after: run }\ntasks:\n  a: { collection: c.json }\n  gate: { checkpoint: true, needs: [a], zeroOrphans: true }\n",
  );
  assert.match(
    JSON.stringify(await submit()),
    /cleanup\.after.*it deletes what a has left at the end of the run/,
  );
});

test("what a POST with 200 names without proof is never deleted, and a proof is red until the plan says what it is", async (context) => {
  const { runPlan, write, target } = await open(
    context,
    `name: plan\n${CLEANS}\ntasks:\n  a: { collection: c.json }\n`,
    { finds: true },
  );
  const { token } = await login(target);
  await fetch(`${target.url}/items`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ name: "somebody" }),
  });
  const first = await runPlan();
  assert.equal(first.report.verdict, "passed", first.text);
  assert.deepEqual([...target.documents.values()], ["somebody"]);
  assert.deepEqual(first.report.tasks[0]?.ledger?.unclear, ["POST /items/find"]);
  assert.match(first.text, /created 3, deleted 0, cleaned up 3, left 0\n/);
  assert.match(first.text, /not counted: POST \/items\/find; say in the plan/);
  const plan = (creates: string): string =>
    `name: plan\ncleanup: { delete: created, after: task }\n${creates}tasks:\n  a: { collection: c.json }\n  gate: { checkpoint: true, needs: [a], zeroOrphans: true }\n`;
  await write("plan.yaml", plan(""));
  const red = await runPlan();
  assert.equal(red.report.verdict, "failed", red.text);
  const gate = red.report.tasks.find(({ id }) => id === "gate");
  assert.equal(gate?.cause, "orphans");
  assert.match(
    gate.reason ?? "",
    /^a answered 200 .*POST \/items\/find; .*creates: \{ POST \/items\/find: true/,
  );
  await write("plan.yaml", plan("creates: { POST /items/find: false }\n"));
  const green = await runPlan();
  assert.equal(green.report.verdict, "passed", green.text);
  assert.deepEqual(green.report.tasks[0]?.ledger?.unclear, []);
  assert.deepEqual([...target.documents.values()], ["somebody"]);
});

test("two pipelines at once on one target share no prefix, disturb no assertion and leave nothing", async (context) => {
  const plan = `name: plan\n${CLEANS}\ntasks:\n  a: { collection: c.json }\n  b: { collection: c.json }\n`;
  const { runPlan, target } = await open(context, plan);
  const other = await openLiveService({
    collections: {
      "plan/plan.yaml": plan,
      "plan/c.json": creatingCollection(target.url, { count: 3 }),
    },
    environments: {},
  });
  context.after(() => other.close());
  const both = await Promise.all([runPlan(), runPlanOf(other, "plan")]);
  for (const { report, text } of both) assert.equal(report.verdict, "passed", text);
  const prefixes = both.flatMap(({ report }) => report.tasks.map(({ prefix }) => prefix));
  assert.equal(new Set(prefixes).size, 4);
  assert.equal(target.created(), 12);
  assert.deepEqual(target.collisions, []);
  assert.deepEqual([...target.documents], []);
});

async function serve(
  project: Project,
): Promise<{ readonly running: Running; readonly url: string }> {
  const running = project.start(["serve", "--port", "0", "--lanes", "2"]);
  const [, url = ""] = await running.says(/serves at (http:\S+)/);
  return { running, url };
}

async function ask<Answer>(url: string, init?: RequestInit): Promise<Answer> {
  return (await (await fetch(url, init)).json()) as Answer;
}

function login(target: DocumentTarget): Promise<{ readonly token: string }> {
  return ask(`${target.url}/login`, { method: "POST" });
}

function post(
  url: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly id: string }> {
  return ask(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** The list of the target, as an environment has it; the clean-up logs in by a token that never ends. */
const LISTS = (url: string, token: string): Readonly<Record<string, unknown>> => ({
  cleanup: {
    "*": [
      {
        list: `${url}/items`,
        items: "$.items",
        pages: { page: "page" },
        delete: `${url}/items/{{id}}`,
        headers: { Authorization: `Bearer ${token}` },
      },
    ],
  },
});

test("a worker killed in the middle of creating leaves nothing of its run, not even what nobody was told of", async (context) => {
  const target = await openDocumentTarget();
  const project = createProject();
  context.after(async () => {
    await project.remove();
    await target.close();
  });
  project.write(
    "collections/plan/plan.yaml",
    `name: plan\n${CLEANS}\ntasks:\n  a: { collection: c.json }\n`,
  );
  project.write("collections/plan/c.json", creatingCollection(target.url, { count: 3 }));
  const { token } = await login(target);
  project.write("turnpike.yaml", LISTS(target.url, token));
  const first = await serve(project);
  target.holdAfter(2);
  const { id } = await post(`${first.url}/v1/runs`, { plan: "plan" });
  await until(() => target.held() === 1, "the third document is created and its answer held");
  first.running.child.kill("SIGKILL");
  await first.running.ended;
  target.release();
  const second = await serve(project);
  const run = await ask<{ readonly verdict: string }>(`${second.url}/v1/runs/${id}?wait=240`);
  assert.equal(run.verdict, "passed");
  assert.equal(target.created(), 6, "both attempts have created");
  assert.deepEqual([...target.documents], []);
  second.running.child.kill("SIGTERM");
  await second.running.ended;
});

test("a cancelled run deletes what its task had created by then", async (context) => {
  const { submit, write, target } = await open(
    context,
    `name: plan\n${CLEANS}\ntasks:\n  a: { collection: c.json }\n`,
  );
  target.holdAfter(3);
  await write("c.json", creatingCollection(target.url, { count: 4 }));
  const { id } = await submit();
  await until(() => target.held() === 1, "the fourth document is created and its answer held");
  await post(`${shared.url}/v1/runs/${id}/cancel`, { by: "a tester" });
  const run = await ask<{ readonly verdict: string }>(`${shared.url}/v1/runs/${id}?wait=240`);
  assert.equal(run.verdict, "cancelled");
  assert.deepEqual([...target.documents.keys()], ["d4"], "only what was never answered is left");
});

test("the key that opens the sealed headers goes with its run, also where several submissions were one run", async (context) => {
  const { submit } = await open(
    context,
    `name: plan\n${CLEANS}\ntasks:\n  a: { collection: c.json }\n`,
  );
  const key = { "idempotency-key": "six at once" };
  const receipts = await Promise.all(Array.from({ length: 6 }, () => submit(key)));
  const [id = "", ...others] = new Set(receipts.map((receipt) => receipt.id));
  assert.deepEqual(others, []);
  await ask(`${shared.url}/v1/runs/${id}?wait=240`);
  await waitUntil(async () => {
    const blobs = join(dataDirectory, "blobs");
    const entries = await readdir(blobs, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    assert.notEqual(files.length, 0);
    // One that has just been deleted holds nothing.
    const texts = await Promise.all(
      files.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8").catch(() => "")),
    );
    return !texts.some((text) => text.includes('"ledgerKey"'));
  });
});
