/** Leaving folders and requests out of a collection. */

import { isJsonObject, type JsonObject } from "../core/json-object.js";

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
