import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import * as fc from "fast-check";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { requireOf } from "../../src/newman/runtime-versions.js";
import { installBridge } from "../../src/newman/sandbox-bridge.js";
import { jobOf, sketchCollection } from "../support/collection.js";
import { laneSizes, runJob } from "../support/lanes.js";

interface Writer {
  stringify(value: unknown): string;
  parse(text: string): unknown;
}

const requireBesideUvm = requireOf(["newman", "postman-runtime", "postman-sandbox", "uvm"]);
const flatted = requireBesideUvm("flatted") as Writer;
const bytes = Buffer.from(Array.from({ length: 1_024 }, (_, index) => index % 256));
const server = createServer((_, response) => void response.end(bytes));
const NAME = fc.string().filter((key) => key !== "__proto__");
let quick: Writer;
let lanes: Lanes;

before(async () => {
  assert.equal(installBridge(requireBesideUvm), true, "the installed uvm is the one that is known");
  quick = requireBesideUvm("flatted") as Writer;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  lanes = createLanes({ ...laneSizes, size: 1 });
  await lanes.start();
});
after(async () => {
  await lanes.close();
  await new Promise((resolve) => server.close(resolve));
});

test("what crosses the bridge arrives as Flatted would deliver it", () => {
  fc.assert(
    // Flatted takes a key of this name for the prototype.
    fc.property(fc.string(), fc.array(fc.anything({ key: NAME })), (name, values) => {
      const event = [name, ...values];
      assert.deepEqual(arrive(quick, event), arrive(flatted, event));
    }),
  );
});

test("bytes, dates and what is not a number arrive as Flatted would deliver them", () => {
  const event = ["x", Buffer.from([0, 255]), new Date(0), NaN, undefined, [undefined], "[[", {}];
  assert.deepEqual(arrive(quick, event), arrive(flatted, event));
});

test("an event that leads back to itself arrives with its ring, and one without a name arrives", () => {
  const ring: Record<string, unknown> = { a: 1 };
  ring["self"] = ring;
  const [, seen] = quick.parse(quick.stringify(["x", ring])) as [string, typeof ring];
  assert.equal(seen["self"], seen);
  assert.deepEqual(quick.parse(quick.stringify([["["], 2])), [["["], 2]);
  assert.deepEqual(quick.parse(quick.stringify([])), []);
});

test("what names the same thing over and over, or is nested deep, arrives as well", () => {
  let doubled: object = { end: 1 };
  let deep: object = {};
  for (let level = 0; level < 40; level += 1) doubled = { left: doubled, right: doubled };
  for (let level = 0; level < 15_000; level += 1) deep = { deep };
  const long = "x".repeat(1_000_000);
  const many = Array.from({ length: 1_000 }, () => long);
  const text = quick.stringify(["x", doubled, deep, many]);
  assert.ok(text.length < 2_000_000, "nothing of it is written twice");
  const [, seen, bottom, again] = quick.parse(text) as [
    string,
    { left: object; right: object },
    object,
    string[],
  ];
  assert.equal(seen.left, seen.right);
  assert.deepEqual(again, many);
  let levels = 0;
  for (let at: { deep?: object } = bottom; at.deep !== undefined; at = at.deep) levels += 1;
  assert.equal(levels, 15_000);
});

test("scripts get a body byte for byte, and may hand out what leads back to itself", async () => {
  const { result, records } = await runJob(
    lanes,
    jobOf(
      sketchCollection({
        url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
        test: [
          "const ring = { odd: '\\ud800 é \\u2028', list: [undefined, NaN] }; ring.self = ring;",
          "console.log(ring);",
          "pm.visualizer.set('<p>{{odd}}</p>', ring);",
          "pm.environment.set('kept', { a: [1, null] });",
          "pm.test('keeps', () => pm.expect(pm.environment.get('kept')).to.eql({ a: [1, null] }));",
          "const seen = Array.from(pm.response.stream);",
          "pm.test('has its bytes', () => pm.expect(seen).to.eql(Array.from({ length: 1024 }, (_, index) => index % 256)));",
        ],
      }),
    ),
  );
  assert.ok(result.ended === "finished" && result.counts.failures === 0, JSON.stringify(result));
  assert.deepEqual(
    records.flatMap(({ assertions }) => assertions.map(({ outcome }) => outcome)),
    ["passed", "passed"],
  );
});

/** What the other side sees, or that it cannot be written. */
function arrive(writer: Writer, event: readonly unknown[]): unknown {
  try {
    return writer.parse(writer.stringify(event));
  } catch (error) {
    return (error as Error).name;
  }
}
