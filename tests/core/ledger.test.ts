import assert from "node:assert/strict";
import test from "node:test";
import { foldLedger, observeExchange, type Exchange } from "../../src/core/ledger.js";
import { parsePrefix } from "../../src/core/prefix.js";
import { prefixOf, runId } from "../../src/core/run.js";

const URL_OF = "http://host:1/v1/items";

function see(exchange: Partial<Omit<Exchange, "body">> & { readonly body?: unknown }): string {
  const { body, ...rest } = exchange;
  const seen = observeExchange({
    method: "POST",
    url: URL_OF,
    status: 201,
    location: null,
    ...rest,
    body: () => body,
  });
  if (seen === null) return "nothing";
  return [seen.action, seen.rule ?? "", seen.target].join(" ");
}

test("what an exchange created or deleted is recognised by its method, status, Location and body", () => {
  const cases: readonly (readonly [Parameters<typeof see>[0], string])[] = [
    [{ body: { id: 7 } }, `created id ${URL_OF}/7`],
    [{ body: { id: "a b:c" } }, `created id ${URL_OF}/a%20b%3Ac`],
    [{ body: { data: { id: "x" } } }, `created id ${URL_OF}/x`],
    [{ status: 200, body: { id: 7 } }, `created id ${URL_OF}/7`],
    [{ location: "/v1/items/9", body: { id: 7 } }, `created location ${URL_OF}/9`],
    [{ location: "items/9" }, `created location ${URL_OF}/9`],
    // Somebody else's host is not ours to delete on; the id still says where the thing is here.
    [{ location: "http://other/v1/items/9" }, "nothing"],
    [{ location: "https://host:1/v1/items/9" }, "nothing"],
    [{ url: `${URL_OF}/?key=k#part`, body: { id: 7 } }, `created id ${URL_OF}/7?key=k`],
    [{ url: "http://user:pass@host:1/v1/items", body: { id: 7 } }, `created id ${URL_OF}/7`],
    [{ body: {} }, "nothing"],
    [{ body: { id: "" } }, "nothing"],
    [{ body: { id: { of: 1 } } }, "nothing"],
    [{ body: [{ id: 7 }] }, "nothing"],
    [{ body: undefined }, "nothing"],
    [{ status: 202, body: { id: 7 } }, "nothing"],
    [{ status: 400, body: { id: 7 } }, "nothing"],
    [{ status: null, body: { id: 7 } }, "nothing"],
    [{ method: "PUT", url: `${URL_OF}/mine` }, `created put ${URL_OF}/mine`],
    [{ method: "PUT", url: `${URL_OF}/mine`, status: 200, body: { id: 7 } }, "nothing"],
    [{ method: "GET", status: 200, body: { id: 7 } }, "nothing"],
    [{ method: "DELETE", url: `${URL_OF}/7?x=1`, status: 204 }, `deleted  ${URL_OF}/7`],
    [{ method: "DELETE", url: `${URL_OF}/7/`, status: 404 }, `deleted  ${URL_OF}/7`],
    [{ method: "DELETE", url: `${URL_OF}/7`, status: 410 }, `deleted  ${URL_OF}/7`],
    [{ method: "DELETE", url: `${URL_OF}/7`, status: 409 }, "nothing"],
    [{ method: "DELETE", url: `${URL_OF}/7`, status: null }, "nothing"],
    [{ url: "not a url", body: { id: 7 } }, "nothing"],
    [{ url: "ftp://host/items", body: { id: 7 } }, "nothing"],
  ];
  for (const [exchange, expected] of cases)
    assert.equal(see(exchange), expected, JSON.stringify(exchange));
});

test("deletions are subtracted, those of something else are not, and what was created again is left again", () => {
  const entry = (action: "created" | "deleted", id: string) => ({
    action,
    rule: action === "created" ? ("id" as const) : null,
    url: `${URL_OF}/${id}`,
  });
  const check = (words: string, expected: readonly [number, number, readonly string[]]): void => {
    const entries = words.split(" ").map((word) => {
      const action = word.startsWith("+") ? "created" : "deleted";
      return entry(action, word.slice(1));
    });
    const { created, deleted, left } = foldLedger(entries);
    const ids = left.map(({ url }) => url.slice(URL_OF.length + 1));
    assert.deepEqual([created, deleted, ids], expected, words);
  };
  check("+a +b +c -b", [3, 1, ["a", "c"]]);
  check("-x +a", [1, 0, ["a"]]);
  check("+a -a -a", [1, 1, []]);
  check("+a -a +a", [2, 1, ["a"]]);
  check("+a +a", [1, 0, ["a"]]);
});

test("a prefix is read back as it was written, and nothing that only resembles one", () => {
  const at = Date.UTC(2026, 10, 23);
  const run = runId(at, "abc123");
  for (const [node, task] of [
    ["task-1", "task-1"],
    ["a_b", "a_b"],
    ["smoke.login.x-1", "smoke.login.x-1"],
    ["task-1~2", "task-1"],
  ] as const)
    assert.deepEqual(parsePrefix(`${prefixOf(run, node, 3)}name_1_2_`), {
      task,
      run,
      attempt: 3,
      at,
    });
  const keyed = `k${"0".repeat(20)}`;
  assert.equal(parsePrefix(prefixOf(keyed, "t", 1))?.at, null);
  for (const text of [
    "Test_task_1_",
    `test_t_${run}_1_`,
    `xTest_t_${run}_1_`,
    `Test_t_${run}_0_`,
    `Test_t_${run}_1`,
    `Test_t_${run.toUpperCase()}_1_`,
    "Test_t_aaaaaaaaaaaaaaa_x_",
    // 15 letters, but no time at which there was a Turnpike.
    "Test_t_000000000abc123_1_",
    `Test__${run}_1_`,
  ])
    assert.equal(parsePrefix(text), null, text);
});
