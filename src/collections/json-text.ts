/** Writing a changed document over a JSON text, so that only what changed is written differently. */

import { applyEdits, modify, parse, type FormattingOptions, type JSONPath } from "jsonc-parser";
import { isJsonObject } from "../core/json-object.js";
import { changesBetween } from "./changes-between.js";

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
    const options = { formattingOptions, isArrayInsertion: change.isInsertion };
    return applyEdits(at, modify(at, change.path, change.value, options));
  }, body);
  return mark + rewritten;
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
