import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type LookupFunction } from "node:net";
import test, { after, before } from "node:test";
import { installEgressGuard } from "../../src/newman/egress-guard.js";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { jobOf, PASSING_TEST, sketchCollection } from "../support/collection.js";
import { laneSizes, runJob } from "../support/lanes.js";
import { startTarget, type Target } from "../support/target.js";

const METADATA = "169.254.169.254";
const REFUSED = /refused by the egress guard: .*(metadata|link-local)/;

let target: Target;
let proxy: Server;
let proxied = 0;
let lanes: Lanes;

before(async () => {
  target = await startTarget();
  proxy = createServer((request, response) => {
    proxied++;
    const location = new URL(request.url ?? "/", "http://proxy").searchParams.get("to");
    if (location === null) response.end("{}");
    else response.writeHead(302, { location }).end();
  });
  proxy.on("connect", (_request, socket) => {
    proxied++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  lanes = createLanes({ ...laneSizes, size: 2 });
  await lanes.start();
});
after(async () => {
  await lanes.close();
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  await target.close();
});

function proxyPort(): number {
  const address = proxy.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

for (const url of [
  `http://${METADATA}/latest/meta-data/`,
  `https://${METADATA}/`,
  "http://2852039166/",
  "http://0xa9.0376.169.254/",
  `http://[::ffff:${METADATA}]/`,
  "http://[fe80::1]/",
  "http://[fd00:ec2::254]/",
  "http://metadata.google.internal/computeMetadata/v1/",
  "http://100.100.100.200/",
]) {
  test(`${url} is never asked, and the record says why`, async () => {
    const { records } = await runJob(lanes, jobOf(sketchCollection({ url, test: PASSING_TEST })));
    assert.match(records[0]?.requestError ?? "", REFUSED);
    assert.equal(records[0]?.status, null);
  });
}

test("a redirect and a script get no further than a request", async () => {
  const redirect = `http://127.0.0.1:${String(proxyPort())}/?to=http://${METADATA}/`;
  const script = `pm.sendRequest('http://${METADATA}/', (error) => pm.test('sent', () => pm.expect(error).to.equal(null)));`;
  const { result, records } = await runJob(
    lanes,
    jobOf(sketchCollection({ url: redirect }, { url: target.url, test: [script] })),
  );
  assert.deepEqual(
    records.map(({ requestError }) => REFUSED.test(requestError ?? "")),
    [true, false, true],
  );
  assert.equal(result.counts.requestsFailed, 2);
});

for (const tunnel of [false, true]) {
  const kind = tunnel ? "a tunnel" : "a proxy";
  test(`${kind} is guarded itself, and does not reach what may not be reached`, async () => {
    const through = (url: string, host: string): object => {
      const item = sketchCollection({ url, test: PASSING_TEST });
      const text = JSON.stringify(item).replace(
        '"method":"GET"',
        `"method":"GET","proxy":${JSON.stringify({ match: "*://*/*", host, port: proxyPort(), tunnel })}`,
      );
      const parsed: unknown = JSON.parse(text);
      assert.ok(typeof parsed === "object" && parsed !== null);
      return parsed;
    };
    const before = proxied;
    for (const collection of [
      through(`http://${METADATA}/`, "127.0.0.1"),
      through(target.url, METADATA),
    ]) {
      const { records } = await runJob(lanes, jobOf(collection));
      assert.match(records[0]?.requestError ?? "", REFUSED);
    }
    assert.equal(proxied, before);
    await runJob(lanes, jobOf(through(target.url, "127.0.0.1")));
    assert.equal(proxied, before + 1, "what is allowed does go through the proxy");
  });
}

test("a Unix socket is no destination", async () => {
  const url = "http://unix:/var/run/docker.sock:/containers/json";
  const { records } = await runJob(lanes, jobOf(sketchCollection({ url })));
  assert.match(records[0]?.requestError ?? "", /egress guard: .*Unix sockets/);
});

test("a task reaches what its lists allow, by name and by address, and each run has lists of its own", async () => {
  const named = target.url.replace("127.0.0.1", "localhost");
  for (const [url, egress, problem] of [
    [target.url, { allow: ["127.0.0.0/8"], deny: [] }, null],
    [named, { allow: ["localhost"], deny: [] }, null],
    [named, { allow: ["127.0.0.0/8"], deny: [] }, null],
    [target.url, { allow: ["example.org"], deny: [] }, /127\.0\.0\.1 is not on the allow list/],
    [
      named,
      { allow: [], deny: ["127.0.0.0/8", "::1"] },
      /localhost resolves to .* which is on the deny list/,
    ],
    [target.url, { allow: [], deny: [] }, null],
  ] as const) {
    const before = target.requests.length;
    const job = jobOf(sketchCollection({ url, test: PASSING_TEST }), {
      egress: { allow: [...egress.allow], deny: [...egress.deny] },
    });
    const { records } = await runJob(lanes, job);
    if (problem === null) assert.equal(records[0]?.requestError, null);
    else assert.match(records[0]?.requestError ?? "", problem);
    assert.equal(target.requests.length - before, problem === null ? 1 : 0);
  }
});

test("a name that resolves to a forbidden address is refused at the connection, and only its other addresses are used", async () => {
  const guard = installEgressGuard();
  guard.use({ allow: [], deny: [] });
  const { port } = new URL(target.url);
  const answer =
    (...addresses: readonly string[]): LookupFunction =>
    (_host, _options, callback) => {
      callback(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    };
  const outcome = (lookup: LookupFunction): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({
        host: "rebound.test",
        port: Number(port),
        lookup,
        autoSelectFamily: true,
      });
      socket.once("error", (error) => {
        resolve(error.message);
      });
      socket.once("connect", () => {
        const { address }: Partial<AddressInfo> = socket.address();
        socket.destroy();
        resolve(`connected from ${String(address)}`);
      });
    });
  assert.match(await outcome(answer(METADATA)), /rebound\.test resolves to 169\.254\.169\.254/);
  assert.equal(await outcome(answer(METADATA, "127.0.0.1")), "connected from 127.0.0.1");
});
