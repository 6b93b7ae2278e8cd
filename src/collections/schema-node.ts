/** A JSON Schema as the data generator uses it: references followed, `allOf` merged, every keyword of a kind in its place. */

/** Formats whose values can be made and checked. */
export const FORMATS = [
  "byte",
  "date",
  "date-time",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "time",
  "uri",
  "uuid",
] as const;
export type Format = (typeof FORMATS)[number];

export type SchemaNode =
  | { readonly kind: "any" }
  | { readonly kind: "never" }
  | { readonly kind: "null" }
  | { readonly kind: "boolean" }
  | ChoiceNode
  | StringNode
  | NumberNode
  | ListNode
  | ObjectNode
  | UnionNode
  | ReferenceNode;

/** `enum` and `const`. */
interface ChoiceNode {
  readonly kind: "choice";
  readonly values: readonly unknown[];
  readonly keyword: "enum" | "const";
}

/** Schemas without `type` say nothing about values of other types, so those are neither made nor called wrong. */
interface Typed {
  readonly typed: boolean;
}

export interface StringNode extends Typed {
  readonly kind: "string";
  readonly minLength: number;
  readonly maxLength: number | null;
  readonly pattern: RegExp | null;
  readonly format: Format | null;
  /** Name of a field type the value is to be drawn as. */
  readonly drawnAs: string | null;
}

export interface Bound {
  readonly value: number;
  readonly exclusive: boolean;
}

export interface NumberNode extends Typed {
  readonly kind: "number";
  readonly whole: boolean;
  readonly min: Bound | null;
  readonly max: Bound | null;
  readonly multipleOf: number | null;
}

export interface ListNode extends Typed {
  readonly kind: "list";
  readonly items: SchemaNode;
  readonly minItems: number;
  readonly maxItems: number | null;
  readonly unique: boolean;
}

export interface ObjectNode extends Typed {
  readonly kind: "object";
  readonly properties: ReadonlyMap<string, SchemaNode>;
  readonly required: ReadonlySet<string>;
  /** What properties of other names must be; `never` where there may be none. */
  readonly others: SchemaNode;
}

export interface UnionNode {
  readonly kind: "union";
  readonly branches: readonly SchemaNode[];
  /** `type` for several types in one schema, which exclude each other. */
  readonly keyword: "anyOf" | "oneOf" | "type";
}

/** A schema that holds itself is reached through this; all others stand where they are used. */
interface ReferenceNode {
  readonly kind: "reference";
  readonly target: () => SchemaNode;
}
