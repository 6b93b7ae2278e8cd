import assert from "node:assert/strict";
import test from "node:test";
import { creationRulesSchema, type CreationRules } from "../../src/core/creation-rules.js";
import { foldLedger, unclearRequests } from "../../src/core/ledger.js";
import { observeExchange, type Exchange } from "../../src/core/observe-exchange.js";
import { parsePrefix } from "../../src/core/prefix.js";
import { prefixOf, runId } from "../../src/core/run.js";

const URL_OF = "http://host:1/v1/items";

const PREFIX = "Test_a_0mwszvwx3jycywa_1_";
const NAMED = JSON.stringify({ name: `${PREFIX}x` });

type Seen = Partial<Omit<Exchange, "body" | "sent">> & {
  readonly body?: unknown;
  readonly sent?: string;
  readonly rules?: CreationRules;
};

function see(exchange: Seen): string {
  const { body, sent = NAMED, rules = {}, ...rest } = exchange;
  const seen = observeExchange(
    {
      method: "POST",
      url: URL_OF,
      status: 201,
      location: null,
      ...rest,
      sent: () => sent,
      body: () => body,
    },
    { prefix: PREFIX, rules },
  );
  if (seen === null) return "nothing";
  return [seen.action, seen.rule ?? seen.request ?? "", seen.target].join(" ");
}

function check(cases: readonly (readonly [Seen, string])[]): void {
  for (const [exchange, expected] of cases)
    assert.equal(see(exchange), expected, JSON.stringify(exchange));
}

test("what an exchange created or deleted is recognised by its method, status, Location and body", () => {
  check([
    [{ body: { id: 7 } }, `created id ${URL_OF}/7`],
    [{ body: { id: "a b:c" } }, `created id ${URL_OF}/a%20b%3Ac`],
    [{ body: { data: { id: "x" } } }, `created id ${URL_OF}/x`],
    [{ location: "/v1/items/9", body: { id: 7 } }, `created location ${URL_OF}/9`],
    [{ location: "items/9" }, `created location ${URL_OF}/9`],
    // Somebody else's host is not ours to delete on; the id still says where the thing is here.
    [{ location: "http://other/v1/items/9" }, "nothing"],
    [{ location: "https://host:1/v1/items/9" }, "nothing"],
    [{ url: `${URL_OF}/?key=k#part`, body: { id: 7 } }, `created id ${URL_OF}/7?key=k`],
    [{ url: "http://user:pass@host:1/v1/items", body: { id: 7 } }, `created id ${URL_OF}/7`],
    [{ body: {} }, "nothing"],
    [{ body: { id: "" } }, "nothing"],
    [{ body: { id: ".." } }, "nothing"],
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
  ]);
});

test("an answer of 200 tells of a creation only where it shows the prefix that was sent and an id that was not", () => {
  const name = `${PREFIX}x`;
  const unclear = `unclear POST /v1/items ${URL_OF}/7`;
  check([
    [{ status: 200, body: { id: 7, name } }, `created prefix ${URL_OF}/7`],
    [
      { status: 200, body: { data: { id: 7, attributes: { name } } } },
      `created prefix ${URL_OF}/7`,
    ],
    [
      { status: 200, url: `${URL_OF}?name=${name}`, sent: "", body: { id: 7, name } },
      `created prefix ${URL_OF}/7?name=${name}`,
    ],
    // A login, and a search for something of ours or of others.
    [{ status: 200, sent: '{"user":"u"}', body: { id: 7, token: "t" } }, unclear],
    [{ status: 200, body: { id: 7, results: [{ name }] } }, unclear],
    [{ status: 200, body: { id: 7, name: "Test_of_others" } }, unclear],
    [{ status: 200, sent: "{}", body: { id: 7, name } }, unclear],
    // The prefix stands beside the object the id is of.
    [{ status: 200, body: { name, data: { id: 7 } } }, unclear],
    // An echo, and a change of what was there.
    [{ status: 200, sent: JSON.stringify({ id: 7, name }), body: { id: 7, name } }, unclear],
    [{ status: 200, sent: `id=7&name=${name}`, body: { id: 7, name } }, unclear],
    [
      { status: 200, url: `${URL_OF}/7/publish`, body: { id: 7, name } },
      `unclear POST /v1/items/7/publish ${URL_OF}/7/publish/7`,
    ],
    [
      { status: 200, sent: JSON.stringify({ name, count: 17 }), body: { id: 7, name } },
      `created prefix ${URL_OF}/7`,
    ],
    [{ status: 200, location: "/v1/items/9" }, `created location ${URL_OF}/9`],
    [{ status: 200, location: "/home" }, "unclear POST /v1/items http://host:1/home"],
    [
      { status: 200, location: "/v1/items/9", sent: '{"id":9}' },
      `unclear POST /v1/items ${URL_OF}/9`,
    ],
    [{ status: 200, body: { token: "t" } }, "nothing"],
  ]);
});

test("what a plan says of a request counts more than its answer, and the rule that is written out most counts", () => {
  const rules: CreationRules = {
    "POST /v1/**": true,
    "POST /v1/*": false,
    "POST /v1/items": true,
    "POST /v1/items/*/notes": true,
    "POST /v1/jobs": false,
    "PUT /v1/items/*": true,
    "POST /v3/*/notes": true,
    "POST /v3/notes/*": false,
  };
  check([
    [{ rules, status: 200, body: { id: 7 } }, `created declared ${URL_OF}/7`],
    [{ rules, status: 202, body: { id: 7 } }, `created declared ${URL_OF}/7`],
    [{ rules, status: 200, body: {} }, "nothing"],
    [{ rules, url: "http://host:1/v3/notes/notes", body: { id: 7 } }, "nothing"],
    [{ rules, status: 409, body: { id: 7 } }, "nothing"],
    [{ rules, url: "http://host:1/v1/jobs/", body: { id: 7 } }, "nothing"],
    [{ rules, url: "http://host:1/v1/login", status: 200, body: { id: 7 } }, "nothing"],
    [
      { rules, url: `${URL_OF}/3/notes`, status: 200, body: { id: 7 } },
      `created declared ${URL_OF}/3/notes/7`,
    ],
    [
      { rules, url: `${URL_OF}/3/other`, status: 200, body: { id: 7 } },
      `created declared ${URL_OF}/3/other/7`,
    ],
    [
      { rules, method: "PUT", url: `${URL_OF}/mine`, status: 204 },
      `created declared ${URL_OF}/mine`,
    ],
    [
      { rules, url: "http://host:1/v2/items", status: 200, body: { id: 7 } },
      "unclear POST /v2/items http://host:1/v2/items/7",
    ],
  ]);
  for (const key of ["GET /v1/items", "POST v1/items", "/v1/items", "POST  /v1"])
    assert.equal(creationRulesSchema.safeParse({ [key]: true }).success, false, key);
});

test("deletions are subtracted, those of something else are not, and what was created again is left again", () => {
  const entry = (action: "created" | "deleted", id: string) => ({
    action,
    rule: action === "created" ? ("id" as const) : null,
    url: `${URL_OF}/${id}`,
  });
  const checkWords = (
    words: string,
    expected: readonly [number, number, readonly string[]],
  ): void => {
    const entries = words.split(" ").map((word) => {
      const action = word.startsWith("+") ? "created" : "deleted";
      return entry(action, word.slice(1));
    });
    const { created, deleted, left } = foldLedger(entries);
    const ids = left.map(({ url }) => url.slice(URL_OF.length + 1));
    assert.deepEqual([created, deleted, ids], expected, words);
  };
  checkWords("+a +b +c -b", [3, 1, ["a", "c"]]);
  checkWords("-x +a", [1, 0, ["a"]]);
  checkWords("+a -a -a", [1, 1, []]);
  checkWords("+a -a +a", [2, 1, ["a"]]);
  checkWords("+a +a", [1, 0, ["a"]]);
});

test("what may have been created is counted as nothing, and forgotten when it is deleted or turns out to be created", () => {
  const unclear = (id: string) => ({
    action: "unclear" as const,
    rule: null,
    url: `${URL_OF}/${id}`,
    request: "POST /v1/items",
  });
  const ledger = foldLedger([
    unclear("a"),
    unclear("b"),
    unclear("c"),
    unclear("d"),
    { action: "deleted", rule: null, url: `${URL_OF}/a` },
    { action: "created", rule: "id", url: `${URL_OF}/b` },
    unclear("b"),
  ]);
  assert.deepEqual([ledger.created, ledger.deleted], [1, 0]);
  assert.deepEqual(
    ledger.unclear.map(({ url }) => url),
    [`${URL_OF}/c`, `${URL_OF}/d`],
  );
  assert.deepEqual(unclearRequests(ledger), ["POST /v1/items"]);
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
