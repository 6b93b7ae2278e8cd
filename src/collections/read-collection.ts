/** Recognises a Postman collection in whatever a file or a request holds, and says plainly what it is when it is none. */

import type { Problem } from "../core/errors.js";
import { findSyntaxError } from "../core/json-syntax.js";
import { isJsonObject, type JsonObject } from "../core/json-object.js";

type CollectionFormat = "v1" | "v2.0" | "v2.1";
export interface CollectionSummary {
  readonly name: string;
  /** Newman converts v1 by itself; we keep the document as it is. */
  readonly format: CollectionFormat;
  readonly requests: number;
  readonly folders: number;
}

export type CollectionCheck =
  | { readonly ok: true; readonly collection: JsonObject; readonly summary: CollectionSummary }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const UNNAMED = "Unnamed collection";
const EXPORT = "export the collection from Postman as Collection v2.1";

/**
 * Takes text, bytes or a parsed document. A byte order mark and the `{"collection": {...}}` wrapper of Postman's API are
 * taken off. Items are not judged: Newman runs what it can of an odd collection, and so do we. Never throws.
 */
export function readCollection(input: unknown): CollectionCheck {
  const text = textOf(input);
  if (text === undefined) return readDocument(input);
  if (text === null)
    return refuseWith(
      "not UTF-8 text, so it cannot be JSON",
      "save the file as JSON encoded as UTF-8",
    );
  if (text.trim() === "") return refuseWith("the file is empty", EXPORT);
  try {
    return readDocument(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuseText(text);
  }
}

/** What is wrong with bytes that should be a collection; nothing when they are one. */
export function problemsOfCollection(input: unknown): readonly Problem[] {
  const check = readCollection(input);
  return check.ok ? [] : check.problems;
}

/** Undefined for what is a document already, null for bytes that are no text. */
function textOf(input: unknown): string | null | undefined {
  if (typeof input === "string") return input.replace(/^\uFEFF/, "");
  if (!(input instanceof Uint8Array)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(input);
  } catch {
    return null;
  }
}

function readDocument(document: unknown): CollectionCheck {
  if (!isJsonObject(document))
    return refuseWith(`this is ${nameOfValue(document)}, not a collection`, EXPORT);
  const wrapped = document["collection"];
  const inner = isJsonObject(wrapped) && !looksLikeCollection(document) ? wrapped : document;
  if (Array.isArray(inner["requests"]) && !Array.isArray(inner["item"])) return accept(inner, "v1");
  if (!looksLikeCollection(inner)) {
    const kind = kindOf(inner);
    return refuseWith(
      kind === null
        ? "this JSON is not a collection: it has neither info nor item"
        : `this is ${kind}, not a collection`,
      EXPORT,
    );
  }
  const items = inner["item"];
  if (items !== undefined && !Array.isArray(items)) {
    const message = `must be a list of requests and folders, and is ${nameOfValue(items)}`;
    return { ok: false, problems: [{ path: "item", message, suggestedAction: EXPORT }] };
  }
  return accept(inner, /\/v2\.0\.\d/.test(schemaOf(inner)) ? "v2.0" : "v2.1");
}

function accept(collection: JsonObject, format: CollectionFormat): CollectionCheck {
  const info = isJsonObject(collection["info"]) ? collection["info"] : collection;
  const name = typeof info["name"] === "string" && info["name"] !== "" ? info["name"] : UNNAMED;
  const { requests, folders } =
    format === "v1" ? countV1(collection) : countItems(collection["item"]);
  return { ok: true, collection, summary: { name, format, requests, folders } };
}

function looksLikeCollection(document: JsonObject): boolean {
  if (Array.isArray(document["item"])) return true;
  // OpenAPI and AsyncAPI documents have an `info` as well; only ours names a collection's schema in it.
  const isOurs = schemaOf(document).includes("collection") || "item" in document;
  return isJsonObject(document["info"]) && isOurs;
}

function schemaOf(document: JsonObject): string {
  const info = document["info"];
  const schema = isJsonObject(info) ? info["schema"] : undefined;
  return typeof schema === "string" ? schema : "";
}

function countV1(collection: JsonObject): { requests: number; folders: number } {
  const { requests, folders } = collection;
  return {
    requests: Array.isArray(requests) ? requests.length : 0,
    folders: Array.isArray(folders) ? folders.length : 0,
  };
}

/** With a stack of its own, because folders nested a thousand deep must not overflow ours. */
function countItems(top: unknown): { requests: number; folders: number } {
  const waiting: unknown[] = Array.isArray(top) ? top.slice() : [];
  let requests = 0;
  let folders = 0;
  while (waiting.length > 0) {
    const item = waiting.pop();
    const children = isJsonObject(item) ? item["item"] : undefined;
    if (Array.isArray(children)) {
      folders += 1;
      for (const child of children) waiting.push(child);
    } else if (isJsonObject(item) || typeof item === "string") requests += 1;
  }
  return { requests, folders };
}

/** Other documents people pick by mistake. */
function kindOf(document: JsonObject): string | null {
  if (document["_postman_variable_scope"] === "globals") return "a Postman globals file";
  if (isJsonObject(document["environment"])) return "a Postman environment from Postman's API";
  if (Array.isArray(document["values"])) return "a Postman environment";
  if ("openapi" in document || "swagger" in document) return "an OpenAPI document";
  if ("asyncapi" in document) return "an AsyncAPI document";
  if (isJsonObject(document["log"]) && Array.isArray(document["log"]["entries"]))
    return "a HAR recording";
  if (document["_type"] === "export") return "an Insomnia export";
  if (Array.isArray(document["collections"]))
    return "a Postman data dump (it holds several collections)";
  if (isJsonObject(document["run"]) || Array.isArray(document["results"]))
    return "the report of a collection run";
  return null;
}

function refuseText(text: string): CollectionCheck {
  const start = text.trimStart();
  if (start.startsWith("<")) return refuseWith("this is HTML or XML, not a collection", EXPORT);
  if (/^(?:openapi|swagger)\s*:/m.test(text))
    return refuseWith("this is an OpenAPI document in YAML, not a collection", EXPORT);
  if (/^\$kind\s*:/m.test(text))
    return refuseWith("this is a file of Postman's v3 format, which is not supported", EXPORT);
  const fault = findSyntaxError(text);
  if (fault === null) return refuseWith("not JSON", EXPORT);
  const place = `line ${String(fault.line)}, column ${String(fault.column)}`;
  return refuseWith(`not JSON at ${place}: ${fault.message}`, EXPORT);
}

function refuseWith(message: string, suggestedAction: string): CollectionCheck {
  return { ok: false, problems: [{ path: "", message, suggestedAction }] };
}

function nameOfValue(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
