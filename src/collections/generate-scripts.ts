/** Test scripts for Postman's sandbox, written from a request and the response it should get. */

import { z } from "zod";
import { inferSchema, type JsonSchema } from "./infer-schema.js";
import { accessorOf, parseJsonPath } from "./json-path.js";
import { negativeCases, negativeCaseSchema } from "./negative-cases.js";
import type { ResponseSample, ScriptOptions, ScriptRequest } from "./script-request.js";

export const generatedScriptsSchema = z
  .strictObject({
    /** Lines of the pre-request script; none when there is nothing to set. */
    preRequest: z.array(z.string()),
    /** Lines of the test script. */
    test: z.array(z.string()),
    /** How many assertions the test script makes. */
    assertions: z.int(),
    /** The schema the body is held against; null when none is. */
    schema: z.record(z.string(), z.unknown()).nullable(),
    negativeCases: z.array(negativeCaseSchema),
  })
  .meta({ id: "GeneratedScripts" });
export type GeneratedScripts = z.output<typeof generatedScriptsSchema>;

/** The scripts for a request that passed `generateScriptsSchema`. The same request gives the same lines. */
export function generateScripts(asked: ScriptRequest): GeneratedScripts {
  const { request, response, options } = asked;
  const schema = schemaFor(response, options);
  const tests = [
    statusTest(response.status),
    ...contentTypeTests(response),
    ...options.requireHeaders.map(headerTest),
    timeTest(options.maxResponseTimeMs),
    ...(schema === null ? [] : [schemaTest(schema)]),
    ...requiredFieldTests(response.body),
    ...problemTests(response),
    ...Object.entries(options.capture).map(([path, variable]) =>
      captureTest(path, variable, options.scope),
    ),
  ];
  return {
    preRequest: setLines(options),
    test: [
      titleLine(request.name, `${request.method} answers ${String(response.status)}`),
      ...tests.flat(),
    ],
    assertions: tests.length,
    schema,
    negativeCases: negativeCases(request, options.negativeCases),
  };
}

/** A comment of one line: JSON leaves the line separators of Unicode as they are, and they would end the comment. */
function titleLine(name: string, what: string): string {
  const quoted = JSON.stringify(name)
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
  return `// ${quoted}: ${what}.`;
}

/** One `pm.test` around lines of JavaScript. */
function testLines(title: string, body: readonly string[]): string[] {
  return [
    `pm.test(${JSON.stringify(title)}, function () {`,
    ...body.map((line) => `  ${line}`),
    "});",
  ];
}

function schemaFor(response: ResponseSample, { schema }: ScriptOptions): JsonSchema | null {
  if (typeof schema === "object") return schema;
  return schema && response.body !== undefined ? inferSchema(response.body) : null;
}

function statusTest(status: number): string[] {
  return testLines(`status is ${String(status)}`, [
    `pm.response.to.have.status(${String(status)});`,
  ]);
}

function contentTypeTests(response: ResponseSample): string[][] {
  const given = Object.entries(response.headers).find(
    ([name]) => name.toLowerCase() === "content-type",
  )?.[1];
  const type = given ?? (response.body === undefined ? undefined : "application/json");
  const media = type?.split(";")[0]?.trim().toLowerCase();
  if (media === undefined || media === "") return [];
  return [
    testLines(`content type is ${media}`, [
      'const type = String(pm.response.headers.get("Content-Type")).split(";")[0].trim().toLowerCase();',
      `pm.expect(type).to.equal(${JSON.stringify(media)});`,
    ]),
  ];
}

function headerTest(name: string): string[] {
  return testLines(`header ${name} is there`, [
    `pm.response.to.have.header(${JSON.stringify(name)});`,
  ]);
}

function timeTest(maxResponseTimeMs: number): string[] {
  const bound = String(maxResponseTimeMs);
  return testLines(`answers within ${bound} ms`, [
    `pm.expect(pm.response.responseTime).to.be.at.most(${bound});`,
  ]);
}

function schemaTest(schema: JsonSchema): string[] {
  const [first = "", ...rest] = JSON.stringify(schema, null, 2).split("\n");
  const literal = [`const schema = ${first}`, ...rest];
  const last = literal.length - 1;
  return testLines("body matches the schema", [
    ...literal.map((line, at) => (at === last ? `${line};` : line)),
    "pm.response.to.have.jsonSchema(schema);",
  ]);
}

/** Said apart from the schema, because its message names the missing key. */
function requiredFieldTests(body: unknown): string[][] {
  if (Array.isArray(body)) {
    return [testLines("body is a list", ['pm.expect(pm.response.json()).to.be.an("array");'])];
  }
  const keys = typeof body === "object" && body !== null ? Object.keys(body) : [];
  if (keys.length === 0) return [];
  return [
    testLines("required fields are there", [
      `pm.expect(pm.response.json()).to.include.all.keys(${JSON.stringify(keys)});`,
    ]),
  ];
}

/** A problem document (RFC 9457) repeats its status, and says in words what is wrong. */
function problemTests(response: ResponseSample): string[][] {
  const isProblem = Object.entries(response.headers).some(
    ([name, value]) =>
      name.toLowerCase() === "content-type" && value.startsWith("application/problem+json"),
  );
  if (!isProblem || response.status < 400) return [];
  return [
    testLines("problem document names its status and title", [
      "const problem = pm.response.json();",
      `pm.expect(problem.status).to.equal(${String(response.status)});`,
      'pm.expect(problem.title).to.be.a("string").that.is.not.empty;',
    ]),
  ];
}

function captureTest(path: string, variable: string, scope: ScriptOptions["scope"]): string[] {
  const accessor = accessorOf(parseJsonPath(path) ?? []);
  return testLines(`${variable} is taken from ${path}`, [
    `const value = pm.response.json()${accessor};`,
    `pm.expect(value, ${JSON.stringify(path)}).to.not.be.oneOf([undefined, null]);`,
    `pm.${scope}.set(${JSON.stringify(variable)}, value);`,
  ]);
}

function setLines({ set, scope }: ScriptOptions): string[] {
  return Object.entries(set).map(
    ([name, value]) =>
      `pm.${scope}.set(${JSON.stringify(name)}, pm.variables.replaceIn(${JSON.stringify(value)}));`,
  );
}
