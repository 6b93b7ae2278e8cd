/** The data flow of a collection: what each of its requests reads and writes, in the order they are executed, with the place. */

import { isJsonObject, type JsonObject } from "../core/json-object.js";
import type { Access } from "./postman-calls.js";
import { readScript } from "./script-flow.js";
import { variablesIn } from "./variables-in-text.js";

/** Where something is read or written. */
export interface Place {
  /** Names from the outermost folder to the request; empty for the collection itself. */
  readonly item: readonly string[];
  /** `url`, `headers`, `body`, `authorization`, `pre-request script`, `test script`, `saved example`. */
  readonly part: string;
  /** 1-based line of a script. */
  readonly line: number | null;
}

export type PlacedAccess = Access & { readonly place: Place };

export interface RequestFlow {
  readonly path: readonly string[];
  readonly id: string | null;
  /** In the order of execution. */
  readonly accesses: readonly PlacedAccess[];
}

/** A folder or request directly in the collection, or in the only folder that holds all the others. */
export interface Unit {
  readonly name: string;
  readonly requests: readonly RequestFlow[];
}

export interface CollectionFlow {
  readonly units: readonly Unit[];
  /** How many only folders stand around the units. */
  readonly depth: number;
  /** Names of the collection's own variables that are enabled. */
  readonly variables: readonly string[];
}

interface Around {
  readonly path: readonly string[];
  readonly before: readonly PlacedAccess[];
  readonly after: readonly PlacedAccess[];
  readonly auth: { readonly auth: unknown; readonly path: readonly string[] } | null;
}

/**
 * Reads a collection of format 2; one of format 1 has no units here. `values` are those variables have before the run: what
 * such a value uses is read with the variable, and what a script sets only where there is no value is not set. Never throws.
 */
export function readDataFlow(
  collection: JsonObject,
  values: Readonly<Record<string, unknown>> = {},
): CollectionFlow {
  const variables = declaredVariables(collection);
  const indirect = indirectReads({ ...Object.fromEntries(variables), ...values });
  let depth = 0;
  let items = itemsOf(collection);
  let around = enter({ path: [], before: [], after: [], auth: null }, collection, []);
  for (let only = items[0]; items.length === 1 && isFolder(only); only = items[0]) {
    around = enter(around, only, [nameOf(only)]);
    items = itemsOf(only);
    depth++;
  }
  const all = items.map((item) => ({ name: nameOf(item), requests: requestsIn(item, around) }));
  const isSet = alwaysSet(all, values);
  const units = all.map(({ name, requests }) => ({
    name,
    requests: requests.map((request) => ({
      ...request,
      accesses: request.accesses
        .filter((access) => access.kind !== "write" || !access.unlessSet || !isSet(access.name))
        .flatMap((access) => [access, ...readThrough(access, indirect)]),
    })),
  }));
  return { units, depth, variables: variables.map(([key]) => key) };
}

/** The items directly in a folder or collection, as readDataFlow counts them. */
function itemsOf(parent: unknown): JsonObject[] {
  const items = isJsonObject(parent) ? parent["item"] : undefined;
  return Array.isArray(items) ? items.filter(isJsonObject) : [];
}

function isFolder(item: JsonObject | undefined): item is JsonObject {
  return item !== undefined && Array.isArray(item["item"]);
}

function requestsIn(item: JsonObject, around: Around): RequestFlow[] {
  if (!isFolder(item)) return [requestFlow(item, around)];
  const inside = enter(around, item, [nameOf(item)]);
  return itemsOf(item).flatMap((child) => requestsIn(child, inside));
}

/** What stands around the items of a folder: its scripts and its authorization. */
function enter(around: Around, folder: JsonObject, names: readonly string[]): Around {
  const path = [...around.path, ...names];
  return {
    path,
    before: [...around.before, ...scriptAccesses(folder, path, "prerequest")],
    after: [...around.after, ...scriptAccesses(folder, path, "test")],
    auth: isJsonObject(folder["auth"]) ? { auth: folder["auth"], path } : around.auth,
  };
}

function requestFlow(item: JsonObject, around: Around): RequestFlow {
  const path = [...around.path, nameOf(item)];
  const request = typeof item["request"] === "string" ? { url: item["request"] } : item["request"];
  const { url, header, body, auth } = isJsonObject(request) ? request : {};
  const inherited = isJsonObject(auth) ? { auth, path } : around.auth;
  const texts = (part: string, value: unknown, at: readonly string[] = path): PlacedAccess[] =>
    textsIn(value).flatMap((text) =>
      variablesIn(text).map((name) => ({
        kind: "read" as const,
        space: "variable" as const,
        name,
        place: { item: at, part, line: null },
      })),
    );
  const accesses = [
    ...around.before,
    ...scriptAccesses(item, path, "prerequest"),
    ...texts("url", isJsonObject(url) && url["host"] !== undefined ? { ...url, raw: "" } : url),
    ...texts("headers", header),
    ...texts("body", isJsonObject(body) ? bodyOf(body) : undefined),
    ...(inherited === null ? [] : texts("authorization", usedAuth(inherited.auth), inherited.path)),
    ...(showsCookies(item)
      ? [{ kind: "cookies" as const, place: { item: path, part: "saved example", line: null } }]
      : []),
    ...around.after,
    ...scriptAccesses(item, path, "test"),
  ];
  return { path, id: typeof item["id"] === "string" ? item["id"] : null, accesses };
}

/** What is kept of kinds of authorization other than the chosen one is not sent. */
function usedAuth(auth: unknown): unknown {
  return isJsonObject(auth) ? auth[String(auth["type"])] : undefined;
}

function scriptAccesses(
  item: JsonObject,
  path: readonly string[],
  listen: "prerequest" | "test",
): PlacedAccess[] {
  const part = listen === "test" ? "test script" : "pre-request script";
  const events = Array.isArray(item["event"]) ? item["event"].filter(isJsonObject) : [];
  return events
    .filter((event) => event["listen"] === listen && event["disabled"] !== true)
    .flatMap((event) => readScript(sourceOf(event["script"])))
    .map(({ line, ...access }) => ({ ...access, place: { item: path, part, line } }));
}

/** What is sent of it: the part of its mode, and nothing of one that is switched off. */
function bodyOf(body: JsonObject): unknown {
  return body["disabled"] === true ? undefined : body[String(body["mode"])];
}

function sourceOf(script: unknown): string {
  const exec = isJsonObject(script) ? script["exec"] : script;
  if (Array.isArray(exec))
    return exec.map((line) => (typeof line === "string" ? line : "")).join("\n");
  return typeof exec === "string" ? exec : "";
}

/** Every text of a value, keys included; what is disabled or only described is not sent. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (!isJsonObject(value) || value["disabled"] === true) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "description" ? [] : textsIn(inner),
  );
}

/** A saved answer with a cookie: the jar all requests share is in use. */
function showsCookies(item: JsonObject): boolean {
  const responses = Array.isArray(item["response"]) ? item["response"].filter(isJsonObject) : [];
  return responses.some(({ cookie, header }) => {
    const headers = Array.isArray(header) ? header.filter(isJsonObject) : [];
    const isSet = headers.some(({ key }) => String(key).toLowerCase() === "set-cookie");
    return isSet || (Array.isArray(cookie) && cookie.length > 0);
  });
}

/** The collection's own variables that are enabled, with the values they begin with. */
export function declaredVariables(collection: JsonObject): [string, unknown][] {
  const rows = Array.isArray(collection["variable"])
    ? collection["variable"].filter(isJsonObject)
    : [];
  return rows
    .filter((row) => row["disabled"] !== true)
    .flatMap(({ key, id, value }) => {
      const name = typeof key === "string" ? key : id;
      return typeof name === "string" ? [[name, value] satisfies [string, unknown]] : [];
    });
}

/** Tells variables that have a value from the start and that nothing ever changes or clears. */
function alwaysSet(
  units: readonly Unit[],
  values: Readonly<Record<string, unknown>>,
): (name: string | null) => boolean {
  const all = units.flatMap(({ requests }) => requests.flatMap(({ accesses }) => accesses));
  const changed = new Set(
    all.flatMap((access) => (access.kind === "write" && !access.unlessSet ? [access.name] : [])),
  );
  const isForeseen = !changed.has(null) && !all.some(({ kind }) => kind === "unknown");
  return (name) => isForeseen && name !== null && Boolean(values[name]) && !changed.has(name);
}

/** What a variable's value uses, through as many values as it takes. */
function indirectReads(
  values: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, readonly (string | null)[]> {
  const direct = new Map(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "string" ? variablesIn(value) : [],
    ]),
  );
  const all = new Map<string, readonly (string | null)[]>();
  for (const name of direct.keys()) {
    const reached = new Set<string | null>();
    const pending = [...(direct.get(name) ?? [])];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (reached.has(at)) continue;
      reached.add(at);
      if (at !== null) pending.push(...(direct.get(at) ?? []));
    }
    if (reached.size > 0) all.set(name, [...reached]);
  }
  return all;
}

function readThrough(
  access: PlacedAccess,
  indirect: ReadonlyMap<string, readonly (string | null)[]>,
): PlacedAccess[] {
  if (access.kind !== "read" || access.space !== "variable" || access.name === null) return [];
  return (indirect.get(access.name) ?? []).map((name) => ({ ...access, name }));
}

function nameOf(item: JsonObject): string {
  return typeof item["name"] === "string" ? item["name"] : "unnamed";
}
