/** Requests that must be refused, derived from one that works. */

import { z } from "zod";
import { NEGATIVE_KINDS, type RequestSample } from "./script-request.js";
import { isJsonObject } from "../core/json-object.js";

type NegativeKind = (typeof NEGATIVE_KINDS)[number];
export const negativeCaseSchema = z.strictObject({
  kind: z.enum(NEGATIVE_KINDS),
  name: z.string(),
  request: z.strictObject({
    method: z.string(),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    /** Raw text; null for none. */
    body: z.string().nullable(),
  }),
  /** Lines of the test script. */
  test: z.array(z.string()),
});
export type NegativeCase = z.output<typeof negativeCaseSchema>;

/** More fields than these would repeat one finding. */
const MAX_FIELDS = 10;
const NOWHERE = "turnpike-no-such-resource";

/** The cases of the asked kinds; each test accepts every status that is a right answer to its fault, and no 5xx. */
export function negativeCases(
  request: RequestSample,
  kinds: readonly NegativeKind[],
): NegativeCase[] {
  return [...new Set(kinds)].flatMap((kind) => casesOf(request, kind));
}

function casesOf(request: RequestSample, kind: NegativeKind): NegativeCase[] {
  const body = isJsonObject(request.body) ? request.body : {};
  const fields = Object.entries(body).slice(0, MAX_FIELDS);
  const text = request.body === undefined ? null : JSON.stringify(request.body);
  const json = { ...withoutContentType(request.headers), "Content-Type": "application/json" };
  const make = (
    what: string,
    change: Partial<NegativeCase["request"]>,
    statuses: readonly number[],
  ): NegativeCase => ({
    kind,
    name: `${request.name}: ${what}`,
    request: {
      method: request.method,
      url: request.url ?? "",
      headers: text === null ? request.headers : json,
      body: text,
      ...change,
    },
    test: refusalLines(statuses),
  });
  switch (kind) {
    case "unknown-resource":
      return [make("unknown resource", { url: elsewhere(request.url ?? "") }, [404])];
    case "broken-json":
      return [make("broken JSON", { body: '{"broken": ' }, [400, 422])];
    case "wrong-media-type":
      return [
        make(
          "wrong media type",
          { headers: { ...json, "Content-Type": "text/plain" }, body: "not JSON" },
          [415, 400],
        ),
      ];
    case "missing-field":
      return fields.map(([key]) => {
        const rest = Object.fromEntries(Object.entries(body).filter(([name]) => name !== key));
        return make(`without ${key}`, { body: JSON.stringify(rest) }, [400, 422]);
      });
    case "wrong-type":
      return fields.map(([key, value]) => {
        const wrong = typeof value === "object" ? 1 : { unexpected: true };
        return make(
          `${key} of another type`,
          { body: JSON.stringify({ ...body, [key]: wrong }) },
          [400, 422],
        );
      });
  }
}

function refusalLines(statuses: readonly number[]): string[] {
  const list = statuses.join(" or ");
  return [
    `pm.test(${JSON.stringify(`is refused with ${list}`)}, function () {`,
    `  pm.expect(pm.response.code).to.be.oneOf([${statuses.join(", ")}]);`,
    "});",
    'pm.test("says what is wrong", function () {',
    '  pm.expect(pm.response.text()).to.be.a("string").that.is.not.empty;',
    "});",
  ];
}

/** The last part of the path becomes one that nothing has; the host and the query stay. */
function elsewhere(url: string): string {
  const [, base = "", query = ""] = /^([^?#]*)(.*)$/s.exec(url) ?? [];
  const origin = /^(?:[a-z]+:\/\/[^/]*|\{\{[^}]*\}\})/i.exec(base)?.[0] ?? "";
  const path = base.slice(origin.length).replace(/\/+$/, "");
  const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  return `${origin}${parent}/${NOWHERE}${query}`;
}

function withoutContentType(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== "content-type"),
  );
}
