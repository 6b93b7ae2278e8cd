/** The generated scripts run in Postman's own sandbox, under Newman, against a server of this test. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent as HttpAgent, createServer, type Server, type ServerResponse } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { buildCollection } from "../../src/collections/build-collection.js";
import { buildCollectionSchema } from "../../src/collections/collection-request.js";
import { loadNewman, type NewmanSummary } from "../../src/newman/newman.js";

const USER = {
  id: 7,
  name: "Ann",
  email: "ann@example.com",
  createdAt: "2026-01-31T12:00:00Z",
  tags: ["a"],
};

/** Answers of the server; each test puts its own faults into them. */
let answer: { readonly status: number; readonly type: string; readonly body: unknown };
let seen: string[] = [];
let server: Server;
let baseUrl = "";

before(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      seen.push(`${request.method ?? ""} ${request.url ?? ""} ${body}`.trim());
      respond(response, { url: request.url ?? "", media: request.headers["content-type"], body });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  baseUrl =
    typeof address === "object" && address !== null
      ? `http://127.0.0.1:${String(address.port)}`
      : "";
});

after(() => {
  server.close();
  server.closeAllConnections();
});

function respond(
  response: ServerResponse,
  asked: { readonly url: string; readonly media: string | undefined; readonly body: string },
): void {
  const refuse = (status: number): void => {
    response.writeHead(status, { "content-type": "text/plain" }).end("refused");
  };
  if (asked.url.endsWith("/turnpike-no-such-resource")) return refuse(404);
  if (asked.body !== "") {
    if (asked.media !== "application/json") return refuse(415);
    try {
      const document: unknown = JSON.parse(asked.body);
      const name: unknown =
        typeof document === "object" && document !== null ? Reflect.get(document, "name") : null;
      if (typeof name !== "string") return refuse(422);
    } catch {
      return refuse(400);
    }
  }
  response
    .writeHead(answer.status, { "content-type": answer.type })
    .end(JSON.stringify(answer.body));
}

async function run(): Promise<{ summary: NewmanSummary; failures: string[]; assertions: number }> {
  const { collection, assertions } = buildCollection(
    buildCollectionSchema.parse({
      name: "Users",
      requests: [
        {
          name: "Create user",
          method: "POST",
          path: "/users",
          body: { name: "{{user_name}}" },
          set: { user_name: "{{prefix}}Ann" },
          expect: {
            status: 200,
            body: USER,
            capture: { id: "user_id", "tags[0]": "user_tag" },
            maxResponseTimeMs: 20_000,
          },
          negativeCases: [
            "broken-json",
            "wrong-media-type",
            "missing-field",
            "wrong-type",
            "unknown-resource",
          ],
        },
        {
          name: "Use captured",
          path: "/users/{{user_id}}/{{user_tag}}",
          expect: { status: 200, maxResponseTimeMs: 20_000 },
        },
      ],
    }),
  );
  seen = [];
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent() };
  const values = [
    { key: "base_url", value: baseUrl },
    { key: "prefix", value: "Test_" },
  ];
  try {
    const summary = await new Promise<NewmanSummary>((resolve, reject) => {
      loadNewman().run(
        {
          collection,
          environment: { name: "test", values },
          globals: { values: [] },
          workingDir: tmpdir(),
          insecureFileRead: false,
          reporters: [],
          timeoutRequest: 10_000,
          requestAgents: agents,
        },
        (error, done) => {
          if (done === undefined)
            reject(error instanceof Error ? error : new Error("Newman gave no summary"));
          else resolve(done);
        },
      );
    });
    const failures = summary.run.failures.map(
      ({ source, error }) => `${String(source?.name)}: ${String(error?.test)}`,
    );
    return { summary, failures, assertions };
  } finally {
    agents.http.destroy();
    agents.https.destroy();
  }
}

test("Against an API that keeps its promise every generated assertion passes", async () => {
  answer = { status: 200, type: "application/json; charset=utf-8", body: USER };
  const { summary, failures, assertions } = await run();
  assert.deepEqual(failures, []);
  assert.equal(summary.run.stats.assertions.total, assertions);
  assert.equal(summary.run.stats.requests.total, 7);
  assert.ok(seen.includes("GET /users/7/a"), "the captured values were not handed on");
  assert.ok(
    seen.some((line) => line.startsWith("POST /users {") && line.includes('"Test_Ann"')),
    "the prepared variable was not sent",
  );
});

test("Each broken promise turns its own assertion red", async () => {
  answer = { status: 201, type: "text/html", body: { ...USER, id: "7" } };
  const changed = await run();
  assert.deepEqual(
    changed.failures.filter(
      (failure) => failure.startsWith("Create user: ") || failure.startsWith("Use"),
    ),
    [
      "Create user: status is 200",
      "Create user: content type is application/json",
      "Create user: body matches the schema",
      "Use captured: status is 200",
    ],
  );
  answer = {
    status: 200,
    type: "application/json",
    body: { ...USER, id: undefined, createdAt: "soon" },
  };
  const missing = await run();
  assert.deepEqual(missing.failures, [
    "Create user: body matches the schema",
    "Create user: required fields are there",
    "Create user: user_id is taken from id",
  ]);
});
