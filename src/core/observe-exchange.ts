/** Recognising in a request and its answer that something was created or deleted. Pure. */

import { isDeclared, type CreationSigns } from "./creation-rules.js";
import { isJsonObject, type JsonObject } from "./json-object.js";
import type { LedgerEntry } from "./ledger-entry.js";

/** One request with its answer, as far as it says whether something was created or deleted. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly status: number | null;
  /** The header of that name. */
  readonly location: string | null;
  /** What was sent beside the URL, asked for only where it matters. */
  readonly sent: () => string;
  /** The parsed body, asked for only where it matters; undefined where it is no JSON. */
  readonly body: () => unknown;
}

/** Where the thing is, by what said so. */
interface Place {
  readonly by: "location" | "id";
  readonly url: string;
  readonly query: string;
}

type Observed = Pick<LedgerEntry, "action" | "rule" | "url" | "request"> & {
  readonly target: string;
};

/**
 * The entry an exchange is worth; null for most of them. `target` is the URL to delete a creation at: it keeps the query, by which
 * some interfaces know their callers. A DELETE for what was not created by the task would be the worst this could do, so a
 * creation is only:
 * - what the plan declares as one;
 * - a POST answered with 201 and a `Location` of the same origin or an `id`, or a PUT answered with 201, as HTTP has it;
 * - a POST answered with 200 and a `Location` below its own URL, or an `id` in an object that holds the prefix of this attempt,
 *   which was sent, as the id was not. A search, a login or an echo does not get that far.
 * Any other POST answered with 200 and a `Location` or an `id` is unclear. A PUT answered with 200 changed what was there before.
 * A deletion is a DELETE after which the thing is gone.
 */
export function observeExchange(exchange: Exchange, signs: CreationSigns): Observed | null {
  const { method, url, status } = exchange;
  const parsed = parseUrl(url);
  if (parsed === null || status === null) return null;
  const bare = bareUrl(parsed);
  if (method === "DELETE") {
    const isGone = (status >= 200 && status < 300) || status === 404 || status === 410;
    return isGone ? { action: "deleted", rule: null, url: bare, target: bare } : null;
  }
  if ((method !== "POST" && method !== "PUT") || status < 200 || status > 299) return null;
  const declared = isDeclared(signs.rules, method, parsed.pathname);
  if (declared === false) return null;
  const place = placeOf(exchange, parsed);
  const created = (rule: LedgerEntry["rule"], at: Omit<Place, "by">): Observed => ({
    action: "created",
    rule,
    url: at.url,
    target: at.url + at.query,
  });
  if (method === "PUT") {
    if (status !== 201 && declared !== true) return null;
    const itself = { url: bare, query: parsed.search };
    if (declared === true) return created("declared", place ?? itself);
    return place === null ? created("put", itself) : created("location", place);
  }
  if (place === null) return null;
  if (declared === true) return created("declared", place);
  if (status === 201) return created(place.by, place);
  if (status !== 200) return null;
  const rule = ruleOf(exchange, { parsed, place, prefix: signs.prefix });
  if (rule !== null) return created(rule, place);
  const request = `${method} ${parsed.pathname}`;
  return { action: "unclear", rule: null, url: place.url, request, target: place.url };
}

/** By the `Location` first; of a PUT it is the only thing that names another place than its own URL. */
function placeOf({ method, location, body }: Exchange, url: URL): Place | null {
  const named = location === null ? null : parseUrl(location, url.href);
  if (named !== null && named.origin === url.origin)
    return { by: "location", url: bareUrl(named), query: named.search || url.search };
  if (method === "PUT") return null;
  const id = idOf(body());
  if (id === null) return null;
  return { by: "id", url: `${bareUrl(url)}/${encodeURIComponent(id.value)}`, query: url.search };
}

/** By what an answer of 200 proves that something new is there; null where it does not. */
function ruleOf(
  { url, sent, body }: Exchange,
  at: { readonly parsed: URL; readonly place: Place; readonly prefix: string },
): "location" | "prefix" | null {
  const { parsed, place, prefix } = at;
  const text = `${url} ${sent()}`;
  if (place.by === "location") {
    const name = place.url.slice(bareUrl(parsed).length);
    const isBelow = place.url.startsWith(bareUrl(parsed)) && /^\/[^/]+$/.test(name);
    return isBelow && !wasSent(decode(name.slice(1)), text) ? "location" : null;
  }
  const id = idOf(body());
  if (id === null || wasSent(id.value, text) || !text.includes(prefix)) return null;
  return holds(id.holder, prefix) ? "prefix" : null;
}

/** A `7` in `17` is another one; the prefix itself is no place to look for an id. */
function wasSent(id: string, text: string): boolean {
  const isWord = (letter: string | undefined): boolean =>
    letter !== undefined && /[A-Za-z0-9_-]/.test(letter);
  for (let at = text.indexOf(id); at !== -1; at = text.indexOf(id, at + 1))
    if (!isWord(text[at - 1]) && !isWord(text[at + id.length])) return true;
  return false;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // It is no text that was encoded, so it stands for itself.
    return segment;
  }
}

/** Whether a text of the object, or of those in it, holds the prefix. Lists hold other things than the one the id is of. */
function holds(value: unknown, prefix: string): boolean {
  if (typeof value === "string") return value.includes(prefix);
  return isJsonObject(value) && Object.values(value).some((inner) => holds(inner, prefix));
}

/** An `id` on top or below `data`, as many interfaces wrap it, with the object it is of. */
function idOf(body: unknown): { readonly value: string; readonly holder: JsonObject } | null {
  if (!isJsonObject(body)) return null;
  const inner = body["data"];
  const holder = body["id"] === undefined && isJsonObject(inner) ? inner : body;
  const id = holder["id"];
  if (typeof id === "number") return { value: String(id), holder };
  // A dot in a path is no name: it would lead to what stands above.
  const isName = typeof id === "string" && id.length <= 512 && !/^\.{0,2}$/.test(id);
  return isName ? { value: id, holder } : null;
}

/** Without credentials, query and fragment, which may hold secrets and do not say what is meant. */
function bareUrl({ origin, pathname }: URL): string {
  return origin + (pathname.endsWith("/") ? pathname.slice(0, -1) : pathname);
}

function parseUrl(text: string, base?: string): URL | null {
  if (!URL.canParse(text, base)) return null;
  const url = new URL(text, base);
  return url.protocol === "http:" || url.protocol === "https:" ? url : null;
}
