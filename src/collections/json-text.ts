/** Writing a changed document over a JSON text, so that only what changed is written differently. */

import {
  applyEdits,
  findNodeAtLocation,
  modify,
  parse,
  parseTree,
  type FormattingOptions,
  type JSONPath,
} from "jsonc-parser";
import { isJsonObject } from "../core/json-object.js";
import { changesBetween, type Change } from "./changes-between.js";

/**
 * The text with the value at `path` replaced by `value`. What is equal stays byte for byte: indentation, key order, the way
 * numbers are written, a byte order mark. The text must be JSON.
 */
export function rewriteJson(text: string, value: unknown, path: JSONPath = []): string {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const body = text.slice(mark.length);
  const formattingOptions = formattingOf(body);
  const standing = valueAt(parse(body), path);
  const rewritten = changesBetween(standing, value, path).reduce((at, change) => {
    const edited = change.isInsertion ? insertBehindLast(at, change) : removeItem(at, change);
    if (edited !== null) return edited;
    const options = { formattingOptions, isArrayInsertion: change.isInsertion };
    return applyEdits(at, modify(at, change.path, change.value, options));
  }, body);
  return mark + rewritten;
}

/** A new last item behind the others, laid out as they are; null where it is not the last one, or the first of all. */
function insertBehindLast(text: string, { path, value }: Change): string | null {
  const tree = parseTree(text);
  const list = tree === undefined ? undefined : findNodeAtLocation(tree, path.slice(0, -1));
  const last = list?.children?.at(-1);
  if (last === undefined || list?.children?.length !== path.at(-1)) return null;
  const end = last.offset + last.length;
  const [space = ""] = /\s*$/.exec(text.slice(0, last.offset)) ?? [];
  const [, indent] = /\n([ \t]*)$/.exec(space) ?? [];
  const eol = space.includes("\r\n") ? "\r\n" : "\n";
  const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? "\t";
  const written =
    indent === undefined || !text.slice(last.offset, end).includes("\n")
      ? JSON.stringify(value)
      : JSON.stringify(value, null, unit).replaceAll("\n", eol + indent);
  return `${text.slice(0, end)},${space}${written}${text.slice(end)}`;
}

/** An item of a list with the comma and the space that parted it from its neighbour; null for what is no removal of one among several. */
function removeItem(text: string, { path, value }: Change): string | null {
  const place = path.at(-1);
  const tree = value === undefined && typeof place === "number" ? parseTree(text) : undefined;
  const list = tree === undefined ? undefined : findNodeAtLocation(tree, path.slice(0, -1));
  const items = list?.type === "array" ? (list.children ?? []) : [];
  const index = Number(place);
  const [before, item, behind] = [items[index - 1], items[index], items[index + 1]];
  if (item === undefined) return null;
  if (behind !== undefined) return text.slice(0, item.offset) + text.slice(behind.offset);
  if (before === undefined) return null;
  return text.slice(0, before.offset + before.length) + text.slice(item.offset + item.length);
}

function formattingOf(text: string): FormattingOptions {
  const indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? "\t";
  return {
    insertSpaces: !indent.startsWith("\t"),
    tabSize: indent.startsWith("\t") ? 1 : indent.length,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
}

function valueAt(value: unknown, path: JSONPath): unknown {
  return path.reduce<unknown>(
    (at, key) => (isJsonObject(at) || Array.isArray(at) ? Reflect.get(at, key) : undefined),
    value,
  );
}
