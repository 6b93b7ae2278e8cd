/** The rate of a target host: requests wait for their turn before they are sent, whoever sends them. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { jobOf, PASSING_TEST, sketchCollection } from "../support/collection.js";
import { laneSizes } from "../support/lanes.js";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";
import { startTarget, type Target } from "../support/target.js";
import { waitUntil } from "../support/wait-until.js";

let target: Target;
let lanes: Lanes;
let project: Project;

before(async () => {
  project = createProject();
  target = await startTarget();
  lanes = createLanes({ ...laneSizes, size: 1 });
  await lanes.start();
});
after(async () => {
  await lanes.close();
  await target.close();
  await project.remove();
});

test("a request to a paced host, by a script too, is not sent before its turn, and others are not asked about", async () => {
  const asked: string[] = [];
  let go: (waitMs: number) => void = () => assert.fail("nobody has asked");
  const collection = sketchCollection(
    { url: `${target.url.replace("127.0.0.1", "localhost")}/free`, test: PASSING_TEST },
    { url: `${target.url}/paced`, test: PASSING_TEST },
    {
      url: `${target.url}/last`,
      prerequest: [`pm.sendRequest(${JSON.stringify(`${target.url}/sent`)}, () => {});`],
      test: [
        ...PASSING_TEST,
        "pm.test('the wait is not in the response time', () => pm.expect(pm.response.responseTime).to.be.below(5000));",
      ],
    },
  );
  const paths = (): readonly string[] => target.requests.map(({ path }) => path);
  const running = lanes.run(jobOf(collection, { pacedHosts: ["127.0.0.1"] }), {
    signal: new AbortController().signal,
    onRecords: () => undefined,
    takeTurn: (host) =>
      new Promise((resolve) => {
        asked.push(host);
        go = resolve;
      }),
  });
  for (const [turn, path] of ["/paced", "/sent", "/last"].entries()) {
    await waitUntil(() => asked.length > turn);
    assert.ok(!paths().includes(path), `${path} was sent before its turn`);
    go(path === "/last" ? 6000 : 0);
  }
  const result = await running;
  assert.equal(result.ended, "finished");
  assert.deepEqual(result.counts.assertionsFailed, 0, JSON.stringify(result));
  assert.deepEqual(paths(), ["/free", "/paced", "/sent", "/last"]);
  assert.deepEqual(asked, ["127.0.0.1", "127.0.0.1", "127.0.0.1"]);
});

test("tasks that run at once share the rate of their host", async () => {
  const arrivals: number[] = [];
  const server = createServer((_, response) => {
    arrivals.push(Date.now());
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const place = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const items = Array.from({ length: 5 }, () => ({ url: `http://${place}/`, test: STATUS_200 }));
  project.write("collections/p/c.json", collectionOf("c", items));
  project.write(
    "collections/p/plan.yaml",
    "name: p\ntasks:\n  a: { collection: c.json }\n  b: { collection: c.json }\n",
  );
  project.write("turnpike.yaml", `limits: { hosts: { "${place}": { perSecond: 4 } } }\n`);
  const { code, stdout } = await project.run(["run", "p"]);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(code, 0, stdout);
  assert.equal(arrivals.length, 10);
  // Nine pauses of 250 ms, of which a slow machine may have swallowed some when the first request was late.
  const tookMs = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
  assert.ok(tookMs >= 1250, `10 requests at 4 a second took ${String(tookMs)} ms`);
});
