/** Which scope gives a variable its value: random layers, rendered and run in a lane, against Newman with the layers as they stand. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import * as fc from "fast-check";
import { layerOf, plainLayer, render } from "../../src/core/environment.js";
import { createLanes } from "../../src/newman/lanes.js";
import { jobOf } from "../support/collection.js";
import { laneSizes, LOOPBACK_ONLY, runJob } from "../support/lanes.js";
import { startTarget } from "../support/target.js";

const VARIABLES = 120;
const names = Array.from({ length: VARIABLES }, (_, at) => `v${String(at)}`);

/** What a layer of the environment says of one variable: nothing, or rows that count or do not. */
const rows = fc.array(fc.boolean(), { maxLength: 2 });
const placing = fc.record({
  local: fc.boolean(),
  data: fc.boolean(),
  override: fc.boolean(),
  upper: rows,
  lower: rows,
  collection: fc.boolean(),
  global: fc.boolean(),
});
type Placing = typeof placing extends fc.Arbitrary<infer Value> ? Value : never;

interface Row {
  readonly key: string;
  readonly value: string;
  readonly enabled: boolean;
}

test("rendered layers give every variable the value Newman gives it: local, data, environment, collection, global", async (context) => {
  const target = await startTarget();
  context.after(() => target.close());
  const placings = fc.sample(placing, { seed: 20_261_123, numRuns: VARIABLES });
  const of = (scope: "local" | "data" | "override" | "collection" | "global"): string[] =>
    names.filter((_, at) => placings[at]?.[scope]);
  const valuesOf = (scope: "local" | "data" | "override" | "collection" | "global") =>
    Object.fromEntries(of(scope).map((name) => [name, `${scope}-${name}`]));
  const rowsOf = (layer: "upper" | "lower"): Row[] =>
    names.flatMap((key, at) =>
      (placings[at]?.[layer] ?? []).map((enabled, row) => ({
        key,
        value: `${layer}-${key}-${String(row)}`,
        enabled,
      })),
    );
  const collection = {
    info: {
      name: "scopes",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    variable: Object.entries(valuesOf("collection")).map(([key, value]) => ({ key, value })),
    item: [
      {
        name: "echo",
        event: [
          {
            listen: "prerequest",
            script: {
              exec: [
                `Object.entries(${JSON.stringify(valuesOf("local"))}).forEach(([key, value]) => pm.variables.set(key, value));`,
              ],
            },
          },
          {
            listen: "test",
            script: { exec: ["pm.test('answers', () => pm.response.to.have.status(200));"] },
          },
        ],
        request: {
          method: "POST",
          url: `${target.url}/echo`,
          body: {
            mode: "raw",
            raw: JSON.stringify(Object.fromEntries(names.map((name) => [name, `{{${name}}}`]))),
          },
        },
      },
    ],
  };
  const globals = Object.entries(valuesOf("global")).map(([key, value]) => ({ key, value }));
  const layers = { lower: rowsOf("lower"), upper: rowsOf("upper") };

  const lanes = createLanes({ ...laneSizes, size: 1 });
  await lanes.start();
  const { rows: rendered } = render([
    layerOf("lower", { values: layers.lower }),
    layerOf("upper", { values: layers.upper }),
    plainLayer("overrides", valuesOf("override")),
  ]);
  const job = jobOf(collection, {
    environment: { name: "rendered", rows: rendered },
    globals,
    data: { format: "json", text: JSON.stringify([valuesOf("data")]) },
    allowUnresolved: true,
    egress: LOOPBACK_ONLY,
  });
  try {
    const { result } = await runJob(lanes, job);
    assert.equal(result.ended, "finished");
  } finally {
    await lanes.close();
  }
  await runNewman({
    collection,
    // Newman reads `disabled` only; which of doubled rows counts, and what an override hides, it decides by itself.
    environment: {
      values: [...layers.lower, ...layers.upper].map(({ enabled, ...row }) => ({
        ...row,
        disabled: !enabled,
      })),
    },
    globals: { values: globals },
    iterationData: [valuesOf("data")],
    envVar: Object.entries(valuesOf("override")).map(([key, value]) => ({ key, value })),
  });

  const [ours, newmans] = target.requests.map(
    ({ body }) => JSON.parse(body) as Record<string, string>,
  );
  assert.ok(ours !== undefined && newmans !== undefined, "both have sent their request");
  assert.deepEqual(ours, newmans);
  names.forEach((name, at) => {
    const placed = placings[at];
    assert.ok(placed !== undefined);
    assert.equal(ours[name], expected(name, placed), `${name} ${JSON.stringify(placed)}`);
  });
  const scopes = new Set(Object.values(ours).map((value) => value.split("-")[0] ?? ""));
  assert.ok(scopes.size >= 7, `only ${[...scopes].join(", ")} gave values`);
});

/** The rule as README and FACTS say it, written down once more. */
function expected(name: string, placed: Placing): string {
  if (placed.local) return `local-${name}`;
  if (placed.data) return `data-${name}`;
  if (placed.override) return `override-${name}`;
  for (const layer of ["upper", "lower"] as const) {
    const row = placed[layer].lastIndexOf(true);
    if (row >= 0) return `${layer}-${name}-${String(row)}`;
  }
  if (placed.collection) return `collection-${name}`;
  return placed.global ? `global-${name}` : `{{${name}}}`;
}

function runNewman(options: object): Promise<void> {
  const newman: { run(options: object, done: (error: unknown) => void): unknown } = createRequire(
    import.meta.url,
  )("newman");
  return new Promise((resolve, reject) => {
    newman.run({ ...options, reporters: [] }, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(new Error("Newman could not run", { cause: error }));
    });
  });
}
