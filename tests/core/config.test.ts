import assert from "node:assert/strict";
import test from "node:test";
import { maskValues, resolveConfig, type ConfigSource } from "../../src/core/resolve-config.js";
import { parseDuration, formatDuration } from "../../src/core/duration.js";
import { formatProblem } from "../../src/core/errors.js";
import { NO_COUNTS } from "../../src/core/evidence.js";
import { exitCodeOf } from "../../src/core/exit-code.js";
import { nearest } from "../../src/core/nearest.js";
import { prefixOf, runId } from "../../src/core/run.js";

function source(name: string, values: Readonly<Record<string, unknown>>): ConfigSource {
  return { name, values, label: (key) => key };
}

test("later sources win and each value knows where it came from", () => {
  const check = resolveConfig([
    source("file", { port: 1, lanes: 2 }),
    source("variables", { port: "3" }),
    source("flags", { lanes: undefined }),
  ]);
  assert.ok(check.ok);
  assert.equal(check.config.port, 3);
  assert.equal(check.config.lanes, 2);
  assert.equal(check.config.drainTimeout, 10_000);
  const sources = Object.fromEntries(check.values.map(({ key, source: from }) => [key, from]));
  assert.equal(sources["port"], "variables");
  assert.equal(sources["lanes"], "file");
  assert.equal(sources["host"], "default");
});

test("a token that could never arrive in a header is refused", () => {
  const check = resolveConfig([source("variables", { token: "sixteen letters and spaces" })]);
  assert.ok(!check.ok);
  assert.match(formatProblem(check.problems[0] ?? { path: "", message: "" }), /token: .*no spaces/);
  assert.ok(resolveConfig([source("variables", { token: "c2l4dGVlbi9sZXR0ZXJz+w==" })]).ok);
});

test("every problem of every source is reported at once, with its place", () => {
  const check = resolveConfig([
    source("turnpike.yaml", { prot: 1, lanes: -1 }),
    source("variables", { port: "many" }),
  ]);
  assert.ok(!check.ok);
  const found = check.problems.map(formatProblem);
  assert.equal(found.length, 3);
  assert.match(
    found[0] ?? "",
    /^turnpike\.yaml: prot: there is no such key; .*did you mean "port"\?/,
  );
  assert.match(found[1] ?? "", /^turnpike\.yaml: lanes: /);
  assert.match(found[2] ?? "", /^variables: port: /);
});

test("secrets are masked when shown", () => {
  const check = resolveConfig([source("variables", { token: "0123456789abcdef" })]);
  assert.ok(check.ok);
  const shown = Object.fromEntries(maskValues(check.values).map(({ key, value }) => [key, value]));
  assert.equal(shown["token"], "********");
  assert.equal(shown["redisUrl"], undefined);
});

test("durations are read and written as people write them", () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ["500ms", 500],
    ["30s", 30_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    ["24d", 24 * 86_400_000],
    ["25d", null],
    ["", null],
    ["30", null],
    ["30 m", null],
    ["-1s", null],
    ["soon", null],
  ];
  for (const [text, expected] of cases) assert.equal(parseDuration(text), expected, text);
  assert.equal(formatDuration(850), "850 ms");
  assert.equal(formatDuration(12_400), "12.4 s");
  assert.equal(formatDuration(200_000), "3 min 20 s");
});

test("ids of runs sort by time and prefixes are unique for run, task and attempt", () => {
  assert.ok(runId(1_700_000_000_000, "zzz") < runId(1_700_000_000_001, "aaa"));
  assert.equal(prefixOf("r1", "task-1", 2), "Test_task-1_r1_2_");
});

test("a guess is made only when it is close", () => {
  assert.equal(nearest("stagng", ["staging", "local"]), "staging");
  assert.equal(nearest("prot", ["port", "host"]), "port");
  assert.equal(nearest("zzz", ["staging", "local"]), null);
  assert.equal(nearest("zz", ["a", "b"]), null);
});

test("the exit code tells failed tests from what could not run and from nothing to prove", () => {
  const base = {
    node: "a",
    kind: "task",
    reason: "x",
    attempt: 1,
    startedAt: 1,
    endedAt: 2,
    prefix: null,
    counts: NO_COUNTS,
  } as const;
  assert.equal(exitCodeOf("passed", []), 0);
  assert.equal(exitCodeOf("failed", []), 1);
  assert.equal(exitCodeOf("timed_out", []), 4);
  assert.equal(exitCodeOf("cancelled", []), 130);
  assert.equal(exitCodeOf("errored", [{ ...base, status: "errored", cause: "crash" }]), 3);
  assert.equal(exitCodeOf("errored", [{ ...base, status: "errored", cause: "no_assertions" }]), 5);
});
