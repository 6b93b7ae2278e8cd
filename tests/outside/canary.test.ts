/** Secrets planted where a collection can leak them to, and every output searched for them. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createProject, type Project } from "../support/project.js";

const PROGRAM = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const VAULT_KEY = "a key only for this test";
const random = (): string => randomBytes(9).toString("base64url");

/** By the place it is planted in; the odd characters are those that encodings change. */
const CANARIES: Readonly<Record<string, string>> = {
  header: `canary-${random()}`,
  query: `canary ${random()}&=/é`,
  path: `canary-${random()}`,
  json: `canary-"${random()}"\\`,
  form: `canary-${random()}<&>`,
  basic: `canary-${random()}:x`,
  bearer: `canary-${random()}`,
  thrown: `canary-${random()}`,
  testName: `canary-${random()}`,
  console: `canary-${random()}`,
  compared: `canary-${random()}`,
  cookie: `canary-${random()}`,
  refused: `canary-${random()}`,
  globals: `canary-${random()}`,
  variable: `canary-${random()}`,
  file: `canary-${random()}`,
  vault: `canary-${random()}`,
  foreign: `canary-${random()}`,
  override: `canary-${random()}`,
};
/** Where each one comes from when it is not a row of type secret in the environment. */
const REFERENCES: Readonly<Record<string, string>> = {
  variable: "${env:SECRET_CANARY}",
  file: "${file:canary.txt}",
  vault: "{{vault:canary}}",
  foreign: "{{vault:foreign}}",
};

let project: Project;
let target: Server;
let base = "";
/** What arrived at the target, to know that the secrets were really used. */
let heard = "";

before(async () => {
  project = createProject();
  target = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      const echo = JSON.stringify({ url: request.url, headers: request.rawHeaders, body });
      heard += `${echo}\n`;
      response.writeHead(500, {
        "content-type": "application/json",
        "x-echo": encodeURI(request.url ?? ""),
      });
      response.end(echo);
    });
  });
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  base = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}`;
  plant();
});
after(async () => {
  await project.remove();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

function plant(): void {
  const rows = Object.entries(CANARIES)
    .filter(([name]) => name !== "globals")
    .map(([key, value]) => ({
      key,
      value: REFERENCES[key] ?? (key === "override" ? "" : value),
      ...(REFERENCES[key] === undefined && { type: "secret" }),
    }));
  project.write("environments/leaky.postman_environment.json", { name: "leaky", values: rows });
  project.write("environments/globals.postman_globals.json", {
    name: "globals",
    values: [{ key: "globals", value: CANARIES["globals"], type: "secret" }],
  });
  project.write("secrets/canary.txt", `${CANARIES["file"] ?? ""}\n`);
  for (const [name, domain] of [
    ["canary", "127.0.0.1"],
    ["foreign", "elsewhere.example.test"],
  ] as const) {
    const key = name === "canary" ? "vault" : "foreign";
    const { status, stderr } = spawnSync(
      process.execPath,
      [PROGRAM, "vault", "set", name, "--domain", domain],
      {
        cwd: project.directory,
        env: { ...process.env, TURNPIKE_VAULT_KEY: VAULT_KEY },
        input: CANARIES[key] ?? "",
        encoding: "utf8",
      },
    );
    assert.equal(status, 0, stderr);
  }
  project.write("collections/leaky/leaky.json", {
    info: {
      name: "leaky",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    item: items(),
  });
  project.write(
    "collections/leaky/plan.yaml",
    "name: leaky\nenvironment: leaky\ntasks:\n  leaky: { collection: leaky.json }\n",
  );
}

function items(): object[] {
  const failing = ['pm.test("is 200", () => pm.response.to.have.status(200));'];
  const item = (name: string, request: object, script: readonly string[] = failing): object => ({
    name,
    request: { method: "POST", url: `${base}/${name}`, ...request },
    event: [{ listen: "test", script: { exec: script } }],
  });
  const header = (value: string): object => ({ header: [{ key: "X-Key", value }] });
  return [
    item("header", header("{{header}}")),
    item("query", { url: `${base}/q?key={{query}}` }),
    item("path", { url: `${base}/p/{{path}}` }),
    item("json", { body: { mode: "raw", raw: '{"key": "{{json}}"}' } }),
    item("form", {
      body: { mode: "formdata", formdata: [{ key: "k", value: "{{form}}", type: "text" }] },
    }),
    item("urlencoded", {
      body: { mode: "urlencoded", urlencoded: [{ key: "k", value: "{{form}}" }] },
    }),
    item("basic", {
      auth: {
        type: "basic",
        basic: [
          { key: "username", value: "me" },
          { key: "password", value: "{{basic}}" },
        ],
      },
    }),
    item("bearer", { auth: { type: "bearer", bearer: [{ key: "token", value: "{{bearer}}" }] } }),
    item("thrown", {}, ['throw new Error("no " + pm.environment.get("thrown"));']),
    item("test name", {}, [
      'pm.test(pm.environment.get("testName"), () => pm.expect(1).to.equal(2));',
    ]),
    item("console", {}, [
      'console.log(pm.environment.get("console")); console.error(pm.environment.get("console"));',
      ...failing,
    ]),
    item("compared", {}, [
      'pm.test("equal", () => pm.expect(pm.environment.get("compared")).to.equal("x"));',
    ]),
    item("cookie", { header: [{ key: "Cookie", value: "session={{cookie}}" }] }),
    item("refused", { url: "http://127.0.0.1:1/{{refused}}" }),
    item("globals", header("{{globals}}")),
    item("variable", header("{{variable}}")),
    item("file", header("{{file}}")),
    item("vault", header("{{vault}}")),
    item("vault in the collection", header("{{vault:canary}}")),
    item("foreign", header("{{foreign}}")),
    item("override", header("{{override}}")),
  ];
}

/** The ways a text may stand in an output, written down here and not taken from the code under test. */
function formsOf(secret: string): string[] {
  const base64 = (text: string): string => Buffer.from(text).toString("base64").replace(/=+$/, "");
  const html = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return [
    secret,
    encodeURIComponent(secret),
    encodeURI(secret),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    html,
    html.replaceAll('"', "&quot;"),
    base64(secret),
    base64(`me:${secret}`),
  ];
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((path) => join(directory, path))
    .filter((path) => statSync(path).isFile());
}

test("no planted secret is in any output of a run", async () => {
  const variables = {
    SECRET_CANARY: CANARIES["variable"] ?? "",
    TURNPIKE_VAULT_KEY: VAULT_KEY,
    TURNPIKE_LOG_LEVEL: "trace",
  };
  const reports = ["json", "junit", "html", "md"].flatMap((format) => [
    "--report",
    `${format}=out/report.${format}`,
  ]);
  const serving = project.start(["serve", "--port", "0"], variables);
  const [, url = ""] = await serving.says(/serves at (http:\S+)/);
  const started = await fetch(`${url}/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=60" },
    body: JSON.stringify({ plan: "leaky", variables: { override: CANARIES["override"] } }),
  });
  const outputs = new Map<string, string>([["POST /v1/runs", await started.text()]]);
  const { id } = JSON.parse(outputs.get("POST /v1/runs") ?? "") as { id: string };
  for (const path of [
    `/v1/runs/${id}`,
    "/v1/runs",
    `/v1/runs/${id}/report.json`,
    `/v1/runs/${id}/report.xml`,
    `/v1/runs/${id}/report.html`,
    `/v1/runs/${id}/report.md`,
    "/v1/environments/leaky",
    "/v1/environments/globals",
    "/v1/environments/leaky/lint",
    "/v1/environments/leaky/diff?with=globals",
    "/v1/config",
    "/metrics",
    "/readyz",
  ])
    outputs.set(path, await (await fetch(`${url}${path}`)).text());
  outputs.set("events", await (await fetch(`${url}/v1/runs/${id}/events`)).text());
  const rendered = await fetch(`${url}/v1/environments/render`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ layers: ["leaky"] }),
  });
  outputs.set("render", await rendered.text());
  serving.child.kill("SIGTERM");
  const served = await serving.ended;
  outputs.set("serve: log", `${served.stdout}${served.stderr}`);

  const ran = await project.run(
    ["run", "leaky", "--env-var", `override=${CANARIES["override"] ?? ""}`, ...reports],
    variables,
  );
  assert.equal(ran.code, 1, ran.stderr);
  outputs.set("run: stdout", ran.stdout).set("run: stderr", ran.stderr);
  for (const directory of ["out", ".turnpike"]) {
    for (const path of filesBelow(join(project.directory, directory)))
      outputs.set(path.slice(project.directory.length), readFileSync(path, "latin1"));
  }

  const report = outputs.get(`/v1/runs/${id}/report.json`) ?? "";
  assert.match(
    report,
    /foreign.*may be sent to elsewhere\.example\.test only/s,
    report.slice(0, 2000),
  );
  const arrived = Object.entries(CANARIES).filter(([, secret]) =>
    formsOf(secret).some((form) => heard.includes(form)),
  );
  const neverSent = new Set(["thrown", "testName", "console", "compared", "refused", "foreign"]);
  assert.deepEqual(
    arrived.map(([place]) => place),
    Object.keys(CANARIES).filter((place) => !neverSent.has(place)),
    heard,
  );
  assert.ok(outputs.size > 20, String(outputs.size));
  const leaks = [...outputs].flatMap(([output, text]) =>
    Object.entries(CANARIES).flatMap(([place, secret]) =>
      formsOf(secret).flatMap((form) => {
        const found = [form, Buffer.from(form).toString("latin1")].find((bytes) =>
          text.includes(bytes),
        );
        if (found === undefined) return [];
        const at = text.indexOf(found);
        return `${place} in ${output}: ...${text.slice(Math.max(0, at - 80), at + 60)}...`;
      }),
    ),
  );
  assert.equal(leaks.length, 0, leaks.slice(0, 20).join("\n"));
});
