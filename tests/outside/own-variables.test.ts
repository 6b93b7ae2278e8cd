import assert from "node:assert/strict";
import test from "node:test";
import { openLiveService, openTarget, runPlan } from "../support/service.js";

const PLAN = `name: plan
tasks:
  declares: { collection: declares.json }
  sets: { collection: sets.json }
  asks: { collection: asks.json }
  global: { collection: global.json }
`;

function requesting(
  path: string,
  answer: string,
  { variables = {}, before = "" }: { readonly variables?: object; readonly before?: string } = {},
): object {
  const script = (listen: string, exec: string): object => ({ listen, script: { exec: [exec] } });
  return {
    info: {
      name: "c",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    variable: Object.entries(variables).map(([key, value]) => ({ key, value: value as unknown })),
    item: [
      {
        name: "request",
        request: { method: "GET", url: `{{base_url}}${path}` },
        event: [
          script("prerequest", before),
          script(
            "test",
            `pm.test("answer", () => pm.expect(pm.response.text()).to.match(${answer}));`,
          ),
        ],
      },
    ],
  };
}

test("what a collection gives a value itself is not hidden by what a task is given", async (context) => {
  const [target, other] = await Promise.all(
    ["", "other"].map((name) =>
      openTarget(({ url }, response) => response.end(`${name}${url ?? ""}`)),
    ),
  );
  assert.ok(target !== undefined && other !== undefined);
  const base_url = target.url;
  const service = await openLiveService({
    collections: {
      "alone.json": requesting("/healthz", "/ok/"),
      "plan/plan.yaml": PLAN,
      "plan/declares.json": requesting("/a", "/^\\/a$/", { variables: { base_url } }),
      "plan/sets.json": requesting("/{{task_id}}/{{prefix}}", "/^\\/mine\\/ours$/", {
        variables: { base_url },
        before: 'pm.collectionVariables.set("task_id", "mine"); pm.globals.set("prefix", "ours");',
      }),
      "plan/asks.json": requesting("/{{task_id}}/{{prefix}}", "/^\\/asks\\/Test_asks_/", {
        variables: { base_url, task_id: "", prefix: "Test_" },
      }),
      "plan/global.json": requesting("/b", "/^other\\/b$/"),
    },
    environments: {
      "globals.postman_globals.json": {
        name: "globals",
        values: [{ key: "base_url", value: other.url, enabled: true }],
      },
    },
  });
  context.after(() => Promise.all([service.close(), target.close(), other.close()]));
  const { report, text } = await runPlan(service, "plan");
  assert.equal(report.verdict, "passed", text);
  await fetch(`${service.url}/v1/environments/globals`, { method: "DELETE" });
  const alone = await fetch(`${service.url}/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=240" },
    body: JSON.stringify({ collection: "alone" }),
  });
  const { id, verdict } = (await alone.json()) as { readonly id: string; readonly verdict: string };
  assert.equal(verdict, "failed");
  const told = await (await fetch(`${service.url}/v1/runs/${id}/report.txt`)).text();
  assert.match(told, /base_url/);
});
