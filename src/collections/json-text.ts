/** Writing a changed document over a JSON text, so that only what changed is written differently. */

import { isDeepStrictEqual } from "node:util";
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

type Run = readonly [Change, ...Change[]];

/** Each change that adds or takes away reads the text once more; more characters than these are read by none, and the text is laid out anew. */
const MAX_READ = 20_000_000;

/**
 * The text with the value at `path` replaced by `value`. What is equal stays byte for byte: indentation, key order, the way
 * numbers are written, a byte order mark. The text must be JSON.
 */
export function rewriteJson(text: string, value: unknown, path: JSONPath = []): string {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const body = text.slice(mark.length);
  const formattingOptions = formattingOf(body);
  const standing = valueAt(parse(body), path);
  const { replaced, left } = replacePlainValues(body, changesBetween(standing, value, path));
  const steps = inRuns(left);
  const length = Math.max(body.length, JSON.stringify(value).length);
  if (steps.length * length > MAX_READ) return mark + layOut(body, value, path);
  return mark + steps.reduce((at, run) => rewriteRun(at, run, formattingOptions), replaced);
}

/** The whole anew, on one line or indented as the text is. */
function layOut(text: string, value: unknown, path: JSONPath): string {
  const standing: unknown = parse(text);
  const document = path.reduceRight((inner, key, depth) => {
    const around = valueAt(standing, path.slice(0, depth));
    return { ...(isJsonObject(around) && around), [key]: inner };
  }, value);
  const [end = ""] = /\s*$/.exec(text) ?? [];
  const isOneLine = !text.trim().includes("\n");
  const written = JSON.stringify(document, null, isOneLine ? "" : indentOf(text));
  return written.replaceAll("\n", text.includes("\r\n") ? "\r\n" : "\n") + end;
}

function indentOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? "\t";
}

function rewriteRun(text: string, run: Run, formattingOptions: FormattingOptions): string {
  const [change, ...others] = run;
  const edited = change.isInsertion ? insertBehind(text, run) : removeItem(text, change);
  if (edited !== null) return edited;
  const options = { formattingOptions, isArrayInsertion: change.isInsertion };
  const first = applyEdits(text, modify(text, change.path, change.value, options));
  const [second, ...more] = others;
  return second === undefined ? first : rewriteRun(first, [second, ...more], formattingOptions);
}

/** All at once what is neither object nor list and stands already: in any order, because it moves nothing. */
function replacePlainValues(
  text: string,
  changes: readonly Change[],
): { readonly replaced: string; readonly left: readonly Change[] } {
  const tree = parseTree(text);
  const found = changes.map((change) => {
    const isPlain = typeof change.value !== "object" || change.value === null;
    const stands = isPlain && change.value !== undefined && !change.isInsertion;
    const node = stands && tree !== undefined ? findNodeAtLocation(tree, change.path) : undefined;
    return { change, node };
  });
  const nodes = found.flatMap(({ change: { value }, node }) =>
    node === undefined ? [] : [{ ...node, written: JSON.stringify(value) }],
  );
  let end = 0;
  const pieces = nodes
    .toSorted((left, right) => left.offset - right.offset)
    .flatMap(({ offset, length, written }) => {
      const between = text.slice(end, offset);
      end = offset + length;
      return [between, written];
    });
  return {
    replaced: pieces.join("") + text.slice(end),
    left: found.flatMap(({ change, node }) => (node === undefined ? [change] : [])),
  };
}

/** Insertions that follow each other in the same list stand together, everything else alone. */
function inRuns(changes: readonly Change[]): readonly Run[] {
  const runs: [Change, ...Change[]][] = [];
  for (const change of changes) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const next =
      last === undefined ? [] : [...last.path.slice(0, -1), Number(last.path.at(-1)) + 1];
    const follows =
      last?.isInsertion === true && change.isInsertion && isDeepStrictEqual(next, change.path);
    if (run !== undefined && follows) run.push(change);
    else runs.push([change]);
  }
  return runs;
}

/** New items behind the one before them, laid out as it is; null where there is none. */
function insertBehind(text: string, run: Run): string | null {
  const { path } = run[0];
  const tree = parseTree(text);
  const list = tree === undefined ? undefined : findNodeAtLocation(tree, path.slice(0, -1));
  const last = list?.children?.[Number(path.at(-1)) - 1];
  if (last === undefined) return null;
  const end = last.offset + last.length;
  const [space = ""] = /\s*$/.exec(text.slice(0, last.offset)) ?? [];
  const [, indent] = /\n([ \t]*)$/.exec(space) ?? [];
  const eol = space.includes("\r\n") ? "\r\n" : "\n";
  const unit = indentOf(text);
  const isOneLine = indent === undefined || !text.slice(last.offset, end).includes("\n");
  const written = run.map(({ value }) => {
    const item = isOneLine
      ? JSON.stringify(value)
      : JSON.stringify(value, null, unit).replaceAll("\n", eol + indent);
    return `,${space}${item}`;
  });
  return text.slice(0, end) + written.join("") + text.slice(end);
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
  const indent = indentOf(text);
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
