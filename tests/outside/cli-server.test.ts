/** The command line against a service: triggering, watching, cancelling, and what it says when something is wrong. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createProject, type Project } from "../support/project.js";
import { openRunFixture, type RunAnswer, type RunFixture } from "../support/run-fixture.js";
import { openTarget } from "../support/service.js";
import { waitUntil } from "../support/wait-until.js";

let fixture: RunFixture;
let project: Project;
before(async () => {
  project = createProject();
  fixture = await openRunFixture();
});
after(async () => {
  await project.remove();
  await fixture.close();
});

const here = (): Record<string, string> => ({ TURNPIKE_SERVER: fixture.url });
const turnpike = (...args: readonly string[]): ReturnType<Project["run"]> =>
  project.run(args, here());

test("trigger --wait shows the run live, ends with its report, writes others, and exits by the verdict", async () => {
  const reports = ["--report", "junit=out/pair.xml"];
  const { code, stdout, stderr } = await turnpike("trigger", "pair", "--wait", ...reports);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /✓ first/);
  assert.match(stdout, /PASSED {2}2 of 2 tasks passed, 1 of 1 checkpoint/);
  const junit = readFileSync(join(project.directory, "out/pair.xml"), "utf8");
  assert.match(junit, /<testsuites [^>]*failures="0"/);
});

test("a red run exits with 1, and one under the same key is the same run", async () => {
  const args = ["trigger", "single", "-e", "here", "--idempotency-key", "cli-key"];
  const first = await turnpike(...args);
  const second = await turnpike(...args);
  assert.deepEqual([first.code, second.code], [0, 0], first.stderr);
  assert.match(first.stdout, /^\S+\n$/, "the id alone is the result");
  assert.equal(first.stdout, second.stdout);
  const red = await turnpike("trigger", "pair", "--env-var", "target=http://127.0.0.1:9", "--wait");
  assert.equal(red.code, 1, red.stderr);
  assert.match(red.stdout, /FAILED/);
});

test("status, logs and runs show what a run came to, also as JSON", async () => {
  const id = (await turnpike("trigger", "pair")).stdout.trim();
  const waited = await turnpike("status", id, "--wait");
  assert.equal(waited.code, 0, waited.stderr);
  const status = await turnpike("status", id);
  assert.match(status.stdout, /A pair {2}run \S+, environment here, by cli/);
  assert.match(status.stdout, /✓ gate +passed/);
  assert.match(status.stdout, /PASSED\n$/);
  const document = JSON.parse((await turnpike("status", id, "--json")).stdout) as RunAnswer;
  assert.equal(document.verdict, "passed");
  const logs = await turnpike("logs", id);
  assert.match(logs.stdout, /200 GET get \/a/);
  assert.match(logs.stdout, new RegExp(`run ${id} passed`));
  const runs = await turnpike("runs", "--limit", "1");
  assert.match(runs.stdout, new RegExp(`${id} +pair +passed +here`));
});

test("Ctrl-C while waiting ends the waiting only, and says how the run is cancelled", async () => {
  const waiting = project.start(["trigger", "slow", "--wait"], here());
  await waiting.says(/▶ wait/);
  const id = (await waiting.says(/run (\S+) at/))[1] ?? "";
  waiting.child.kill("SIGINT");
  const { code, stderr } = await waiting.ended;
  assert.equal(code, 130);
  assert.match(stderr, new RegExp(`run ${id} goes on .*turnpike cancel ${id} --server`));
  assert.equal((await fixture.read<RunAnswer>(`/v1/runs/${id}`)).state, "running");
  const unfinished = await turnpike("logs", id);
  assert.match(unfinished.stdout, /▶ wait/);
  assert.match(unfinished.stderr, /goes on; follow it with --follow/);
  const following = project.start(["logs", id, "-f"], here());
  await following.says(/▶ wait/);
  assert.equal((await turnpike("cancel", id, "--by", "a tester")).code, 0);
  const { stdout } = await following.ended;
  assert.match(stdout, /cancelling, asked for by a tester/);
  assert.match(stdout, new RegExp(`run ${id} cancelled`));
  const ended = await turnpike("status", id, "--wait");
  assert.equal(ended.code, 130);
});

test("what is not there is named with what is meant, and nothing is started", async () => {
  const plan = await turnpike("trigger", "piar");
  assert.equal(plan.code, 2);
  assert.match(plan.stderr, /neither a plan nor a collection "piar".*did you mean "pair"/);
  const environment = await turnpike("trigger", "pair", "-e", "hree");
  assert.equal(environment.code, 2);
  assert.match(environment.stderr, /environment: no environment is called "hree".*here/);
  const id = (await turnpike("trigger", "single", "-e", "here")).stdout.trim();
  await turnpike("status", id, "--wait");
  const misspelt = `${id.slice(0, -1)}_`;
  for (const command of ["status", "logs", "cancel"]) {
    const answer = await turnpike(command, misspelt);
    assert.equal(answer.code, 2);
    assert.match(answer.stderr, new RegExp(`no run has the id "${misspelt}"; did you mean "`));
  }
  const late = await turnpike("trigger", "pair", "--report", "json=x.json");
  assert.match(late.stderr, /--report needs --wait/);
});

test("a service that is away, is another program, or wants a token is told apart", async (context) => {
  const gone = await openTarget(() => undefined);
  await gone.close();
  const away = await project.run(["runs", "--server", gone.url]);
  assert.equal(away.code, 3);
  assert.ok(away.stderr.includes(`no service answers at ${gone.url}: `), away.stderr);
  assert.match(away.stderr, /ECONNREFUSED.*turnpike serve/);
  assert.match(away.stderr, /SERVER_UNREACHABLE/);
  const other = await openTarget((_request, response) => void response.end("hello"));
  context.after(() => other.close());
  const strange = await project.run(["runs", "--server", other.url]);
  assert.equal(strange.code, 3);
  assert.match(strange.stderr, /does not answer as a Turnpike service does/);
  const guarded = await openRunFixture({ token: "the-token-of-the-service" });
  context.after(() => guarded.close());
  const variables = { TURNPIKE_SERVER: guarded.url };
  const refused = await project.run(["runs", "--token", "a-token-that-is-wrong"], variables);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /did not accept the token: set TURNPIKE_TOKEN or --token/);
  const token = { TURNPIKE_TOKEN: "the-token-of-the-service" };
  const taken = await project.run(["trigger", "pair", "--wait"], { ...variables, ...token });
  assert.equal(taken.code, 0, taken.stderr);
});

test("a newer run of a branch supersedes the older one, and the history is asked for both", async () => {
  const older = project.start(
    ["trigger", "slow", "--branch", "topic", "--label", "team=shop", "--wait"],
    here(),
  );
  await older.says(/▶ wait/);
  const olderId = (await older.says(/run (\S+) at/))[1] ?? "";
  const newer = (
    await turnpike("trigger", "slow", "--branch", "topic", "--commit", "3f2a", "--supersede")
  ).stdout.trim();
  const { code, stdout, stderr } = await older.ended;
  assert.equal(code, 130, stderr);
  assert.match(stderr, new RegExp(`asked for by run ${newer}, which supersedes it`));
  assert.match(stdout, /branch topic, team=shop/);
  const other = await turnpike("trigger", "slow", "--branch", "another");
  assert.equal(other.code, 0);
  const listed = await turnpike("runs", "--plan", "slow", "--branch", "topic");
  assert.match(listed.stdout, new RegExp(`${newer}.*topic[^]*${olderId} +slow +cancelled`));
  assert.ok(!listed.stdout.includes(other.stdout.trim()));
  assert.equal((await turnpike("cancel", newer)).code, 0);
  const status = await turnpike("status", newer);
  assert.match(status.stdout, /branch topic, commit 3f2a/);
  assert.equal((await turnpike("cancel", other.stdout.trim())).code, 0);
  const first = await turnpike("runs", "--plan", "slow", "--limit", "1");
  const cursor = /--cursor (\S+)/.exec(first.stderr)?.[1] ?? "";
  const rest = await turnpike("runs", "--plan", "slow", "--limit", "1", "--cursor", cursor);
  assert.match(rest.stdout, new RegExp(newer));
  const bad = await turnpike("runs", "--verdict", "green");
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /verdict/);
  assert.match((await turnpike("trigger", "slow", "--supersede")).stderr, /name the branch/);
});

test("a paused run and a paused queue start nothing, are shown as such, and go on when resumed", async () => {
  await turnpike("pause");
  const ready = async (): Promise<string> => (await fetch(`${fixture.url}/readyz`)).text();
  assert.match(await ready(), /paused: no new task starts/);
  const id = (await turnpike("trigger", "pair")).stdout.trim();
  assert.equal((await turnpike("pause", id, "--by", "ann")).code, 0);
  await turnpike("resume");
  assert.doesNotMatch(await ready(), /paused/);
  const status = await turnpike("status", id);
  assert.match(status.stdout, /paused by ann/);
  assert.match(status.stdout, /PAUSED\n$/);
  assert.match((await turnpike("runs", "--limit", "1")).stdout, new RegExp(`${id} +pair +paused`));
  // A run that was accepted later and has ended shows that the queue works, and that this one waits all the same.
  const other = await turnpike("trigger", "single", "-e", "here", "--wait");
  assert.equal(other.code, 0, other.stderr);
  assert.match((await turnpike("status", id)).stdout, /… first +waiting/);
  assert.equal((await turnpike("resume", id)).code, 0);
  assert.equal((await turnpike("status", id, "--wait")).code, 0);
  const late = await turnpike("pause", id);
  assert.match(late.stderr, /has ended already \(passed\)/);
});

test("a schedule is set, listed with its next and its last time, and deleted", async () => {
  const set = (...args: readonly string[]) => turnpike("schedule", "set", "often", ...args);
  const made = await set("pair", "--cron", "* * * * * *", "-e", "here", "--env-var", "a=b");
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^often {2}pair {2}"\* \* \* \* \* \*" UTC, next at \d{4}-/);
  let listed = "";
  await waitUntil(async () => {
    listed = (await turnpike("schedule", "list")).stdout;
    return /last at \S+: run \S+\n$/.test(listed);
  });
  assert.match(
    (await turnpike("schedule", "pause", "often", "--by", "ann")).stdout,
    /UTC, paused by ann, last at/,
  );
  const read = await fixture.read<{ pausedBy: string; nextAt: null }>("/v1/schedules/often");
  assert.deepEqual([read.pausedBy, read.nextAt], ["ann", null]);
  assert.match((await turnpike("schedule", "resume", "often")).stdout, /UTC, next at \d{4}-/);
  assert.match(
    (await turnpike("schedule", "pause", "oftn")).stderr,
    /no schedule is called "oftn"/,
  );
  assert.equal(
    (await turnpike("schedule", "delete", "often")).stdout,
    "schedule often is deleted\n",
  );
  const runId = /run (\S+)\n$/.exec(listed)?.[1] ?? "";
  assert.equal((await turnpike("status", runId, "--wait")).code, 0);
  const none = await turnpike("schedule", "list");
  assert.match(none.stderr, /no plan is run by the clock/);
  assert.match((await turnpike("schedule", "delete", "often")).stderr, /no schedule is called/);
  const bad = await set("pair", "--cron", "61 * * * *");
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /cron: "61 \* \* \* \*" cannot be read/);
});
