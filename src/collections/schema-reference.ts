/** Where a `$ref` leads within its document. */

import type { Problem } from "../core/errors.js";
import { isJsonObject } from "../core/json-object.js";
import { nearest } from "../core/nearest.js";

/** The schema a reference names, with its place; else what is wrong with the reference, which stands at `at`. */
export function resolveReference(
  { document, place }: { readonly document: unknown; readonly place: string },
  reference: string,
  at: string,
): {
  readonly found: { readonly schema: unknown; readonly place: string } | null;
  readonly problem: Problem | null;
} {
  const refused = (message: string, suggestedAction: string) => ({
    found: null,
    problem: { path: `${at}.$ref`, message, suggestedAction },
  });
  if (!reference.startsWith("#"))
    return refused(
      `"${reference}" leads to another document`,
      "put that schema into $defs, and refer to it by #/$defs/NAME",
    );
  const path = pathOf(reference);
  const schema = path === null ? undefined : valueAt(document, path);
  if (path !== null && schema !== undefined)
    return { found: { schema, place: [place, ...path].join(".") }, problem: null };
  const siblings = valueAt(document, (path ?? []).slice(0, -1));
  const guess = isJsonObject(siblings) ? nearest(path?.at(-1) ?? "", Object.keys(siblings)) : null;
  return refused(
    `"${reference}" leads nowhere`,
    guess === null
      ? "write # and the keys that lead to a schema of this document, such as #/$defs/NAME"
      : `did you mean "${guess}"?`,
  );
}

/** The keys of a JSON pointer in a fragment; null for what is none. */
export function pathOf(reference: string): readonly string[] | null {
  if (reference === "#") return [];
  return reference.startsWith("#/") ? reference.slice(2).split("/").map(decodeSegment) : null;
}

/** The other way round. */
export function pointerTo(path: readonly string[]): string {
  const segments = path.map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1"));
  return ["#", ...segments.map(encodeURIComponent)].join("/");
}

export function valueAt(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      (isJsonObject(at) || Array.isArray(at)) && Object.hasOwn(at, key)
        ? Reflect.get(at, key)
        : undefined,
    document,
  );
}

function decodeSegment(segment: string): string {
  let text = segment;
  try {
    text = decodeURIComponent(segment);
  } catch {
    // A lone % is itself.
  }
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}
