/** A collection reduced to some of the folders and requests directly in it, for a shard that runs only these. */

import { isJsonObject, type JsonObject } from "../core/json-object.js";

/** `positions` are those of readDataFlow's units; `depth` only folders stand around them and stay. */
export function onlyUnits(
  collection: JsonObject,
  { depth, positions }: { readonly depth: number; readonly positions: readonly number[] },
): JsonObject {
  const items: unknown[] = Array.isArray(collection["item"]) ? collection["item"] : [];
  const [only] = items;
  if (depth > 0 && isJsonObject(only))
    return { ...collection, item: [onlyUnits(only, { depth: depth - 1, positions })] };
  return { ...collection, item: items.filter((_, position) => positions.includes(position)) };
}
