/** Writing a changed document over a YAML text, so that what did not change keeps its bytes: comments, order, style, line ends. */

import { isDeepStrictEqual } from "node:util";
import {
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  stringify,
  type Document,
  type ParsedNode,
} from "yaml";
import { changesBetween, type Change } from "./changes-between.js";

/** What may stand without quotes; whether it is read as a text there is seen afterwards. */
const PLAIN = /^\w[\w ./:-]*$/;

/** Each change reads the text several times; more characters than these are read by none, and the text is laid out anew, with its comments. */
const MAX_READ = 1_000_000;

/** The text with its content replaced by `value`; the same text when nothing differs. The text must be YAML. */
export function rewriteYaml(text: string, value: unknown): string {
  const standing: unknown = parseDocument(text).toJS();
  if (isDeepStrictEqual(standing, value)) return text;
  const changes = changesBetween(standing, value, []);
  const length = Math.max(text.length, JSON.stringify(value).length);
  if (changes.length * length <= MAX_READ) return changes.reduce(rewriteOne, text);
  const document: Document = parseDocument(text);
  for (const change of changes) apply(document, change);
  return document.toString({ lineWidth: 0 });
}

/** Of the ways to write a change the first that says what was meant; laying the whole document out anew always does. */
function rewriteOne(text: string, change: Change): string {
  const document: Document = parseDocument(text);
  apply(document, change);
  const meant: unknown = document.toJS();
  const found = editsFor(text, change).find((edited) => {
    const read = parseDocument(edited);
    return read.errors.length === 0 && isDeepStrictEqual(read.toJS(), meant);
  });
  return found ?? document.toString({ lineWidth: 0 });
}

function apply(document: Document, { path, value, isInsertion }: Change): void {
  const place = path.at(-1);
  const list = isInsertion ? document.getIn(path.slice(0, -1)) : null;
  if (path.length === 0) document.contents = document.createNode(value);
  else if (value === undefined) document.deleteIn(path);
  else if (isSeq(list) && typeof place === "number")
    list.items.splice(place, 0, document.createNode(value));
  // A plain value takes over the style of the one it replaces.
  else document.setIn(path, typeof value === "object" ? document.createNode(value) : value);
}

/** Texts that may be the changed one; whether they are is for the caller to see. */
function editsFor(text: string, { path, value, isInsertion }: Change): readonly string[] {
  const document = parseDocument(text);
  const nodeAt = (at: Change["path"]): ParsedNode | null => {
    const node: unknown = at.length === 0 ? document.contents : document.getIn(at, true);
    return isNode(node) ? node : null;
  };
  const node = isInsertion ? null : nodeAt(path);
  const around = nodeAt(path.slice(0, -1));
  const place = path.at(-1);
  if (value === undefined) return node === null ? [] : withoutRow(text, node);
  if (node !== null)
    return isScalar(node) && typeof value !== "object" ? withScalar(text, node, value) : [];
  if (isSeq(around) && place === around.items.length) return withRow(text, around, value);
  return isMap(around) && typeof place === "string" ? withKey(text, around, place, value) : [];
}

function isNode(node: unknown): node is ParsedNode {
  return (isScalar(node) || isCollection(node)) && Array.isArray(node.range);
}

function withScalar(text: string, node: ParsedNode, value: unknown): readonly string[] {
  const [from, to] = node.range;
  const plain = String(value);
  const quoted = JSON.stringify(value);
  const single = `'${plain.replaceAll("'", "''")}'`;
  const style = isScalar(node) ? node.type : undefined;
  const isText = typeof value === "string";
  const ways = !isText
    ? [quoted]
    : style === "QUOTE_SINGLE"
      ? [single, quoted]
      : style === "QUOTE_DOUBLE"
        ? [quoted]
        : [...(PLAIN.test(plain) ? [plain] : []), quoted];
  // An empty value has no space of its own behind the colon.
  return ways
    .flatMap((way) => [way, ` ${way}`])
    .map((way) => text.slice(0, from) + way + text.slice(to));
}

/** A row of a list with the lines that are its own. */
function withoutRow(text: string, node: ParsedNode): readonly string[] {
  const from = lineStart(text, node.range[0]);
  const isRow = /^ *- *$/.test(text.slice(from, node.range[0]));
  return isRow ? [text.slice(0, from) + text.slice(lineEnd(text, node.range[1]))] : [];
}

/** Behind the last row, with its indentation. */
function withRow(text: string, list: ParsedNode, value: unknown): readonly string[] {
  const last: unknown = isSeq(list) ? list.items.at(-1) : undefined;
  if (!isNode(last)) return [];
  const indent = / *$/.exec(text.slice(0, text.lastIndexOf("-", last.range[0])))?.[0] ?? "";
  const [first = "", ...more] = stringify(value, { lineWidth: 0 }).trimEnd().split("\n");
  const lines = [`${indent}- ${first}`, ...more.map((line) => `${indent}  ${line}`)];
  return [insertLines(text, last.range[1], lines)];
}

/** Behind the last key, in the style of the others. */
function withKey(text: string, map: ParsedNode, key: string, value: unknown): readonly string[] {
  const name = PLAIN.test(key) ? key : JSON.stringify(key);
  const pair = `${name}: ${JSON.stringify(value)}`;
  const [from, to] = map.range;
  if (isMap(map) && map.flow === true) {
    const end = text.slice(0, to - 1).trimEnd().length;
    return [`${text.slice(0, end)}, ${pair}${text.slice(end)}`];
  }
  const indent = " ".repeat(from - lineStart(text, from));
  return [insertLines(text, to, [indent + pair])];
}

/** Whole lines behind the one in which something ended. */
function insertLines(text: string, after: number, lines: readonly string[]): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const at = lineEnd(text, after);
  const isOpen = at === text.length && !text.endsWith("\n");
  const block = lines.join(eol);
  return text.slice(0, at) + (isOpen ? eol + block : block + eol) + text.slice(at);
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Behind the line that something ended in; a block ends at the beginning of the next one already. */
function lineEnd(text: string, at: number): number {
  if (text[at - 1] === "\n") return at;
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end + 1;
}
