/** Variables that a collection gives values itself, so that nobody else's of the same name may stand before them. */

import type { JsonObject } from "../core/json-object.js";
import { declaredVariables } from "./data-flow.js";
import { collectionVariables } from "./required-variables.js";

/**
 * Which of the names are the collection's own: `declared` with a value, or `set` by a script before anything reads them. A
 * declaration without a value asks for one.
 */
export function ownVariables(
  collection: JsonObject,
  names: readonly string[],
): { readonly declared: readonly string[]; readonly set: readonly string[] } {
  const text = JSON.stringify(collection);
  // Following scripts takes long, and few collections have such a name at all.
  const told = names.filter((name) => text.includes(name));
  if (told.length === 0) return { declared: [], set: [] };
  const valued = new Set(
    declaredVariables(collection).flatMap(([key, value]) =>
      value === undefined || value === null || value === "" ? [] : [key],
    ),
  );
  const { used, set } = collectionVariables(collection);
  const asked = new Set(used.map(({ name }) => name));
  const written = new Set(set.map(({ name }) => name));
  return {
    declared: told.filter((name) => valued.has(name)),
    set: told.filter((name) => written.has(name) && !asked.has(name)),
  };
}
