/** Running a red run again: what passed is reused and said to be, what did not pass is executed, all of it over REST and CLI. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";
import { bodyOf, type Receipt, type RunAnswer } from "../support/run-fixture.js";
import { openLiveService, openTarget, type LiveService } from "../support/service.js";

let service: LiveService;
let target: Awaited<ReturnType<typeof openTarget>>;
let project: Project;
const asked: string[] = [];
let moody = true;

before(async () => {
  project = createProject();
  target = await openTarget((request, response) => {
    asked.push(request.url ?? "");
    response.statusCode = moody && request.url === "/moody" ? 500 : 200;
    response.end("{}");
  });
  const task = (name: string): object =>
    collectionOf(name, [{ url: `{{target}}/${name}`, test: STATUS_200 }]);
  service = await openLiveService({
    collections: {
      "mixed/plan.yaml": `
name: mixed
environment: here
tasks:
  calm: { collection: calm.json }
  moody: { collection: moody.json, needs: [calm] }
  gate: { checkpoint: true, needs: [calm, moody] }
  last: { collection: last.json, needs: [gate] }
`,
      "mixed/calm.json": task("calm"),
      "mixed/moody.json": task("moody"),
      "mixed/last.json": task("last"),
    },
    environments: {
      "here.postman_environment.json": {
        name: "here",
        values: [{ key: "target", value: target.url }],
      },
    },
  });
});
after(async () => {
  await project.remove();
  await service.close();
  await target.close();
});

const turnpike = (...args: readonly string[]): ReturnType<Project["run"]> =>
  project.run(args, { TURNPIKE_SERVER: service.url });

test("the failed part of a run is run again, and what is reused is said to be so everywhere", async () => {
  const red = await turnpike("trigger", "mixed", "--wait", "--branch", "main");
  assert.equal(red.code, 1, red.stderr);
  assert.deepEqual(asked, ["/calm", "/moody"]);
  const redId = /run (\S+),/.exec(red.stdout)?.[1] ?? "";
  moody = false;
  asked.length = 0;
  const green = await turnpike("rerun", redId, "--failed", "--wait");
  assert.equal(green.code, 0, green.stderr);
  assert.deepEqual(asked, ["/moody", "/last"], "what passed is not executed again");
  assert.match(green.stdout, new RegExp(`rerun of ${redId}, branch main`));
  assert.match(green.stdout, new RegExp(`passed in run ${redId}, not run again`));
  assert.match(green.stdout, /3 of 3 tasks passed.*1 of them reused.*, 2 requests, 2 assertions/);
  const greenId = /run (\S+),/.exec(green.stdout)?.[1] ?? "";
  const read = async (path: string): Promise<string> =>
    (await fetch(`${service.url}/v1/runs/${greenId}${path}`)).text();
  const run = JSON.parse(await read("")) as RunAnswer & { readonly rerunOf: string };
  assert.equal(run.rerunOf, redId);
  assert.equal(run.counts.requests, 2);
  const calm = run.nodes.find(({ id }) => id === "calm")?.outcome;
  assert.deepEqual(
    [calm?.status, Reflect.get(calm ?? {}, "reusedFrom"), Reflect.get(calm ?? {}, "attempt")],
    ["passed", redId, 0],
  );
  assert.match(await read("/report.xml"), /<testcase [^>]*name="calm reused"[^>]*>\s*<skipped/);
  assert.match(await read("/report.html"), new RegExp(`passed in run ${redId}, not run again`));
  const nothing = await turnpike("rerun", greenId, "--failed");
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /there is no failed part to run again/);
});

test("a whole rerun executes everything from the frozen files, and names the overrides that are gone", async () => {
  const first = await turnpike(
    "trigger",
    "mixed",
    "--wait",
    "--env-var",
    "key=value",
    "--env-var",
    `target=${target.url}`,
  );
  assert.equal(first.code, 0, first.stderr);
  const id = /run (\S+),/.exec(first.stdout)?.[1] ?? "";
  const refused = await turnpike("rerun", id, "--env-var", "key=again");
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /variables\.target: .*deleted at the end of a run \(give it again\)/,
  );
  assert.doesNotMatch(refused.stderr, /variables\.key/);
  asked.length = 0;
  const again = await fetch(`${service.url}/v1/runs/${id}/rerun`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ variables: { key: "x", target: target.url } }),
  });
  assert.equal(again.status, 202);
  const receipt = await bodyOf<Receipt>(again);
  const ended = await turnpike("status", receipt.id, "--wait");
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(asked, ["/calm", "/moody", "/last"]);
  assert.equal((await turnpike("rerun", "0nobody")).code, 2);
});
