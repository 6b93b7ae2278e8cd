/** Writing a changed document over a YAML text, so that comments, order and the style of what stayed are kept. */

import { isDeepStrictEqual } from "node:util";
import { isSeq, parseDocument, type Document } from "yaml";
import { changesBetween, type Change } from "./changes-between.js";

/** The text with its content replaced by `value`; the same text when nothing differs. The text must be YAML. */
export function rewriteYaml(text: string, value: unknown): string {
  const document: Document = parseDocument(text);
  const standing: unknown = document.toJS();
  if (isDeepStrictEqual(standing, value)) return text;
  for (const change of changesBetween(standing, value, [])) apply(document, change);
  return document.toString({ lineWidth: 0 });
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
