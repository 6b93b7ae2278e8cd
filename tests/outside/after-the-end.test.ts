import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { collectionOf, STATUS_200 } from "../support/project.js";
import { openLiveService, type LiveService } from "../support/service.js";
import { waitUntil } from "../support/wait-until.js";

/** Long enough for a task to be sending when it comes, on a slow machine too. */
const DEADLINE = "5s";
/** How the four endless runs are ended, and what their task says of it. */
const ENDINGS = {
  task: /^timed_out: stopped after [\d,]+ requests/,
  run: /^timed_out: .*the time of the whole run was over/,
  checkpoint: /^cancelled: .*its checkpoint had closed/,
  cancel: /^cancelled: /,
} as const;

let service: LiveService;
let target: Server;
let base: string;
/** Paths in the order of their arrival. */
const asked: string[] = [];
let opened = 0;
let open = 0;

before(async () => {
  target = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url !== "/held")
      setTimeout(() => response.end("{}"), request.url === "/slow" ? 500 : 10);
  });
  target.on("connection", (socket) => {
    opened += 1;
    open += 1;
    socket.once("close", () => (open -= 1));
  });
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  base = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}`;
  const endless = (kind: string): object => ({ collection: `${kind}.json`, iterations: 100_000 });
  const gate = { checkpoint: true, needs: ["endless"], timeout: DEADLINE };
  const plans: Readonly<Record<string, object>> = {
    task: { tasks: { endless: { ...endless("task"), timeout: DEADLINE } } },
    run: { timeout: DEADLINE, tasks: { endless: endless("run") } },
    checkpoint: { tasks: { endless: endless("checkpoint"), gate } },
    cancel: { tasks: { endless: endless("cancel") } },
    limits: {
      tasks: {
        limited: { collection: "limits.json", timeoutRequest: "500ms", timeoutScript: "1s" },
      },
    },
    other: { tasks: { other: { collection: "other.json" } } },
  };
  const ticking = `setInterval(() => pm.sendRequest('${base}/tick'), 20);`;
  const limits = collectionOf("limits", [
    { url: `${base}/ticking`, test: [ticking] },
    { url: `${base}/slow`, test: STATUS_200 },
    { url: `${base}/held`, test: STATUS_200 },
    { url: `${base}/last`, test: STATUS_200 },
  ]);
  service = await openLiveService({
    collections: Object.fromEntries(
      Object.entries(plans).flatMap(([name, plan]) => [
        [`${name}/plan.yaml`, { name, ...plan }],
        [
          `${name}/${name}.json`,
          name === "limits"
            ? limits
            : collectionOf(name, [{ url: `${base}/${name}`, test: STATUS_200 }]),
        ],
      ]),
    ),
    environments: {},
    flags: { lanes: Object.keys(ENDINGS).length },
  });
});
after(async () => {
  await service.close();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

interface RunAnswer {
  readonly id: string;
  readonly verdict: string | null;
  readonly nodes: readonly {
    readonly id: string;
    readonly outcome: { readonly status: string; readonly reason: string | null } | null;
  }[];
}

async function ask(path: string, body?: object): Promise<RunAnswer> {
  const headers = { "content-type": "application/json" };
  const post = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  return (await (await fetch(`${service.url}/v1/runs${path}`, post)).json()) as RunAnswer;
}

/** What a task came to, as its status and reason. */
async function endOf(id: string): Promise<string> {
  const { nodes, verdict } = await ask(`/${id}?wait=240`);
  assert.notEqual(verdict, null, "the run has ended");
  const { status, reason } = nodes[0]?.outcome ?? { status: "none", reason: null };
  return `${status}: ${reason ?? ""}`;
}

/** All that was sent has been read once every connection is closed; then nothing comes but what another run sends. */
async function isSilent(): Promise<void> {
  await waitUntil(() => open === 0);
  const before = { asked: asked.length, opened };
  const { id } = await ask("", { plan: "other" });
  assert.match(await endOf(id), /^passed/);
  assert.deepEqual(asked.slice(before.asked), ["/other"]);
  assert.equal(opened, before.opened + 1);
}

test("after the deadline of a task, a run or a checkpoint, and after a cancel, nothing reaches the target", async () => {
  const kinds = Object.keys(ENDINGS);
  const runs = new Map<string, string>();
  for (const plan of kinds) runs.set(plan, (await ask("", { plan })).id);
  await waitUntil(() => kinds.every((kind) => asked.includes(`/${kind}`)));
  await ask(`/${runs.get("cancel") ?? ""}/cancel`, {});
  for (const [kind, pattern] of Object.entries(ENDINGS))
    assert.match(await endOf(runs.get(kind) ?? ""), pattern, kind);
  await isSilent();
});

test("after the deadline of a script it sends nothing more, and after that of a request its connection is closed", async () => {
  const { id } = await ask("", { plan: "limits" });
  assert.match(await endOf(id), /^failed: /);
  const [ticking, slow] = [asked.indexOf("/ticking"), asked.indexOf("/slow")];
  const run = asked.slice(ticking);
  assert.ok(run.filter((path) => path === "/tick").length > 1, "the script was sending");
  assert.deepEqual(
    asked.slice(slow).filter((path) => path !== "/other"),
    ["/slow", "/held", "/last"],
  );
  await isSilent();
});
