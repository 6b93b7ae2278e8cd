/** A small strict XML reader, so that tests need no tool to know that a document is well-formed and what it says. */

import assert from "node:assert/strict";

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

// oxlint-disable-next-line no-control-regex -- these are the characters XML 1.0 does not have
const ILLEGAL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF\u{D800}-\u{DFFF}]/u;
const TOKEN = /<\?[^?]*\?>|<\/([\w-]+)\s*>|<([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /([\w-]+)="([^"<]*)"/g;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  "#10": "\n",
  "#9": "\t",
};

interface OpenElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

/** The root element; fails on anything that is not well-formed. Knows what our writer may use: no CDATA, no comments, no DTD. */
export function parseXml(xml: string): XmlElement {
  assert.doesNotMatch(xml, ILLEGAL, "the document holds a character that XML does not have");
  const top: OpenElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [top];
  let position = 0;
  for (const token of xml.matchAll(TOKEN)) {
    const [whole, closes, opens, attributes = "", selfClosing, text] = token;
    position += whole.length;
    const current = open.at(-1) ?? top;
    if (closes !== undefined) {
      assert.equal(
        closes,
        current.name,
        `at ${String(token.index)} an element is closed that is not open`,
      );
      open.pop();
    } else if (opens !== undefined) {
      const element = {
        name: opens,
        attributes: readAttributes(attributes),
        children: [],
        text: "",
      };
      current.children.push(element);
      if (selfClosing === "") open.push(element);
    } else if (text !== undefined) {
      assert.ok(!text.includes("]]>"), "]]> may not stand in text");
      current.text += decode(text);
    }
  }
  assert.equal(
    position,
    xml.length,
    `not XML at ${String(position)}: ${xml.slice(position, position + 60)}`,
  );
  assert.equal(open.length, 1, `${open.at(-1)?.name ?? ""} is not closed`);
  assert.equal(top.children.length, 1, "there is one root element");
  const [root] = top.children;
  assert.ok(root !== undefined);
  return root;
}

function readAttributes(text: string): Readonly<Record<string, string>> {
  const all = [...text.matchAll(ATTRIBUTE)].map(
    ([, name = "", value = ""]) => [name, decode(value)] as const,
  );
  assert.equal(
    new Set(all.map(([name]) => name)).size,
    all.length,
    `an attribute stands twice: ${text}`,
  );
  return Object.fromEntries(all);
}

function decode(text: string): string {
  return text.replaceAll(/&([^;]*;?)/g, (whole, name: string) => {
    const character = ENTITIES[name.replace(/;$/, "")];
    assert.ok(
      character !== undefined && name.endsWith(";"),
      `not an entity: ${whole.slice(0, 20)}`,
    );
    return character;
  });
}
