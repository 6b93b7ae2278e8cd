import assert from "node:assert/strict";
import test from "node:test";
import { runSchema } from "../../src/core/stored-run.js";
import { makeRun } from "../support/run-store-contract.js";

test("a run stored before there were namespaces is read with its home as its namespace", () => {
  const run = makeRun({ namespace: "abc" });
  const { namespace, ...rest } = run;
  assert.deepEqual(runSchema.parse({ ...rest, home: namespace }), run);
  assert.deepEqual(runSchema.parse(run), run);
});
