/** Every place of a schema with a valid document around it, in which the value of that place can be exchanged. */

import { isJsonObject } from "../core/json-object.js";
import { isValid, type ValuePath } from "./check-value.js";
import type { SchemaNode } from "./schema-node.js";

export interface SchemaPlaceInValue {
  readonly path: ValuePath;
  readonly node: SchemaNode;
  /** A valid document that has a value at this place. */
  readonly document: unknown;
  /** One branch of a union, which has been looked at as a whole before. */
  readonly isBranch?: true;
}

/** From the root inwards. Elements of lists are looked at once, in the first; what holds itself is not followed. */
export function* placesOf(
  root: SchemaNode,
  document: unknown,
  draw: (node: SchemaNode) => unknown,
): Generator<SchemaPlaceInValue> {
  yield* placesBelow({ path: [], node: root, document }, { root, draw });
}

function* placesBelow(
  place: SchemaPlaceInValue,
  within: { readonly root: SchemaNode; readonly draw: (node: SchemaNode) => unknown },
): Generator<SchemaPlaceInValue> {
  const { path, node, document } = place;
  yield place;
  const value = valueIn(document, path);
  switch (node.kind) {
    case "object":
      if (!isJsonObject(value)) return;
      for (const [name, property] of node.properties) {
        if (Object.hasOwn(value, name))
          yield* placesBelow({ path: [...path, name], node: property, document }, within);
      }
      return;
    case "list":
      if (Array.isArray(value) && value.length > 0)
        yield* placesBelow({ path: [...path, 0], node: node.items, document }, within);
      return;
    case "union":
      for (const branch of node.branches) {
        const own = isValid(branch, value)
          ? document
          : replaceIn(document, path, within.draw(branch));
        if (isValid(within.root, own))
          yield* placesBelow({ path, node: branch, document: own, isBranch: true }, within);
      }
      return;
    case "any":
    case "never":
    case "null":
    case "boolean":
    case "choice":
    case "string":
    case "number":
    case "reference":
      return;
  }
}

export function valueIn(document: unknown, path: ValuePath): unknown {
  return path.reduce<unknown>(
    (at, key) => (isJsonObject(at) || Array.isArray(at) ? Reflect.get(at, key) : undefined),
    document,
  );
}

/** The document with another value at this place; with undefined without the place. */
export function replaceIn(document: unknown, path: ValuePath, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(document)) {
    const items: readonly unknown[] = document;
    return items.map((item, at) => (at === key ? replaceIn(item, rest, value) : item));
  }
  if (!isJsonObject(document)) return document;
  const entries = Object.entries(document);
  const changed = rest.length > 0 || value !== undefined;
  const exchanged = entries.flatMap(([name, held]) =>
    name !== key ? [[name, held]] : changed ? [[name, replaceIn(held, rest, value)]] : [],
  );
  const isNew = changed && rest.length === 0 && !Object.hasOwn(document, key);
  return Object.fromEntries(isNew ? [...exchanged, [key, value]] : exchanged);
}

/** `address.lines[0]`; the whole document is `(whole)`. */
export function placeText(path: ValuePath): string {
  const text = path
    .map((key) => (typeof key === "number" ? `[${String(key)}]` : `.${key}`))
    .join("");
  return text === "" ? "(whole)" : text.replace(/^\./, "");
}
