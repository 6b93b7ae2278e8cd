/** Reading a list to its last page, in the ways interfaces have pages: everything is found, or what could not be read is said. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { foundVariable, listCollection } from "../../src/collections/cleanup-collection.js";
import { placeRules, sweepRulesSchema, type ListRule } from "../../src/core/sweep.js";
import { plainLayer, render } from "../../src/core/environment.js";
import type { Failure } from "../../src/core/collection-job.js";
import { createLanes, type Lanes } from "../../src/newman/lanes.js";
import { jobOf } from "../support/collection.js";
import { laneSizes, runJob } from "../support/lanes.js";

interface Answer {
  readonly status?: number;
  readonly link?: string;
  readonly body: unknown;
}

/** By path and query. What is not here answers 404. */
const answers = new Map<string, Answer>();
const asked: { readonly path: string; readonly key: string | undefined }[] = [];
let server: Server;
let lanes: Lanes;
let url: string;

before(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push({ path, key: request.headers["x-key"]?.toString() });
    const { status = 200, link, body } = answers.get(path) ?? { status: 404, body: {} };
    response.writeHead(status, {
      "content-type": "application/json",
      ...(link !== undefined && { link }),
    });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  lanes = createLanes({ ...laneSizes, size: 1 });
  await lanes.start();
});
after(async () => {
  await lanes.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Case {
  readonly what: string;
  readonly rule: object;
  readonly answers: Readonly<Record<string, Answer>>;
  /** Ids, or what the failure says. */
  readonly expected: readonly string[] | RegExp;
}

/** Things of tests, and one of somebody else. */
function items(...ids: readonly (string | number)[]): object[] {
  return [...ids.map((id) => ({ id, name: `Test_${String(id)}` })), { id: "other", name: "other" }];
}

/** Reads all lists of the cases in one run, each under a path of its own. */
async function check(cases: readonly Case[]): Promise<void> {
  asked.splice(0);
  answers.clear();
  const rules = cases.flatMap((one, position) => {
    const base = `/${String(position)}`;
    for (const [path, answer] of Object.entries(one.answers)) {
      const text = JSON.stringify(answer).replaceAll("BASE", base).replaceAll("HERE", url);
      answers.set(path.replace("BASE", base), JSON.parse(text) as Answer);
    }
    const rule = { list: `{{target}}${base}/items`, delete: "{{target}}/{{id}}", ...one.rule };
    const read = sweepRulesSchema.parse([{ headers: { "X-Key": "{{key}}" }, ...rule }]);
    return placeRules(read, one.what);
  });
  const lists = rules.filter((rule): rule is ListRule => "list" in rule);
  assert.equal(lists.length, cases.length);
  const { result } = await runJob(
    lanes,
    jobOf(listCollection(lists), {
      environment: {
        name: "here",
        rows: render([plainLayer("here", { target: url, key: "secret" })]).rows,
      },
      outputs: lists.map((_, position) => foundVariable(position)),
      allowUnresolved: true,
    }),
  );
  assert.equal(result.ended, "finished");
  for (const [position, { what, expected }] of cases.entries()) {
    const failure: Failure | undefined = result.failures.find(({ item }) => item === `${what}.0`);
    if (expected instanceof RegExp) {
      assert.match(failure?.message ?? "no failure", expected, what);
      continue;
    }
    assert.equal(failure, undefined, `${what}: ${failure?.message ?? ""}`);
    const found: unknown = result.outputs?.[foundVariable(position)];
    const pairs = JSON.parse(String(found)) as [string, string][];
    assert.deepEqual(
      pairs.map(([id]) => id),
      expected,
      what,
    );
  }
}

test("every page of a list is read, however its pages follow each other", async () => {
  await check([
    {
      what: "a header Link, whose URL is relative, among other relations",
      rule: { items: "$" },
      answers: {
        "BASE/items": {
          link: '<BASE/items?p=0>; rel="prev", <BASE/items?p=2&x=a,b>; title="a, b"; rel="last next"',
          body: items(1),
        },
        "BASE/items?p=2&x=a,b": { link: "<BASE/items?p=0>; rel=prev", body: items(2) },
      },
      expected: ["1", "2"],
    },
    {
      what: "a URL in the body, absolute and relative, in an odd place",
      rule: { items: "$.value", pages: { next: '$["@odata.nextLink"]' } },
      answers: {
        "BASE/items": { body: { value: items(1), "@odata.nextLink": "HEREBASE/items?skip=1" } },
        "BASE/items?skip=1": { body: { value: items(2), "@odata.nextLink": "items?skip=2" } },
        "BASE/items?skip=2": { body: { value: items(3) } },
      },
      expected: ["1", "2", "3"],
    },
    {
      what: "a cursor, which is encoded, until it is null",
      rule: { items: "$.data", pages: { cursor: "$.meta.next", parameter: "after" } },
      answers: {
        "BASE/items": { body: { data: items("a"), meta: { next: "x y=" } } },
        "BASE/items?after=x+y%3D": { body: { data: items("b"), meta: { next: 7 } } },
        "BASE/items?after=7": { body: { data: items("c"), meta: { next: null } } },
      },
      expected: ["a", "b", "c"],
    },
    {
      what: "numbers of pages, until one is empty",
      rule: { list: "{{target}}/3/items?size=2", items: "$.list", pages: { page: "page" } },
      answers: {
        "BASE/items?size=2&page=1": { body: { list: items(1) } },
        "BASE/items?size=2&page=2": { body: { list: items(2) } },
        "BASE/items?size=2&page=3": { body: { list: [] } },
      },
      expected: ["1", "2"],
    },
    {
      what: "numbers of pages from 0 on, until one is not there",
      rule: { pages: { page: "p", first: 0 } },
      answers: { "BASE/items?p=0": { body: items(1) }, "BASE/items?p=1": { body: items(2) } },
      expected: ["1", "2"],
    },
    {
      what: "an offset, which counts what was read, also what is not ours",
      rule: { pages: { offset: "skip" } },
      answers: {
        "BASE/items?skip=0": { body: items(1, 2) },
        "BASE/items?skip=3": { body: items(3) },
        "BASE/items?skip=5": { body: [] },
      },
      expected: ["1", "2", "3"],
    },
    {
      what: "one page, although its answer shows a total",
      rule: { items: "$.items", pages: { single: true } },
      answers: { "BASE/items": { body: { items: items(1), total: 99 } } },
      expected: ["1"],
    },
    {
      what: "one page, whose answer shows that it is the last",
      rule: { items: "$.items" },
      answers: {
        "BASE/items": { body: { items: items(1), total: 2, has_more: false, next: null } },
      },
      expected: ["1"],
    },
    {
      what: "the same thing on two pages, because something moved, counts once",
      rule: { items: "$.items", pages: { next: "$.next" } },
      answers: {
        "BASE/items": { body: { items: items(1, 2), next: "BASE/items?p=2" } },
        "BASE/items?p=2": { body: { items: items(2, 3), next: "" } },
      },
      expected: ["1", "2", "3"],
    },
  ]);
  assert.deepEqual([...new Set(asked.map(({ key }) => key))], ["secret"]);
});

test("what cannot be read to its end is said with the place in the configuration, and never passes for empty", async () => {
  await check([
    {
      what: "another origin",
      rule: { items: "$.items", pages: { next: "$.next" } },
      answers: { "BASE/items": { body: { items: [], next: "http://localhost:1/items" } } },
      expected:
        /page 1 of the list, http:\S+: its next page is at http:\/\/localhost:1, .* another origin\.0\.pages with cursor, page or offset/,
    },
    {
      what: "another origin by a header",
      rule: {},
      answers: { "BASE/items": { body: [], link: "<//localhost:1/x>; rel=next" } },
      expected: /its next page is at http:\/\/localhost:1/,
    },
    {
      what: "a cycle",
      rule: { items: "$.items", pages: { next: "$.next" } },
      answers: {
        "BASE/items": { body: { items: [], next: "BASE/items?p=2" } },
        "BASE/items?p=2": { body: { items: [], next: "BASE/items" } },
      },
      expected: /page 2 of the list, \S+: it leads back to a page that was read already/,
    },
    {
      what: "too long",
      rule: { pages: { offset: "o" }, maxPages: 2 },
      answers: {
        "BASE/items?o=0": { body: items(1) },
        "BASE/items?o=2": { body: items(2) },
      },
      expected: /page 2 .* there are more pages than 2; raise too long\.0\.maxPages/,
    },
    {
      what: "unknown parameter",
      rule: { pages: { page: "page" } },
      answers: {
        "BASE/items?page=1": { body: items(1) },
        "BASE/items?page=2": { body: items(1) },
      },
      expected: /it is the same as the page before; unknown parameter\.0\.pages names .* page,/,
    },
    {
      what: "unsaid total",
      rule: { items: "$.data.items" },
      answers: { "BASE/items": { body: { data: { items: items(1), total: 3 } } } },
      expected: /its data\.total says that there is more; unsaid total\.0\.pages says how/,
    },
    {
      what: "unsaid more",
      rule: { items: "$.items" },
      answers: { "BASE/items": { body: { items: [], paging: { has_more: true } } } },
      expected: /its paging\.has_more says that there is more/,
    },
    {
      what: "unsaid link",
      rule: { items: "$.items" },
      answers: { "BASE/items": { body: { items: [], _links: { next: { href: "/x" } } } } },
      expected: /its _links\.next says that there is more/,
    },
    {
      what: "odd url",
      rule: { items: "$.items", pages: { next: "$.next" } },
      answers: { "BASE/items": { body: { items: [], next: 2 } } },
      expected: /odd url\.0\.pages\.next \(\$\.next\) holds no URL/,
    },
  ]);
  await check([
    {
      what: "second page",
      rule: { items: "$.items", pages: { next: "$.next" } },
      answers: {
        "BASE/items": { body: { items: [], next: "BASE/items?p=2" } },
        "BASE/items?p=2": { status: 500, body: {} },
      },
      expected: /page 2 of the list, \S+: it answered 500 instead of 200/,
    },
    {
      what: "no list",
      rule: { items: "$.items" },
      answers: { "BASE/items": { body: { data: [] } } },
      expected: /there is no list at \$\.items; no list\.0\.items says where it stands/,
    },
    {
      what: "no json",
      rule: {},
      answers: { "BASE/items": { body: "<html>" } },
      expected: /the answer is no JSON/,
    },
    {
      what: "no id",
      rule: {},
      answers: { "BASE/items": { body: [{ uuid: 1, name: "Test_1" }] } },
      expected: /what is called Test_1 has no id; no id\.0\.id says which field/,
    },
    {
      what: "no name",
      rule: {},
      answers: { "BASE/items": { body: [{ id: "..", name: "Test_1" }] } },
      expected: /what is called Test_1 has no id/,
    },
    {
      what: "not there",
      rule: { pages: { page: "page" } },
      answers: {},
      expected: /page 1 .* it answered 404 instead of 200/,
    },
    {
      what: "no url",
      rule: { list: "{{nothing}}/items" },
      answers: {},
      expected: /\{\{nothing\}\}\/items is no URL; no url\.0\.list names one/,
    },
    {
      what: "variables",
      rule: { items: "$.items", pages: { next: "$.next" } },
      answers: { "BASE/items": { body: { items: [], next: "BASE/items?k={{key}}" } } },
      expected: /answered 404/,
    },
  ]);
  assert.equal(
    asked.find(({ path }) => path.startsWith("/7/items?"))?.path,
    "/7/items?k=%7B%7Bkey%7D%7D",
    "what a target answers is no place for our variables",
  );
});

test("a rule that contradicts itself is refused with what is wrong about it", () => {
  const refuse = (rule: object, expected: RegExp): void => {
    const read = sweepRulesSchema.safeParse([{ list: "/x", delete: "/x/{{id}}", ...rule }]);
    const issue = read.error?.issues[0];
    assert.match([...(issue?.path ?? []), issue?.message ?? "accepted"].join("."), expected);
  };
  refuse({ pages: {} }, /^0\.pages\.say one of next, cursor, page, offset, single; a Link header/);
  refuse({ pages: { next: "$.n", page: "p" } }, /say one of .*, not next and page/);
  refuse({ pages: { cursor: "$.n" } }, /cursor and parameter belong together/);
  refuse({ pages: { offset: "o", first: 1 } }, /first belongs to page/);
  refuse({ pages: { next: "n.next" } }, /^0\..*pages\.next.*not a path into an answer/);
  refuse({ pages: { nxt: "$" } }, /^0\..*nxt/);
  refuse({ itms: "$" }, /^0\..*"itms"$/);
  refuse({ list: 5 }, /^0\.list: /);
  refuse({ delete: "/x" }, /^0\.delete.*must contain \{\{id\}\}$/);
});
