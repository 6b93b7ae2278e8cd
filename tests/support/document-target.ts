/** A target that holds documents: it gives out tokens, refuses whoever has none, and counts what tasks must never do to each other. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface DocumentTarget {
  readonly url: string;
  /** Names of the documents it holds now, by id. */
  readonly documents: ReadonlyMap<string, string>;
  /** Names that somebody created although they were there already. */
  readonly collisions: readonly string[];
  /** How many documents were ever created. */
  created(): number;
  /** Requests that were not answered yet. */
  held(): number;
  /** What each request said in its header X-Turnpike-Run. */
  readonly runHeaders: readonly (string | undefined)[];
  /** Documents after so many are still created, but their creator gets no answer. */
  holdAfter(count: number): void;
  /** Deletions are refused with this status so many times. */
  refuseDeletions(times: number, status: number): void;
  /** Hangs up on whoever waits, and holds nothing any more. */
  release(): void;
  close(): Promise<void>;
}

const PAGE_SIZE = 2;

/**
 * `POST /login` answers a token; `POST /items` creates with 201 and an `id`, `?silent` with 204 and without telling; `GET /items`
 * lists the first two, or by `?page=` two at a time; `POST /items/find` answers the oldest one, with 200; `DELETE /items/<id>`.
 */
export async function openDocumentTarget(): Promise<DocumentTarget> {
  const documents = new Map<string, string>();
  const collisions: string[] = [];
  const runHeaders: (string | undefined)[] = [];
  const tokens = new Set<string>();
  const waiting = new Set<ServerResponse>();
  let created = 0;
  let limit = Infinity;
  let refusal = { times: 0, status: 500 };

  const answer = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? "", "http://target");
    const json = (status: number, value: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    runHeaders.push(request.headers["x-turnpike-run"]?.toString());
    if (path === "/login") {
      const token = `token-${String(tokens.size + 1)}-of-the-target`;
      tokens.add(token);
      return json(200, { token });
    }
    if (!tokens.has((request.headers.authorization ?? "").replace("Bearer ", "")))
      return json(401, { error: "log in first" });
    if (path === "/items/find") {
      const [[id, name] = []] = documents;
      return json(200, { id, name });
    }
    if (request.method === "POST") {
      const { name } = JSON.parse(body) as { name: string };
      if ([...documents.values()].includes(name)) collisions.push(name);
      created += 1;
      const id = `d${String(created)}`;
      documents.set(id, name);
      if (created > limit) return void waiting.add(response);
      if (query.has("silent")) return void response.writeHead(204).end();
      return json(201, { id, name });
    }
    if (request.method === "DELETE") {
      if (refusal.times > 0) {
        refusal = { ...refusal, times: refusal.times - 1 };
        return json(refusal.status, { error: "not now" });
      }
      return json(documents.delete(path.split("/").at(-1) ?? "") ? 200 : 404, {});
    }
    const begin = (Number(query.get("page") ?? 1) - 1) * PAGE_SIZE;
    const page = [...documents].slice(begin, begin + PAGE_SIZE);
    const items = page.map(([id, name]) => ({ id, name }));
    return json(200, { items });
  };
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    documents,
    collisions,
    runHeaders,
    created: () => created,
    held: () => waiting.size,
    holdAfter(count) {
      limit = created + count;
    },
    refuseDeletions(times, status) {
      refusal = { times, status };
    },
    release() {
      limit = Infinity;
      waiting.clear();
      server.closeAllConnections();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

const IS_OURS =
  "pm.test('is ours', () => pm.expect(pm.response.json().name).to.include(pm.environment.get('run_id')));";

/** Logs in, keeps the token in a variable, and creates documents under the prefix of the attempt; `silent` has them answered so that nobody is told of them, `finds` asks for the oldest document, `fails` gives it a red assertion at the end. */
export function creatingCollection(
  url: string,
  shape: {
    readonly count: number;
    readonly fails?: boolean;
    readonly silent?: boolean;
    readonly finds?: boolean;
  },
): object {
  const { count, fails = false, silent = false, finds = false } = shape;
  const bearer = { type: "bearer", bearer: [{ key: "token", value: "{{token}}" }] };
  const test = (lines: readonly string[]): object[] => [
    { listen: "test", script: { type: "text/javascript", exec: lines } },
  ];
  return {
    info: { name: "creates", schema: SCHEMA },
    auth: bearer,
    item: [
      {
        name: "log in",
        request: { method: "POST", url: `${url}/login`, auth: { type: "noauth" } },
        event: test(["pm.environment.set('token', pm.response.json().token);"]),
      },
      ...Array.from({ length: count }, (_, index) => ({
        name: `create ${String(index + 1)}`,
        request: {
          method: "POST",
          url: `${url}/items${silent ? "?silent" : ""}`,
          header: [{ key: "content-type", value: "application/json" }],
          body: { mode: "raw", raw: JSON.stringify({ name: `{{prefix}}${String(index)}` }) },
        },
        event: test([
          `pm.test('is created', () => pm.response.to.have.status(${silent ? "204" : "201"}));`,
          ...(silent ? [] : [IS_OURS]),
        ]),
      })),
      ...(finds
        ? [
            {
              name: "find",
              request: {
                method: "POST",
                url: `${url}/items/find`,
                body: { mode: "raw", raw: '{"name":"{{prefix}}"}' },
              },
              event: test(["pm.test('is found', () => pm.response.to.have.status(200));"]),
            },
          ]
        : []),
      ...(fails
        ? [
            {
              name: "red",
              request: { method: "GET", url: `${url}/items`, auth: { type: "noauth" } },
              event: test(["pm.test('is red', () => pm.response.to.have.status(200));"]),
            },
          ]
        : []),
    ],
  };
}
