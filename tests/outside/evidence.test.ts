import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import test, { after, before } from "node:test";
import { compileFunction } from "node:vm";
import { judge, type Judgement } from "../../src/core/judge.js";
import type { CollectionJob } from "../../src/core/collection-job.js";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { watchScript } from "../../src/newman/watched-script.js";
import { jobOf, PASSING_TEST, sketchCollection } from "../support/collection.js";
import { laneSizes, runJob } from "../support/lanes.js";
import { startTarget, type Target } from "../support/target.js";

const task = { allowEmpty: false, timeoutMs: 60_000 };
const MB = 1_048_576;

let target: Target;
let awkward: Server;
/** Sockets of answered CONNECTs, which no longer belong to the server. */
const tunnels = new Set<Duplex>();
let lanes: Lanes;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-evidence-"));
  target = await startTarget();
  awkward = createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    if (request.url === "/drip") {
      const timer = setInterval(() => response.write("x"), 50);
      response.on("close", () => {
        clearInterval(timer);
      });
      return;
    }
    const block = Buffer.alloc(MB, "x");
    const pour = (): void => {
      if (!response.destroyed) response.write(block, () => setImmediate(pour));
    };
    pour();
  });
  awkward.on("connect", (_request, socket) => {
    tunnels.add(socket);
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
  });
  await new Promise<void>((resolve) => awkward.listen(0, "127.0.0.1", resolve));
  lanes = createLanes({ ...laneSizes, size: 1, maxResponseMb: 5 });
  await lanes.start();
});
after(async () => {
  await lanes.close();
  for (const tunnel of tunnels) tunnel.destroy();
  awkward.closeAllConnections();
  await new Promise((resolve) => awkward.close(resolve));
  await target.close();
  await rm(folder, { recursive: true });
});

function awkwardUrl(): string {
  const address = awkward.address();
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${String(address.port)}`;
}

async function judgeRun(collection: object, more: Partial<CollectionJob> = {}): Promise<Judgement> {
  const { result } = await runJob(lanes, jobOf(collection, more), AbortSignal.timeout(15_000));
  return judge(result, task, "deadline");
}

for (const [what, script, reason] of [
  ["throws null", "throw null;", /the script threw null/],
  ["throws undefined", "throw undefined;", /the script threw undefined/],
  ["throws zero", "throw 0;", /the script threw 0/],
  ["throws a symbol", "throw Symbol('odd');", /the script threw Symbol\(odd\)/],
  ["awaits a rejection without a reason", "await Promise.reject();", /the script threw undefined/],
  ["leaves a rejection to nobody", "Promise.reject(new Error('nobody'));", /nobody/],
  ["throws in a timer", "setTimeout(() => { throw new Error('late'); }, 5);", /late/],
  ["throws null in a timer", "setTimeout(() => { throw null; }, 5);", /the script threw null/],
  [
    "throws undefined in an interval",
    "const id = setInterval(() => { clearInterval(id); throw undefined; }, 5);",
    /the script threw undefined/,
  ],
  [
    "throws a symbol in an immediate",
    "setImmediate(() => { throw Symbol('odd'); });",
    /the script threw Symbol\(odd\)/,
  ],
  [
    "throws null in an asynchronous timer",
    "setTimeout(async () => { throw null; }, 5);",
    /rejected with the reason "null"/,
  ],
  [
    "throws null in the callback of a request it sent",
    "pm.sendRequest('URL', (error, response) => { if (response) throw null; });",
    /the script threw null/,
  ],
  [
    "takes its own error in a callback for the network's",
    "pm.sendRequest('URL', (error, response) => { if (error) return; response.json().no.such; });",
    /Cannot read properties of undefined/,
  ],
  [
    "throws null in the callback of a cookie jar",
    "pm.cookies.jar().getAll('URL', () => { throw null; });",
    /the script threw null/,
  ],
  [
    "throws in the callback of a request it sent",
    "pm.sendRequest('URL', () => { throw new Error('in the callback'); });",
    /in the callback/,
  ],
  [
    "begins a test whose done is never called",
    "pm.test('waits', (done) => {});",
    /the test "waits" never ended/,
  ],
  [
    "begins a test whose promise never settles",
    "pm.test('waits', async () => { await new Promise(() => {}); });",
    /the test "waits" never ended/,
  ],
  [
    "awaits for ever after its request was answered",
    "await new Promise((resolve) => pm.sendRequest('URL', () => {})); pm.test('behind', () => pm.expect(1).to.equal(2));",
    /the script never ended/,
  ],
  [
    "rejects in a test",
    "pm.test('rejects', async () => { throw new Error('inside'); });",
    /inside/,
  ],
  [
    "throws what has no readable message",
    "throw { get message() { throw new Error('unreadable'); } };",
    /sandbox not responding|unreadable/,
  ],
] as const) {
  test(`a script that ${what} does not pass, although its assertions do`, async () => {
    const code = [...PASSING_TEST, script.replace("URL", target.url)];
    const judgement = await judgeRun(sketchCollection({ url: target.url, test: code }), {
      timeoutScriptMs: 2_000,
    });
    assert.deepEqual([judgement.status, judgement.cause], ["failed", "script"]);
    assert.match(judgement.reason ?? "", reason);
  });
}

test("scripts mean what they meant before they were watched", async () => {
  const scripts = [
    "var twice = 1; function twice() {} pm.test('hoisted ' + twice, () => {});",
    "pm.test('done', (done) => setTimeout(done, 10)); pm.test('async', async () => { await new Promise((resolve) => setTimeout(resolve, 10)); });",
    "pm.test('skip is kept ' + typeof pm.test.skip + pm.test.index(), () => {}).test('chained', () => {}); // a comment",
    "pm.test('early', () => {}); if (true) return; throw null;",
    "'use sandbox2';pm.test('marked', () => {});",
    "console.log('own line'); pm.test('this is ' + typeof this, () => {});",
    "let setTimeout = 1; const pm2 = pm; pm.test('renamed ' + setTimeout, () => pm.expect(pm2.info.eventName).to.equal('test'));",
    "pm.test('passes on', (done) => clearTimeout(setTimeout(done, 9000), setTimeout(done, 1)));",
    "const id = setInterval(() => { clearInterval(id); pm.test('interval', () => {}); }, 1);",
    "const jar = pm.cookies.jar(); jar.set('URL', 'a', '1', () => jar.get('URL', 'a', (error, value) => pm.test('jar ' + value, () => {})));",
    "pm.test('same', () => pm.expect(pm.sendRequest('URL', () => {})).to.equal(pm));",
    "await pm.sendRequest('URL'); await new Promise((resolve) => setTimeout(resolve, 5)); for (let i = 0; i < 50; i++) await i; pm.test('awaited', () => {});",
    "const pause = new Promise((resolve) => setTimeout(resolve, 5)); await pause; pm.test('given ' + pm.execution.location.current, pause);",
  ];
  const items = scripts.map((script) => ({
    url: target.url,
    test: [script.replaceAll("URL", target.url)],
  }));
  const { result, records } = await runJob(lanes, jobOf(sketchCollection(...items)));
  assert.equal(judge(result, task, null).reason, null);
  assert.deepEqual(
    records
      .filter(({ name }) => !name.includes("sent by a script"))
      .map(({ assertions }) => assertions.map(({ name }) => name).toSorted()),
    [
      ["hoisted 1"],
      ["async", "done"],
      ["chained", "skip is kept function0"],
      ["early"],
      ["marked"],
      ["this is object"],
      ["renamed 1"],
      ["passes on"],
      ["interval"],
      ["jar 1"],
      ["same"],
      ["awaited"],
      ["given request 12"],
    ],
  );
  assert.deepEqual(
    records.flatMap((record) => record.console),
    [{ level: "log", text: "own line" }],
  );
});

test("a test that was given false where a function belongs is red, and one that was given something else is not", async () => {
  const code =
    "pm.test('is true', pm.response.code === 200); pm.test('is 201', pm.response.code === 201); pm.test('sets', pm.variables.set('a', 1));";
  const { result, records } = await runJob(
    lanes,
    jobOf(sketchCollection({ url: target.url, test: [code] })),
  );
  assert.equal(judge(result, task, null).status, "failed");
  const assertions = records.flatMap((record) => record.assertions);
  assert.deepEqual(
    assertions.map(({ name, outcome }) => `${name} ${outcome}`),
    ["is true passed", "is 201 failed", "sets passed"],
  );
  assert.match(assertions[1]?.message ?? "", /given false where a function belongs/);
});

test("a script that waits for nothing tells nothing of itself, and one that does tells its beginning and its end", async () => {
  const parameters = ["pm", "console", "setTimeout", "setInterval", "setImmediate"];
  const toldBy = async (source: string): Promise<unknown[]> => {
    const told: unknown[] = [];
    const log = (_key: unknown, state: unknown): void => void told.push(state);
    const pm = { test: () => undefined, execution: {} };
    const run: unknown = compileFunction(watchScript(source), parameters);
    assert.ok(typeof run === "function");
    await Reflect.apply(run, null, [pm, { log }, setTimeout, setInterval, setImmediate]);
    await new Promise((resolve) => setImmediate(resolve));
    return told;
  };
  assert.deepEqual(await toldBy("pm.test('x', () => {});"), []);
  assert.deepEqual(await toldBy("if (pm) return; await null;"), []);
  assert.deepEqual(await toldBy("await new Promise((resolve) => setTimeout(resolve, 5));"), [
    "begun",
    "ended",
  ]);
});

test("a script that skips its request after it waited for something has ended with that", async () => {
  const skip =
    "await pm.sendRequest('URL'); pm.execution.skipRequest(); await pm.sendRequest('URL');";
  const collection = sketchCollection(
    { url: target.url, prerequest: [skip.replaceAll("URL", target.url)] },
    { url: target.url, test: PASSING_TEST },
  );
  assert.equal((await judgeRun(collection)).reason, null);
});

for (const [what, item, name] of [
  ["the path of its URL", { url: "URL/{{there}}" }, "there"],
  ["the query of its URL", { url: "URL/?q={{there}}" }, "there"],
  ["a header", { url: "URL", header: [{ key: "x-id", value: "{{there}}" }] }, "there"],
  [
    "its body",
    { url: "URL", method: "POST", body: { mode: "raw", raw: '{"id":"{{there}}"}' } },
    "there",
  ],
  [
    "a field of its form",
    {
      url: "URL",
      method: "POST",
      body: { mode: "urlencoded", urlencoded: [{ key: "id", value: "{{there}}" }] },
    },
    "there",
  ],
  [
    "its authorization",
    {
      url: "URL",
      auth: { type: "basic", basic: [{ key: "username", value: "{{there}}" }] },
    },
    "there",
  ],
] as const) {
  test(`a request with an unresolved variable in ${what} does not pass, unless that was allowed`, async () => {
    const collection = {
      info: {
        name: "unresolved",
        schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
      },
      item: [
        {
          name: "sends",
          request: { method: "GET", ...item, url: item.url.replace("URL", target.url) },
          event: [{ listen: "test", script: { exec: PASSING_TEST } }],
        },
      ],
    };
    const judgement = await judgeRun(collection);
    assert.deepEqual([judgement.status, judgement.cause], ["failed", "request"]);
    assert.match(judgement.reason ?? "", new RegExp(`in "sends": .*\\{\\{${name}\\}\\} in its`));
    const { result, records } = await runJob(lanes, jobOf(collection, { allowUnresolved: true }));
    assert.equal(judge(result, task, null).status, "passed");
    assert.match(records[0]?.console[0]?.text ?? "", /sent with \{\{there\}\}/);
  });
}

test("what is resolved, disabled or no variable at all is not called unresolved", async () => {
  const collection = sketchCollection({
    url: `${target.url}/{{path}}`,
    method: "POST",
    body: {
      mode: "urlencoded",
      urlencoded: [
        { key: "a", value: "{{set}}" },
        { key: "b", value: "{{unset}}", disabled: true },
        { key: "c", value: "{{$guid}} {{}}" },
      ],
    },
    prerequest: ["pm.variables.set('set', '1'); pm.variables.set('path', 'there');"],
    test: PASSING_TEST,
  });
  assert.equal((await judgeRun(collection)).reason, null);
});

test("an endless setNextRequest is ended, and its request named", async () => {
  const collection = sketchCollection({
    name: "again",
    url: target.url,
    test: [...PASSING_TEST, "pm.execution.setNextRequest('again');"],
  });
  const judgement = await judgeRun(collection, { requestLimit: 20 });
  assert.equal(judgement.status, "failed");
  assert.match(judgement.reason ?? "", /executed 20 requests, and "again" would be the next/);
  const twoRounds = await judgeRun(sketchCollection({ url: target.url, test: PASSING_TEST }), {
    requestLimit: 1,
    iterations: 3,
  });
  assert.equal(twoRounds.status, "passed", "the limit is that of one iteration");
  const long = Array.from({ length: 30 }, () => ({ url: target.url, test: PASSING_TEST }));
  const longer = await judgeRun(sketchCollection(...long), { requestLimit: 20 });
  assert.equal(longer.status, "passed", "what is long is no cycle");
});

test("a server that drips for ever meets the deadline of the request, and the run goes on", async () => {
  const { result, records } = await runJob(
    lanes,
    jobOf(sketchCollection({ url: `${awkwardUrl()}/drip` }, { url: target.url }), {
      timeoutRequestMs: 400,
    }),
  );
  assert.deepEqual(
    records.map(({ requestError }) => requestError),
    ["the request was not over after 0.4 s", null],
  );
  assert.equal(result.counts.requestsFailed, 1);
});

test("a response without end fails its request, not the process", async () => {
  const before = lanes.status()[0]?.pid;
  const { records } = await runJob(
    lanes,
    jobOf(sketchCollection({ url: `${awkwardUrl()}/pour` }, { url: target.url })),
  );
  assert.match(records[0]?.requestError ?? "", /larger than 5 MB, the limit that maxResponseMb/);
  assert.equal(records[1]?.status, 200);
  assert.equal(lanes.status()[0]?.pid, before);
});

test("CONNECT ends, whether it is answered or refused", async () => {
  const { result, records } = await runJob(
    lanes,
    jobOf(
      sketchCollection(
        { method: "CONNECT", url: awkwardUrl() },
        { method: "CONNECT", url: target.url },
      ),
    ),
  );
  assert.equal(result.ended, "finished");
  assert.match(records[0]?.requestError ?? "", /CONNECT was answered/);
  assert.match(records[1]?.requestError ?? "", /socket hang up/);
});

test("a link inside the working directory leads to nothing outside of it", async () => {
  const inside = join(folder, "inside");
  await mkdir(inside);
  await writeFile(join(folder, "secret.txt"), "the-secret");
  await writeFile(join(inside, "open.txt"), "the-content");
  await symlink(join(folder, "secret.txt"), join(inside, "link.txt"));
  await symlink(folder, join(inside, "up"));
  await symlink(join(inside, "open.txt"), join(inside, "own.txt"));
  const upload = (mode: "file" | "formdata", src: string): object =>
    sketchCollection({
      method: "POST",
      url: `${target.url}/upload`,
      body:
        mode === "file"
          ? { mode, file: { src } }
          : { mode, formdata: [{ key: "file", type: "file", src }] },
      test: PASSING_TEST,
    });
  for (const mode of ["file", "formdata"] as const) {
    for (const src of ["link.txt", "up/secret.txt"]) {
      const judgement = await judgeRun(upload(mode, src), { workingDirectory: inside });
      assert.match(judgement.reason ?? "", /outside working directory/, `${mode} ${src}`);
      assert.doesNotMatch(target.requests.at(-1)?.body ?? "", /the-secret/);
    }
    const own = await judgeRun(upload(mode, "own.txt"), { workingDirectory: inside });
    assert.equal(own.status, "passed");
    assert.match(target.requests.at(-1)?.body ?? "", /the-content/);
  }
});
