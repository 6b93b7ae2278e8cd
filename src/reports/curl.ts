/** The curl line that repeats a failed request, quoted so that a POSIX shell runs it as it stands. */

import type { RequestRecord } from "../core/evidence.js";

/** Headers curl sets itself, or that would make its output unreadable or the request wrong. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "postman-token",
  "transfer-encoding",
]);
/** A header name by RFC 9110; anything else (`@file` above all) would mean something to curl. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** One command; null when the record does not say where the request went. Secrets are masked already, see RequestRecord. */
export function curlOf(record: Pick<RequestRecord, "method" | "url" | "exchange">): string | null {
  const { method, url, exchange } = record;
  if (url === "") return null;
  const body = exchange?.requestBody ?? null;
  const headers = (exchange?.requestHeaders ?? []).filter(
    ([name, value]) =>
      HEADER_NAME.test(name) && !LEFT_OUT.has(name.toLowerCase()) && !isOwnHost(name, value, url),
  );
  return [
    "curl",
    ...methodFlags(method, body !== null),
    // curl reads [1-3] and {a,b} in a URL as a list of URLs.
    ...(/[[\]{}]/.test(url) ? ["--globoff"] : []),
    ...(url.startsWith("-") ? ["--url"] : []),
    quote(url),
    ...headers.flatMap(([name, value]) => ["-H", quote(headerText(name, value))]),
    ...(body === null ? [] : ["--data-raw", quote(body)]),
  ].join(" ");
}

/** One shell word. A NUL cannot stand in an argument and becomes a replacement character. */
function quote(text: string): string {
  const safe = text.replaceAll("\0", "\uFFFD");
  return /^[A-Za-z0-9_/:=.,@%+-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", `'\\''`)}'`;
}

function methodFlags(method: string, hasBody: boolean): string[] {
  if (method === "HEAD") return ["--head"];
  return method === (hasBody ? "POST" : "GET") ? [] : ["-X", quote(method)];
}

function headerText(name: string, value: string): string {
  const line = value.replaceAll(/[\r\n]+/g, " ");
  return line === "" ? `${name};` : `${name}: ${line}`;
}

function isOwnHost(name: string, value: string, url: string): boolean {
  return name.toLowerCase() === "host" && url.includes(`//${value}`);
}
