/** Values that a schema allows, drawn as people would fill them in. */

import { faker } from "@faker-js/faker/locale/en";
import * as fc from "fast-check";
import { isValid, type ValuePath } from "./check-value.js";
import { drawPlain, REFERENCE, YEAR_EARLIER } from "./data-fields.js";
import { gridOf } from "./number-grid.js";
import type {
  Format,
  ListNode,
  NumberNode,
  ObjectNode,
  SchemaNode,
  StringNode,
  UnionNode,
} from "./schema-node.js";

/** How often a value is drawn until one keeps to every keyword. */
const MAX_DRAWS = 200;
/** Schemas that hold themselves are followed this far, and then only where they must be. */
const WANTED_DEPTH = 2;
const MAX_DEPTH = 12;
/** More elements than the schema asks for. */
const MORE_ITEMS = 2;

export interface Drawing {
  readonly path: ValuePath;
  /** References followed so far. */
  readonly depth: number;
  /** Values that may still be drawn, of all the rows of a request. */
  readonly left: { values: number };
}

/** No value can be made, though the schema is one. */
export class CannotDraw extends Error {
  override readonly name = "CannotDraw";
  readonly path: ValuePath;
  readonly suggestedAction: string;

  constructor(path: ValuePath, message: string, suggestedAction: string) {
    super(message);
    this.path = path;
    this.suggestedAction = suggestedAction;
  }
}

/** Draws from the faker that `seedDraws` has seeded. Throws CannotDraw. */
export function drawValue(node: SchemaNode, at: Drawing): unknown {
  at.left.values -= 1;
  if (at.left.values < 0)
    throw new CannotDraw(at.path, "more than 100000 values are asked for", "ask in parts");
  switch (node.kind) {
    case "any":
      return faker.lorem.word();
    case "never":
      throw new CannotDraw(at.path, "the schema allows no value here", "allow some");
    case "null":
      return null;
    case "boolean":
      return faker.datatype.boolean();
    case "choice":
      return faker.helpers.arrayElement(node.values);
    case "string":
      return drawUntilValid(node, at, () => drawText(node, at));
    case "number":
      return drawUntilValid(node, at, () => drawNumber(node, at));
    case "list":
      return drawList(node, at);
    case "object":
      return drawObject(node, at);
    case "union":
      return drawUntilValid(node, at, () => drawValue(branchOf(node, at), at));
    case "reference":
      if (at.depth > MAX_DEPTH)
        throw new CannotDraw(
          at.path,
          "the schema holds itself without end",
          "make a property on the way optional, or allow null",
        );
      return drawValue(node.target(), { ...at, depth: at.depth + 1 });
  }
}

/** A text that a pattern matches, from its parts; the seed decides which. */
export function drawMatch(pattern: RegExp, seed: number, at: Drawing): string {
  try {
    return fc.sample(fc.stringMatching(pattern), { seed, numRuns: 1 })[0] ?? "";
  } catch {
    throw new CannotDraw(
      at.path,
      `no text can be made for the pattern ${pattern.source}: look-around, back references and \\b are not supported`,
      "write a simpler pattern, or an enum",
    );
  }
}

/** How many different values there can be; null where nobody counts them. */
export function varietyOf(node: SchemaNode): number | null {
  switch (node.kind) {
    case "null":
      return 1;
    case "boolean":
      return 2;
    case "choice":
      return new Set(node.values.map((value) => JSON.stringify(value))).size;
    case "number": {
      const { first, last } = gridOf(node);
      return last - first + 1;
    }
    case "any":
    case "never":
    case "string":
    case "list":
    case "object":
    case "union":
    case "reference":
      return null;
  }
}

function drawUntilValid(node: SchemaNode, at: Drawing, draw: () => unknown): unknown {
  for (let draws = 0; draws < MAX_DRAWS; draws += 1) {
    const value = draw();
    if (isValid(node, value)) return value;
  }
  throw new CannotDraw(
    at.path,
    `${String(MAX_DRAWS)} values were drawn, and none keeps to all keywords`,
    "loosen one of them",
  );
}

function drawText(node: StringNode, at: Drawing): string {
  const { minLength, maxLength, pattern, format, drawnAs } = node;
  if (drawnAs !== null) return String(drawPlain(drawnAs));
  if (format !== null) return FORMAT_DRAWS[format]();
  if (pattern !== null) return drawMatch(pattern, faker.number.int({ max: 2 ** 31 - 1 }), at);
  if (minLength === 0 && maxLength === null) return faker.lorem.words(3);
  const length = faker.number.int({
    // An empty text is a boundary, and hardly what a form is filled in with.
    min: Math.max(minLength, Math.min(1, maxLength ?? 1)),
    max: Math.min(maxLength ?? Number.POSITIVE_INFINITY, Math.max(minLength + 10, 20)),
  });
  let text = faker.lorem.word();
  while (text.length < length) text += ` ${faker.lorem.word()}`;
  // Many services trim what they are sent.
  return text.slice(0, length).replace(/ $/, "s");
}

const FORMAT_DRAWS = {
  byte: () => btoa(faker.lorem.words(2)),
  date: () => drawMoment().slice(0, 10),
  "date-time": () => drawMoment(),
  email: () => faker.internet.exampleEmail().toLowerCase(),
  hostname: () => `${faker.internet.domainWord()}.example.com`,
  ipv4: () => faker.internet.ipv4(),
  ipv6: () => faker.internet.ipv6(),
  time: () => drawMoment().slice(11),
  uri: () => `https://${faker.internet.domainWord()}.example.com/${faker.lorem.slug(2)}`,
  uuid: () => faker.string.uuid(),
} as const satisfies Record<Format, () => string>;

function drawMoment(): string {
  return faker.date.between({ from: YEAR_EARLIER, to: REFERENCE }).toISOString();
}

function drawNumber(node: NumberNode, at: Drawing): number {
  const { first, last, at: valueAt } = gridOf(node);
  if (first > last)
    throw new CannotDraw(at.path, "no number lies between its bounds", "widen them");
  return valueAt(faker.number.int({ min: first, max: last }));
}

function drawList(node: ListNode, at: Drawing): readonly unknown[] {
  const most = Math.max(node.minItems, 1) + MORE_ITEMS;
  const isDeep = at.depth > WANTED_DEPTH;
  const count = faker.number.int({
    min: isDeep ? node.minItems : Math.max(node.minItems, Math.min(1, node.maxItems ?? 1)),
    max: isDeep ? node.minItems : Math.min(node.maxItems ?? most, most),
  });
  const values: unknown[] = [];
  const seen = new Set<string>();
  for (let draws = 0; values.length < count; draws += 1) {
    const value = drawValue(node.items, { ...at, path: [...at.path, values.length] });
    const text = JSON.stringify(value);
    if (!node.unique || !seen.has(text)) values.push(value);
    seen.add(text);
    if (draws < count * MAX_DRAWS) continue;
    if (values.length >= node.minItems) break;
    throw new CannotDraw(
      at.path,
      `there are too few different elements for ${String(node.minItems)} unique ones`,
      "lower minItems, or allow more values",
    );
  }
  return values;
}

function drawObject(node: ObjectNode, at: Drawing): Readonly<Record<string, unknown>> {
  const isDeep = at.depth > WANTED_DEPTH;
  const known = [...node.properties].filter(
    ([name, property]) => node.required.has(name) || (!isDeep && property.kind !== "never"),
  );
  const unknown = [...node.required].filter((name) => !node.properties.has(name));
  const entries = [...known, ...unknown.map((name) => [name, node.others] as const)];
  const drawn = entries.map(([name, property]): readonly [string, unknown] => [
    name,
    drawValue(property, { ...at, path: [...at.path, name] }),
  ]);
  if (entries.length > 0 || isDeep || node.others.kind === "any" || node.others.kind === "never")
    return Object.fromEntries(drawn);
  // A map: its keys are the data.
  const name = faker.lorem.word();
  return { [name]: drawValue(node.others, { ...at, path: [...at.path, name] }) };
}

/** Deep down, a branch that leads no deeper is chosen where there is one. */
function branchOf({ branches }: UnionNode, at: Drawing): SchemaNode {
  const flat = branches.filter(
    ({ kind }) => kind !== "object" && kind !== "list" && kind !== "reference",
  );
  const isDeep = at.depth > WANTED_DEPTH && flat.length > 0;
  return faker.helpers.arrayElement(isDeep ? flat : branches);
}
