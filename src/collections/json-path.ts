/** Paths into a JSON value as testers write them: `id`, `data.items[0].id`, `$["odd key"]`. */

export type PathSegment = string | number;

const SEGMENT = /\.?([A-Za-z_$][\w$-]*)|\[(\d{1,6})\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** The segments of a path, or null when it cannot be read. `$` alone is the whole value. */
export function parseJsonPath(path: string): readonly PathSegment[] | null {
  const text = path.replace(/^\$(?=$|[.[])/, "");
  if (text === "") return path === "$" ? [] : null;
  if (text.startsWith(".") && !path.startsWith("$")) return null;
  const segments: PathSegment[] = [];
  for (let at = 0; at < text.length;) {
    SEGMENT.lastIndex = at;
    const match = SEGMENT.exec(text);
    if (match === null) return null;
    const [whole, key, index, quoted] = match;
    if (key !== undefined && at > 0 && !whole.startsWith(".")) return null;
    if (key !== undefined) segments.push(key);
    else if (index !== undefined) segments.push(Number(index));
    else {
      const unquoted = unquote(quoted ?? "");
      if (unquoted === null) return null;
      segments.push(unquoted);
    }
    at += whole.length;
  }
  return segments;
}

/** What stands at the path; undefined when nothing does. Only own keys count, so `constructor` is not found by accident. */
export function valueAtPath(value: unknown, path: readonly PathSegment[]): unknown {
  return path.reduce<unknown>((at, segment) => {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, segment)) return undefined;
    return Reflect.get(at, segment);
  }, value);
}

/** The path as JavaScript behind an expression: `["data"]["items"][0]`. */
export function accessorOf(path: readonly PathSegment[]): string {
  return path.map((segment) => `[${JSON.stringify(segment)}]`).join("");
}

function unquote(text: string): string | null {
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}
