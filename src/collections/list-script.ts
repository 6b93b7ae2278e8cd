/** The scripts of the request that reads a list page by page: they run in the sandbox of a lane, like those of any collection. */

import { keysOf } from "../core/list-pages.js";
import type { ListRule } from "../core/sweep.js";

/** What the scripts of the list at a position keep from page to page, and the URL they ask for next. */
export interface ListVariables {
  /** Pairs of id and name of what begins like a prefix. */
  readonly found: string;
  readonly url: string;
  readonly state: string;
}

/** Before the first page: the URL of the list, with its first number where pages are counted. */
export function beforePage({ place, list, pages }: ListRule, variables: ListVariables): string[] {
  const first =
    pages?.page !== undefined
      ? [pages.page, pages.first ?? 1]
      : pages?.offset !== undefined
        ? [pages.offset, 0]
        : null;
  return [
    `const first = ${JSON.stringify(first)};`,
    `if (!pm.environment.has(${JSON.stringify(variables.url)})) {`,
    `  const text = pm.variables.replaceIn(${JSON.stringify(list)});`,
    `  if (!URL.canParse(text)) throw new Error(text + " is no URL; " + ${JSON.stringify(place)} + ".list names one, and its variables need values");`,
    "  const url = new URL(text);",
    "  if (first !== null) url.searchParams.set(first[0], first[1]);",
    `  pm.environment.set(${JSON.stringify(variables.url)}, url.href);`,
    "}",
  ];
}

/**
 * After a page: keeps what begins like a prefix, and asks for the next page by sending the same request again. Whatever cannot be
 * read is thrown, and is a failure of the list as a whole; it never passes for an empty one.
 */
export function afterPage(rule: ListRule, variables: ListVariables, item: string): string[] {
  const { pages, maxPages, id, field } = rule;
  const settings = {
    place: rule.place,
    items: { path: rule.items, keys: keysOf(rule.items) },
    next: pages?.next === undefined ? null : { path: pages.next, keys: keysOf(pages.next) },
    cursor: pages?.cursor === undefined ? null : { path: pages.cursor, keys: keysOf(pages.cursor) },
    parameter: pages?.parameter ?? null,
    counter: pages?.page ?? pages?.offset ?? null,
    countsPages: pages?.page !== undefined,
    single: pages?.single === true,
    first: pages?.first ?? 1,
    maxPages,
    id,
    field,
    item,
    variables,
  };
  return [`const rule = ${JSON.stringify(settings)};`, ...SCRIPT.split("\n")];
}

/** Plain JavaScript, because it is a part of a collection. */
const SCRIPT = `
const url = new URL(pm.environment.get(rule.variables.url));
const state = JSON.parse(pm.environment.get(rule.variables.state) ?? '{"pages":0,"items":0,"urls":[]}');
const found = new Map(JSON.parse(pm.environment.get(rule.variables.found) ?? "[]"));
const page = state.pages + 1;
const refuse = (why) => { throw new Error("page " + page + " of the list, " + url.origin + url.pathname + ": " + why); };
const at = (value, keys) => keys.reduce((inner, key) => (inner === null || inner === undefined ? undefined : inner[key]), value);

const isBehindLast = rule.counter !== null && page > 1 && pm.response.code === 404;
if (pm.response.code !== 200 && !isBehindLast) refuse("it answered " + pm.response.code + " instead of 200");
let body = [];
try { if (!isBehindLast) body = pm.response.json(); } catch { refuse("the answer is no JSON"); }
const list = isBehindLast ? [] : at(body, rule.items.keys);
if (!Array.isArray(list)) refuse("there is no list at " + rule.items.path + "; " + rule.place + ".items says where it stands");
const known = found.size;
for (const one of list) {
  const name = String(one?.[rule.field]);
  if (!name.startsWith("Test_")) continue;
  const id = one[rule.id];
  // A dot in a path is no name: a DELETE would go to what stands above.
  if ((typeof id !== "string" && typeof id !== "number") || /^\\.{0,2}$/.test(id))
    refuse("what is called " + name + " has no " + rule.id + "; " + rule.place + ".id says which field tells it from others");
  found.set(String(id), name);
}
pm.environment.set(rule.variables.found, JSON.stringify([...found]));

const isNothing = (value) => value === undefined || value === null || value === false || value === "";
const urlOf = (text, where) => {
  if (typeof text !== "string") refuse(where + " holds no URL");
  let next;
  try { next = new URL(text, url); } catch { refuse(where + " holds no URL"); }
  if (next.origin !== url.origin)
    refuse("its next page is at " + next.origin + ", and the headers of the list are for " + url.origin + " only; where a proxy changes its URLs, ask by " + rule.place + ".pages with cursor, page or offset");
  return next;
};
const withParameter = (name, value) => {
  const next = new URL(url);
  next.searchParams.set(name, value);
  return next;
};
const linked = () => {
  const text = pm.response.headers.filter(({ key }) => key.toLowerCase() === "link").map(({ value }) => value).join(", ");
  for (const [, target, parameters] of text.matchAll(/<([^>]*)>((?:\\s*;\\s*[^\\s=;,]+(?:\\s*=\\s*(?:"[^"]*"|[^\\s;,]*))?)*)/g)) {
    const relation = /;\\s*rel\\s*=\\s*(?:"([^"]*)"|([^\\s;,]*))/i.exec(parameters);
    if ((relation?.[1] ?? relation?.[2] ?? "").toLowerCase().split(/\\s+/).includes("next")) return target;
  }
  return null;
};
/** The key by which an answer says that there is more than it holds. */
const signOfMore = (value, depth) => {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  for (const [key, inner] of Object.entries(value)) {
    if (inner === list || isNothing(inner)) continue;
    const word = key.toLowerCase().replace(/[^a-z]/g, "");
    if (/^(has|is)?(more|next|nextpage|morepages|moreresults|moreitems)$/.test(word) && inner === true) return key;
    if (/^(odata)?next(page|link|url|href|cursor|token|pagetoken|pageurl|pagelink|offset|key|id)?$/.test(word) && typeof inner !== "boolean" && (typeof inner !== "object" || !isNothing(inner.href))) return key;
    if (/^total(count|items|results|elements|size|records)?$/.test(word) && typeof inner === "number" && inner > list.length) return key;
    const below = depth > 0 ? signOfMore(inner, depth - 1) : null;
    if (below !== null) return key + "." + below;
  }
  return null;
};

let next = null;
if (rule.next !== null) {
  const value = at(body, rule.next.keys);
  if (!isNothing(value)) next = urlOf(value, rule.place + ".pages.next (" + rule.next.path + ")");
} else if (rule.cursor !== null) {
  const value = at(body, rule.cursor.keys);
  if (!isNothing(value) && typeof value !== "string" && typeof value !== "number")
    refuse(rule.place + ".pages.cursor (" + rule.cursor.path + ") holds no cursor");
  if (!isNothing(value)) next = withParameter(rule.parameter, value);
} else if (rule.counter !== null) {
  const text = JSON.stringify(list);
  if (list.length > 0 && text === state.last)
    refuse("it is the same as the page before; " + rule.place + ".pages names the parameter " + rule.counter + ", which the target does not know, or it repeats its last page");
  state.last = text;
  if (list.length > 0) next = withParameter(rule.counter, rule.countsPages ? rule.first + page : state.items + list.length);
} else if (!rule.single) {
  const target = linked();
  if (target !== null) next = urlOf(target, "the header Link");
  const sign = next === null ? signOfMore(body, 2) : null;
  if (sign !== null && page === 1)
    refuse("its " + sign + " says that there is more; " + rule.place + ".pages says how that is asked for (next, cursor, page or offset), or that there is nothing more (single: true)");
}
state.pages = page;
state.items += list.length;
state.urls.push(url.href);
if (next !== null) {
  if (state.urls.includes(next.href)) refuse("it leads back to a page that was read already");
  if (page >= rule.maxPages) refuse("there are more pages than " + rule.maxPages + "; raise " + rule.place + ".maxPages");
  pm.environment.set(rule.variables.state, JSON.stringify(state));
  // What the target says is no place for variables of ours.
  pm.environment.set(rule.variables.url, next.href.replaceAll("{", "%7B").replaceAll("}", "%7D"));
  pm.execution.setNextRequest(rule.item);
}`.trim();
