import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import test, { after, before } from "node:test";
import { REFUSED_FLAGS } from "../../src/cli/newman-flags.js";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";

let project: Project;
let target: Server;
let base: string;
/** Paths the target was asked for, in order. */
const asked: string[] = [];

before(async () => {
  project = createProject();
  target = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url?.startsWith("/never/") === true) return;
    const delayMs = Number(/\/delay\/(\d+)/.exec(request.url ?? "")?.[1] ?? 0);
    setTimeout(
      () => response.end(JSON.stringify({ authorization: request.headers.authorization })),
      delayMs,
    );
  });
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  base = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}`;
  project.write("environments/local.postman_environment.json", {
    name: "local",
    values: [
      { key: "target", value: base },
      { key: "token", value: "s3cr3t-value", type: "secret" },
    ],
  });
});
after(async () => {
  await project.remove();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

const tenTasks = (task3: readonly string[]): void => {
  const task = (id: string, needs: string): string =>
    `  ${id}: { collection: ${id}.json, needs: [${needs}] }`;
  project.write(
    "collections/ten/plan.yaml",
    [
      "name: ten",
      "environment: local",
      "tasks:",
      task("task-1", ""),
      ...["task-2", "task-3", "task-4"].map((id) => task(id, "task-1")),
      "  checkpoint-5: { checkpoint: true, needs: [task-2, task-3, task-4] }",
      ...["task-6", "task-7", "task-8", "task-9"].map((id) => task(id, "checkpoint-5")),
      "  checkpoint-10: { checkpoint: true, needs: [task-6, task-7, task-8, task-9] }",
    ].join("\n"),
  );
  for (const number of [1, 2, 3, 4, 6, 7, 8, 9]) {
    const id = `task-${String(number)}`;
    project.write(
      `collections/ten/${id}.json`,
      collectionOf(id, [
        { url: `{{target}}/${id}/{{prefix}}`, test: id === "task-3" ? task3 : STATUS_200 },
      ]),
    );
  }
};

test("a plan runs, its prefixes reach the target, and the reports stand where they were asked for", async () => {
  tenTasks(STATUS_200);
  const reports = ["junit=out/j.xml", "json=out/r.json", "html=out/r.html", "md=out/r.md"].flatMap(
    (report) => ["--report", report],
  );
  const { code, stdout, stderr } = await project.run(["run", "ten", "--lanes", "3", ...reports]);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /8 of 8 tasks passed, 2 of 2 checkpoints, 8 requests, 8 assertions, 0 failures/,
  );
  assert.match(stdout, /speed-up \d+\.\dx/);
  assert.match(stderr, /▶ task-1/);
  assert.doesNotMatch(`${stdout}${stderr}`, /\u001B/, "no colour without a terminal");
  const runId = /run (\S+),/.exec(stdout)?.[1] ?? "";
  assert.ok(asked.includes(`/task-6/Test_task-6_${runId}_1_`));
  assert.match(
    readFileSync(join(project.directory, "out/j.xml"), "utf8"),
    /<testsuites [^>]*failures="0"/,
  );
  assert.match(readFileSync(join(project.directory, "out/r.html"), "utf8"), /^<!doctype html>/i);
  assert.ok(existsSync(join(project.directory, "out/r.md")));
});

test("a red assertion in task 3 closes checkpoint 5, skips tasks 6 to 9, and exits with 1", async () => {
  tenTasks(["pm.test('is a teapot', () => pm.response.to.have.status(418));"]);
  asked.length = 0;
  const { code, stdout } = await project.run(["run", "ten", "-q", "--report", "json=red.json"]);
  assert.equal(code, 1);
  const report: unknown = JSON.parse(readFileSync(join(project.directory, "red.json"), "utf8"));
  const { tasks } = report as {
    readonly tasks: readonly { readonly id: string; readonly status: string }[];
  };
  assert.deepEqual(Object.fromEntries(tasks.map(({ id, status }) => [id, status])), {
    "task-1": "passed",
    "task-2": "passed",
    "task-3": "failed",
    "task-4": "passed",
    "checkpoint-5": "failed",
    "task-6": "skipped",
    "task-7": "skipped",
    "task-8": "skipped",
    "task-9": "skipped",
    "checkpoint-10": "skipped",
  });
  assert.match(stdout, /is a teapot/);
  assert.deepEqual(
    asked.filter((path) => /task-[6-9]/.test(path)),
    [],
    "nothing behind the checkpoint was sent",
  );
});

const REFUSED: readonly {
  readonly title: string;
  readonly plan: string;
  readonly args?: readonly string[];
  readonly says: readonly RegExp[];
}[] = [
  {
    title: "a typo in needs",
    plan: "name: bad\ntasks:\n  a: { collection: a.json }\n  b: { collection: a.json, needs: [aa] }",
    says: [/tasks\.b\.needs: no task is called "aa"; the plan has a, b/],
  },
  {
    title: "a missing collection",
    plan: "name: bad\ntasks:\n  a: { collection: b.json }",
    says: [/tasks\.a\.collection: .*b\.json/, /did you mean "a\.json"/],
  },
  {
    title: "an unknown environment",
    plan: "name: bad\nenvironment: locl\ntasks:\n  a: { collection: a.json }",
    says: [/environment: no environment is called "locl".*local/],
  },
  {
    title: "an unknown environment of the command",
    plan: "name: bad\ntasks:\n  a: { collection: a.json }",
    args: ["-e", "stagin"],
    says: [/no environment is called "stagin"/],
  },
  {
    title: "a cycle",
    plan: "name: bad\ntasks:\n  a: { collection: a.json, needs: [b] }\n  b: { collection: a.json, needs: [a] }",
    says: [/a -> b -> a/],
  },
  {
    title: "an unknown key",
    plan: "name: bad\ntasks:\n  a: { collection: a.json, need: [b] }",
    says: [/tasks\.a\.need: unknown key "need".*did you mean "needs"/],
  },
  { title: "a file that is no YAML", plan: "name: [", says: [/plan\.yaml:1:8: /] },
];

for (const { title, plan, args = [], says } of REFUSED) {
  test(`${title} is refused with exit code 2 and its place, before anything is queued`, async () => {
    project.write("collections/bad/plan.yaml", plan);
    project.write(
      "collections/bad/a.json",
      collectionOf("a", [{ url: `${base}/never`, test: STATUS_200 }]),
    );
    asked.length = 0;
    const { code, stdout, stderr } = await project.run(["run", "bad", ...args]);
    assert.equal(code, 2, stderr);
    for (const expected of says) assert.match(stderr, expected);
    assert.equal(stdout, "");
    assert.deepEqual(asked, []);
  });
}

test("an unknown plan, an unknown flag and a bad report format exit with 2 and say what there is", async () => {
  assert.match(
    (await project.run(["run", "tn"])).stderr,
    /the plans are bad, ten.*did you mean "ten"/,
  );
  const flag = await project.run(["run", "ten", "--lnes", "3"]);
  assert.equal(flag.code, 2);
  assert.match(flag.stderr, /unknown option '--lnes'/);
  const format = await project.run(["run", "ten", "--report", "pdf=x"]);
  assert.equal(format.code, 2);
  assert.match(format.stderr, /formats are json, junit, html, md/);
  const option = await project.run(["run", "ten", "-n", "3"]);
  assert.equal(option.code, 2);
  assert.match(option.stderr, /single collection only/);
});

test("a single collection runs with data, overrides and globals, and its secrets are masked everywhere", async () => {
  project.write("one.json", {
    ...collectionOf("one", [
      {
        url: "{{target}}/{{row}}/{{extra}}/{{everywhere}}",
        test: [
          ...STATUS_200,
          "console.log('token is', pm.environment.get('token'));",
          "pm.test('red with ' + pm.environment.get('token'), () => pm.expect(pm.environment.get('token')).to.equal('x'));",
        ],
      },
    ]),
    auth: { type: "bearer", bearer: [{ key: "token", value: "{{token}}" }] },
  });
  project.write("rows.csv", "row\none\ntwo\n");
  asked.length = 0;
  const { code, stdout, stderr } = await project.run([
    "run",
    "one.json",
    "-e",
    "local",
    "-d",
    "rows.csv",
    "--env-var",
    "extra=more",
    "--global-var",
    "everywhere=all",
    "--report",
    "json=one-report.json",
  ]);
  assert.equal(code, 1);
  assert.deepEqual(asked, ["/one/more/all", "/two/more/all"]);
  const report = readFileSync(join(project.directory, "one-report.json"), "utf8");
  for (const text of [stdout, stderr, report]) {
    assert.doesNotMatch(text, /s3cr3t-value/);
  }
  assert.match(report, /red with \*{8}/);
});

test("what the configuration denies an environment no task of it reaches", async () => {
  tenTasks(STATUS_200);
  const before = asked.length;
  const { code, stdout } = await project.run(["run", "ten"], {
    TURNPIKE_EGRESS: JSON.stringify({ local: { deny: ["127.0.0.0/8"] } }),
  });
  assert.equal(code, 1, stdout);
  assert.match(stdout, /127\.0\.0\.1 is on the deny list \(127\.0\.0\.0\/8\)/);
  assert.equal(asked.length, before);
  const wrong = await project.run(["run", "ten"], { TURNPIKE_EGRESS: '{"local":{"allowed":[]}}' });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /TURNPIKE_EGRESS/);
});

test("a collection that proves nothing exits with 5, not with 0", async () => {
  project.write("empty.json", collectionOf("empty", []));
  project.write("unproven.json", collectionOf("unproven", [{ url: `${base}/x` }]));
  const empty = await project.run(["run", "empty.json"]);
  assert.equal(empty.code, 5, empty.stderr);
  assert.match(empty.stdout, /not one request/);
  const unproven = await project.run(["run", "unproven.json"]);
  assert.equal(unproven.code, 5, unproven.stderr);
  assert.match(unproven.stdout, /not one assertion/);
});

test("a collection over its time exits with 4, and the target hears nothing more", async () => {
  project.write(
    "slow.json",
    collectionOf(
      "slow",
      Array.from({ length: 20 }, () => ({ url: `${base}/delay/200`, test: STATUS_200 })),
    ),
  );
  const { code, stdout } = await project.run(["run", "slow.json", "--timeout", "700"]);
  assert.equal(code, 4);
  assert.match(stdout, /timed out/);
  const heard = asked.length;
  await project.run(["--version"]);
  assert.equal(asked.length, heard);
});

test("a plan over the time of its whole run ends what runs, starts nothing more, and the target hears nothing more", async () => {
  const never = (name: string): unknown =>
    collectionOf(name, [{ url: `${base}/never/${name}`, test: STATUS_200 }]);
  for (const name of ["first", "second"])
    project.write(`collections/endless/${name}.json`, never(name));
  // With one lane one of the two waits until the other has been ended.
  project.write(
    "collections/endless/plan.yaml",
    "name: endless\ntimeout: 4s\ntasks:\n  first: { collection: first.json }\n  second: { collection: second.json }\n",
  );
  const before = asked.length;
  const { code, stdout } = await project.run(["run", "endless", "--lanes", "1"]);
  assert.equal(code, 4, stdout);
  assert.match(stdout, /stopped after 0 requests: the time of the whole run was over/);
  assert.match(stdout, /not started: the time of the whole run was over/);
  assert.match(stdout, /TIMED OUT {2}0 of 2 tasks passed/);
  assert.ok(asked.length <= before + 1, "only the task that was started reached the target");
  const shorter = await project.run(["run", "endless", "--lanes", "1", "--timeout", "1"]);
  assert.equal(shorter.code, 4);
  assert.match(shorter.stdout, /not started: the time of the whole run/);
  assert.doesNotMatch(shorter.stdout, /stopped after/);
  assert.ok(asked.length <= before + 1, "a run without time reaches nothing");
});

for (const [what, signal, by] of [
  ["Ctrl-C", "SIGINT", "Ctrl-C"],
  ["a terminal that is closed", "SIGHUP", "SIGHUP"],
] as const)
  test(`${what} cancels the run, kills what is underway, and exits with 130`, async () => {
    project.write(
      "long.json",
      collectionOf(
        "long",
        Array.from({ length: 50 }, () => ({ url: `${base}/delay/200`, test: STATUS_200 })),
      ),
    );
    const running = project.start(["run", "long.json"]);
    await running.says(/200 GET/);
    running.child.kill(signal);
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 130, stderr);
    assert.ok(stderr.includes("cancelling"), stderr);
    assert.ok(stderr.includes(`(${by})`), stderr);
    assert.match(stdout, /CANCELLED/);
  });

test("every flag of Newman's run either works or is refused with what to do instead", async () => {
  const newman = createRequire(import.meta.url).resolve("newman");
  const program = readFileSync(join(dirname(newman), "bin/newman.js"), "utf8");
  const flags = [...program.matchAll(/\.option\('[^']*?(--[a-z-]+)/g)].map(([, flag = ""]) => flag);
  assert.ok(flags.length >= 30, `only ${String(flags.length)} flags were found`);
  const { stdout } = await project.run(["run", "--help"]);
  const unknown = flags.filter((flag) => !stdout.includes(flag) && !(flag in REFUSED_FLAGS));
  assert.deepEqual(unknown, []);
  const refused = await project.run(["run", "x.json", "--postman-api-key", "key"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--postman-api-key.*nothing is fetched from Postman/s);
});

test("-x exits with 0, and --silent says nothing", async () => {
  project.write("unproven.json", collectionOf("unproven", [{ url: `${base}/x` }]));
  const report = ["--report", "json=silent.json"];
  const ended = await project.run(["run", "unproven.json", "-x", "--silent", ...report]);
  assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "", ""]);
  const written = readFileSync(join(project.directory, "silent.json"), "utf8");
  assert.match(written, /"verdict": "errored"/);
});

test("help and version are results, and end with 0", async () => {
  const help = await project.run(["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Usage: turnpike/);
  assert.match((await project.run(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test("a run whose output nobody reads any more goes on to its verdict and its reports", async () => {
  project.write(
    "unread.json",
    collectionOf(
      "unread",
      Array.from({ length: 3 }, () => ({ url: `${base}/delay/200`, test: STATUS_200 })),
    ),
  );
  const { child, ended } = project.start([
    "run",
    "unread.json",
    "--report",
    "json=unread-out.json",
  ]);
  child.stderr?.once("data", () => {
    child.stderr?.destroy();
    child.stdout?.destroy();
  });
  const { code, stdout } = await ended;
  assert.deepEqual([code, stdout], [0, ""]);
  const report: unknown = JSON.parse(project.read("unread-out.json"));
  assert.match(JSON.stringify(report), /"status":"passed"/);
});
