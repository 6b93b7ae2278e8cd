/** Which files a collection uploads: form-data parts, whole bodies, certificates. */

import { isJsonObject } from "../core/json-object.js";

/**
 * Every path the collection names under `src` (and where v1 has it, the `value` of a part of type file), as written, each
 * once. A path may hold `{{variables}}`. Files that only a script names cannot be found here.
 */
export function uploadPaths(collection: unknown): readonly string[] {
  const found = new Set<string>();
  visit(collection, (path) => {
    found.add(path);
    return path;
  });
  return [...found].filter((path) => path !== "");
}

/** A copy in which paths into `directory`, as Postman writes them on the machine of its user, are relative to it. */
export function withRelativeUploads(collection: unknown, directory: string): unknown {
  const inside = `${directory.replace(/\/+$/, "")}/`;
  return visit(collection, (path) => (path.startsWith(inside) ? path.slice(inside.length) : path));
}

/** The regular expression for relative paths a path with `{{variables}}` may come to mean; null for one without. */
export function uploadPattern(path: string): RegExp | null {
  if (!path.includes("{{")) return null;
  const parts = path.replace(/^\.\//, "").split(/(\{\{[^{}]*\}\}\/?)/);
  const source = parts
    .map((part) => {
      if (!part.startsWith("{{")) return part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
      // A variable for a folder may also mean the plan's folder itself.
      return part.endsWith("/") ? "(?:.*/)?" : ".*";
    })
    .join("");
  return new RegExp(`^${source}$`, "s");
}

function visit(value: unknown, onPath: (path: string) => string): unknown {
  if (Array.isArray(value)) return value.map((entry) => visit(entry, onPath));
  if (!isJsonObject(value)) return value;
  const isFile = value["type"] === "file";
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      const isPath = key === "src" || (key === "value" && isFile);
      if (isPath && typeof entry === "string") return [key, onPath(entry)];
      if (isPath && Array.isArray(entry)) {
        return [
          key,
          entry.map((each: unknown) => (typeof each === "string" ? onPath(each) : each)),
        ];
      }
      return [key, visit(entry, onPath)];
    }),
  );
}
