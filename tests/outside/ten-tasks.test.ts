import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { after, before } from "node:test";
import type { RunReport } from "../../src/reports/report.js";
import { until } from "../support/lanes.js";
import { createProject, type Project } from "../support/project.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
let project: Project;

before(() => {
  project = createProject();
  for (const folder of ["collections", "environments"]) {
    cpSync(join(root, folder), join(project.directory, folder), { recursive: true });
  }
});
after(() => project.remove());

function filesOf(folder: string): string[] {
  return readdirSync(join(project.directory, folder), { recursive: true, encoding: "utf8" }).sort();
}

test("the ten-task plan passes against the service that runs it, in parallel, and leaves nothing behind", async () => {
  const before = [...filesOf("collections"), ...filesOf("environments")];
  const { code, stdout, stderr } = await project.run([
    "run",
    "tasks-1-10",
    "--lanes",
    "4",
    "--quiet",
    "--report",
    "json=report.json",
  ]);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const text = readFileSync(join(project.directory, "report.json"), "utf8");
  const report = JSON.parse(text) as RunReport;
  assert.equal(report.totals.tasks.passed, 8);
  assert.equal(report.totals.checkpoints.passed, 2);
  for (const task of report.tasks.filter(({ kind }) => kind === "task")) {
    assert.ok(
      task.counts.requests >= 8,
      `${task.id} sent ${String(task.counts.requests)} requests`,
    );
    assert.ok(task.counts.assertions >= 25, `${task.id} checked too little`);
    assert.equal(task.requests.length, task.counts.requests, `${task.id} lacks evidence`);
  }
  for (const together of [
    ["task-2", "task-3", "task-4"],
    ["task-6", "task-7", "task-8", "task-9"],
  ]) {
    const tasks = report.tasks.filter(({ id }) => together.includes(id));
    const starts = tasks.map(({ startedAt }) => Date.parse(startedAt ?? ""));
    const ends = tasks.map(({ endedAt }) => Date.parse(endedAt ?? ""));
    assert.ok(Math.max(...starts) < Math.min(...ends), `${together.join(", ")} do not overlap`);
  }
  assert.deepEqual([...filesOf("collections"), ...filesOf("environments")], before);
});

test("a ten-task run that is cancelled in the middle of creating, beside another one, leaves nothing behind, also where a token is asked for", async () => {
  const token = "a-token-of-this-test-only";
  const authorization = `Bearer ${token}`;
  const before = [...filesOf("collections"), ...filesOf("environments")];
  const running = project.start(["serve", "--port", "0", "--lanes", "4"], {
    TURNPIKE_TOKEN: token,
  });
  const [, url = ""] = await running.says(/serves at (http:\S+)/);
  const send = async (path: string, body: object): Promise<{ readonly id: string }> => {
    const answer = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as { readonly id: string };
  };
  const plan = { plan: "tasks-1-10", variables: { api_token: token } };
  const cancelled = await send("/v1/runs", plan);
  const other = await send("/v1/runs", plan);
  await until(
    () =>
      [...filesOf("collections"), ...filesOf("environments")].some((name) =>
        name.includes(cancelled.id),
      ),
    "the run has created something in the service",
  );
  await send(`/v1/runs/${cancelled.id}/cancel`, { by: "a tester" });
  const verdicts = await Promise.all(
    [cancelled, other].map(async ({ id }) => {
      const answer = await fetch(`${url}/v1/runs/${id}?wait=240`, { headers: { authorization } });
      return ((await answer.json()) as { readonly verdict: string | null }).verdict;
    }),
  );
  assert.deepEqual(verdicts, ["cancelled", "passed"]);
  const answer = await fetch(`${url}/v1/runs/${other.id}/report.json`, {
    headers: { authorization },
  });
  const report = (await answer.json()) as RunReport;
  const tasks = report.tasks.filter(({ kind }) => kind === "task");
  assert.equal(tasks.length, 8);
  for (const { id, ledger } of tasks)
    assert.notEqual(ledger?.cleanup?.status, "failed", `${id}: ${ledger?.cleanup?.reason ?? ""}`);
  assert.deepEqual([...filesOf("collections"), ...filesOf("environments")], before);
  running.child.kill("SIGTERM");
  await running.ended;
});
