/** The ledger of a task: what it created on its target and what it deleted there, as its exchanges show it. Pure. */

import type { RunEvent } from "./event.js";
import { isJsonObject } from "./json-object.js";
import type { LedgerCounts, LedgerEntry } from "./ledger-entry.js";

/** One request with its answer, as far as it says whether something was created or deleted. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly status: number | null;
  /** The header of that name. */
  readonly location: string | null;
  /** The parsed body, asked for only where it matters; undefined where it is no JSON. */
  readonly body: () => unknown;
}

/** Where the thing is, by what said so, with the query its creation was sent with. */
interface Place {
  readonly rule: NonNullable<LedgerEntry["rule"]>;
  readonly url: string;
  readonly query: string;
}

/**
 * The entry an exchange is worth; null for most of them. A creation is a POST that was answered with 201, or with 200, and a
 * `Location` of the same origin or an `id` in the body; or a PUT that was answered with 201. A PUT that was answered with 200 changed
 * what was there before, and that is nobody's to delete. A deletion is a DELETE after which the thing is gone. `target` is the URL
 * to delete it at: it keeps the query, by which some interfaces know their callers.
 */
export function observeExchange(
  exchange: Exchange,
): (Pick<LedgerEntry, "action" | "rule" | "url"> & { readonly target: string }) | null {
  const { method, url, status } = exchange;
  const parsed = parseUrl(url);
  if (parsed === null || status === null) return null;
  if (method === "DELETE") {
    const isGone = (status >= 200 && status < 300) || status === 404 || status === 410;
    const bare = bareUrl(parsed);
    return isGone ? { action: "deleted", rule: null, url: bare, target: bare } : null;
  }
  const place = placeOf(exchange, parsed);
  if (place === null) return null;
  return { action: "created", rule: place.rule, url: place.url, target: place.url + place.query };
}

function placeOf({ method, status, location, body }: Exchange, url: URL): Place | null {
  const mayCreate = method === "POST" ? status === 201 || status === 200 : method === "PUT";
  if (!mayCreate || (method === "PUT" && status !== 201)) return null;
  const named = location === null ? null : parseUrl(location, url.href);
  if (named !== null && named.origin === url.origin)
    return { rule: "location", url: bareUrl(named), query: named.search || url.search };
  if (method === "PUT") return { rule: "put", url: bareUrl(url), query: url.search };
  const id = idOf(body());
  if (id === null) return null;
  return {
    rule: "id",
    url: `${bareUrl(url)}/${encodeURIComponent(id)}`,
    query: url.search,
  };
}

/** An `id` on top or below `data`, as many interfaces wrap it. */
function idOf(body: unknown): string | null {
  if (!isJsonObject(body)) return null;
  const id = body["id"] ?? (isJsonObject(body["data"]) ? body["data"]["id"] : undefined);
  if (typeof id === "number") return String(id);
  return typeof id === "string" && id !== "" && id.length <= 512 ? id : null;
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

/** What a task has created, what of it was deleted, and what is left, in the order of creation. */
export interface Ledger {
  readonly created: number;
  readonly deleted: number;
  readonly left: readonly LedgerEntry[];
}

/** Deletions are subtracted from what was created at the same URL before; one of something else says nothing. */
export function foldLedger(entries: readonly LedgerEntry[]): Ledger {
  const ledger = openLedger();
  for (const entry of entries) ledger.add(entry);
  return ledger.read();
}

/** A ledger that is filled as records come in, and holds no more than what is left. */
export function openLedger(): { add(entry: LedgerEntry): void; read(): Ledger } {
  const left = new Map<string, LedgerEntry>();
  let created = 0;
  let deleted = 0;
  return {
    add(entry) {
      if (entry.action === "deleted") deleted += left.delete(entry.url) ? 1 : 0;
      else {
        created += left.has(entry.url) ? 0 : 1;
        left.set(entry.url, entry);
      }
    },
    read: () => ({ created, deleted, left: [...left.values()] }),
  };
}

/** How much it was, as an outcome keeps it. */
export function ledgerCounts({ created, deleted }: Ledger): { readonly ledger?: LedgerCounts } {
  return created === 0 ? {} : { ledger: { created, deleted } };
}

/** The entries of all attempts of these nodes. Evidence that was appended twice counts once. */
export function entriesOf(
  events: readonly RunEvent[],
  nodes: ReadonlySet<string>,
): readonly LedgerEntry[] {
  const seen = new Set<string>();
  return events.flatMap((event) => {
    if (event.type !== "task.requests" || !nodes.has(event.node)) return [];
    return event.records.flatMap(({ index, ledger }) => {
      const key = `${event.node} ${String(event.attempt)} ${String(index)}`;
      if (ledger === undefined || seen.has(key)) return [];
      seen.add(key);
      return [ledger];
    });
  });
}

/** The sum over the parts of a task. */
export function addLedgers(parts: readonly { readonly ledger?: LedgerCounts | undefined }[]): {
  readonly ledger?: LedgerCounts;
} {
  const known = parts.flatMap(({ ledger }) => ledger ?? []);
  if (known.length === 0) return {};
  const sumOf = (key: keyof LedgerCounts): number =>
    known.reduce((sum, counts) => sum + counts[key], 0);
  return { ledger: { created: sumOf("created"), deleted: sumOf("deleted") } };
}
