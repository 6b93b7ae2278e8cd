/** Leaving folders and requests out of a collection, and finding those that are named. */

import type { Problem } from "../core/errors.js";
import { isJsonObject, type JsonObject } from "../core/json-object.js";
import { nearest } from "../core/nearest.js";
import { readCollection } from "./read-collection.js";

interface Excluded {
  /** The collection without them; the one given is left as it is. */
  readonly collection: JsonObject;
  /** What was to be left out and is not there. */
  readonly unknown: readonly string[];
  /** Names of all folders and requests, to guess what was meant. */
  readonly names: readonly string[];
}

/** `exclude` holds names or ids, as Newman's `--folder` takes them; every item of such a name is left out, with all that is in it. */
export function excludeItems(collection: JsonObject, exclude: readonly string[]): Excluded {
  const wanted = new Set(exclude);
  const found = new Set<string>();
  const names = new Set<string>();
  const withoutThem = (parent: JsonObject): JsonObject => {
    const items = parent["item"];
    if (!Array.isArray(items)) return parent;
    const kept = items.flatMap((item: unknown): unknown[] => {
      if (!isJsonObject(item)) return [item];
      const keys = [item["name"], item["id"], item["_postman_id"]].filter(
        (key): key is string => typeof key === "string",
      );
      for (const key of keys.slice(0, 1)) names.add(key);
      const hits = keys.filter((key) => wanted.has(key));
      for (const hit of hits) found.add(hit);
      const inner = withoutThem(item);
      return hits.length > 0 ? [] : [inner];
    });
    return { ...parent, item: kept };
  };
  const without = withoutThem(collection);
  return {
    collection: without,
    unknown: exclude.filter((name) => !found.has(name)),
    names: [...names],
  };
}

/**
 * One problem for each name that is neither a folder nor a request of the collection in `bytes`; `path` says where it was named.
 * Silent where there are no names to be found by, as in a Collection v1.
 */
export function problemsOfNames(
  bytes: Uint8Array,
  { file, path, wanted }: { file: string; path: string; wanted: readonly string[] },
): Problem[] {
  const read = wanted.length === 0 ? null : readCollection(bytes);
  if (read === null || !read.ok) return [];
  const { unknown, names } = excludeItems(read.collection, wanted);
  if (names.length === 0) return [];
  return unknown.map((name) => {
    const guess = nearest(name, names);
    return {
      path,
      message: `${file} has no folder or request "${name}"`,
      suggestedAction: guess === null ? "remove it" : `did you mean "${guess}"?`,
    };
  });
}
