/** The hosts a collection sends to, read from its URLs without running it. */

import { isJsonObject } from "../core/json-object.js";

/** Variables may stand in the values of variables; deeper than this nobody nests them. */
const MAX_DEPTH = 5;

/**
 * `host` and, where there is one, `host:port` of every request, each once. Values of the environment win over the
 * collection's own. A URL that a script completes names no host here.
 */
export function targetHosts(collection: unknown, values: ReadonlyMap<string, string>): string[] {
  const all = new Map([...ownVariables(collection), ...values]);
  const hosts = urlsOf(collection).flatMap((url) => hostOf(fill(url, all)));
  return [...new Set(hosts)];
}

function ownVariables(collection: unknown): (readonly [string, string])[] {
  const rows = isJsonObject(collection) ? collection["variable"] : undefined;
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown) => {
    if (!isJsonObject(row) || row["disabled"] === true) return [];
    const { key, value } = row;
    return typeof key === "string" && typeof value === "string" ? [[key, value] as const] : [];
  });
}

function urlsOf(node: unknown): string[] {
  if (!isJsonObject(node)) return [];
  const { item, request } = node;
  const below = Array.isArray(item) ? item.flatMap((child: unknown) => urlsOf(child)) : [];
  const url = isJsonObject(request) ? request["url"] : request;
  const text = isJsonObject(url) ? (url["raw"] ?? joined(url)) : url;
  return typeof text === "string" ? [text, ...below] : below;
}

/** Newer exports may leave `raw` out. */
function joined(url: Readonly<Record<string, unknown>>): string {
  const { protocol, host, port } = url;
  const name = Array.isArray(host) ? host.join(".") : String(host);
  return `${typeof protocol === "string" ? `${protocol}://` : ""}${name}${typeof port === "string" ? `:${port}` : ""}`;
}

function fill(text: string, values: ReadonlyMap<string, string>): string {
  let filled = text;
  for (let depth = 0; depth < MAX_DEPTH && filled.includes("{{"); depth += 1) {
    filled = filled.replaceAll(
      /\{\{([^{}]+)\}\}/g,
      (whole, name: string) => values.get(name) ?? whole,
    );
  }
  return filled;
}

function hostOf(url: string): string[] {
  const [authority = ""] = url.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").split(/[/?#]/);
  // What is still a variable is not known.
  if (authority === "" || authority.includes("{{")) return [];
  const place = authority.slice(authority.lastIndexOf("@") + 1).toLowerCase();
  const name = place.replace(/:\d+$/, "");
  return name === place ? [name] : [name, place];
}
