/** The closed list of field types test data is made of: what each one takes and how a value of it is drawn. */

import { faker } from "@faker-js/faker/locale/en";
import { z } from "zod";
import { nearest } from "../core/nearest.js";

/** Dates are drawn around this moment, never around now: the same seed gives the same bytes on any day. */
export const REFERENCE = "2026-01-01T00:00:00.000Z";
export const YEAR_EARLIER = "2025-01-01T00:00:00.000Z";

/** Types without options whose values stay what they are with a prefix before them. */
const TEXT_DRAWS = {
  "commerce.productName": () => faker.commerce.productName(),
  "company.name": () => faker.company.name(),
  "internet.email": () => faker.internet.exampleEmail(),
  "internet.username": () => faker.internet.username(),
  "location.city": () => faker.location.city(),
  "location.country": () => faker.location.country(),
  "location.streetAddress": () => faker.location.streetAddress(),
  "lorem.paragraph": () => faker.lorem.paragraph(),
  "lorem.sentence": () => faker.lorem.sentence(),
  "lorem.word": () => faker.lorem.word(),
  "person.firstName": () => faker.person.firstName(),
  "person.fullName": () => faker.person.fullName(),
  "person.jobTitle": () => faker.person.jobTitle(),
  "person.lastName": () => faker.person.lastName(),
} as const satisfies Record<string, () => Value>;

/** Types without options that a prefix would break: numbers, and texts of a fixed form. */
const FORMED_DRAWS = {
  "commerce.price": () => faker.commerce.price(),
  "finance.currencyCode": () => faker.finance.currencyCode(),
  "finance.iban": () => faker.finance.iban(),
  "internet.ipv4": () => faker.internet.ipv4(),
  "internet.url": () => `https://${faker.internet.domainWord()}.example.com/${faker.lorem.slug(2)}`,
  "location.countryCode": () => faker.location.countryCode(),
  "location.latitude": () => faker.location.latitude(),
  "location.longitude": () => faker.location.longitude(),
  "location.zipCode": () => faker.location.zipCode(),
  "phone.number": () => faker.phone.number({ style: "international" }),
  "string.uuid": () => faker.string.uuid(),
} as const satisfies Record<string, () => Value>;

const PLAIN_DRAWS = { ...TEXT_DRAWS, ...FORMED_DRAWS };
type PlainType = keyof typeof PLAIN_DRAWS;
type Value = string | number | boolean | null;

const valueSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const common = {
  /** Name of the field, which is its key in JSON and its column in CSV. */
  name: z.string().min(1).max(200),
  /** No value comes twice. */
  unique: z.boolean().default(false),
  /** Puts the request's `prefix` before the value. Text fields only. */
  prefixed: z.boolean().default(false),
};
const plainTypes = Object.keys(PLAIN_DRAWS).filter((name): name is PlainType =>
  Object.hasOwn(PLAIN_DRAWS, name),
);
/** Bounds within which every value, with its digits or after all its steps, is still exact. */
const decimalSchema = z.number().min(-1e9).max(1e9);
const stepSchema = z.int().min(-1e11).max(1e11);
const lengthSchema = z.int().min(1).max(1000);
const momentSchema = z.iso.datetime({
  offset: true,
  error: "write a date and time with its zone, such as 2026-01-31T12:00:00Z",
});

const plainSchema = z.strictObject({ ...common, type: z.enum(plainTypes) });
const optionSchemas = [
  z.strictObject({ ...common, type: z.literal("boolean") }),
  z.strictObject({ ...common, type: z.literal("constant"), value: valueSchema }),
  z.strictObject({
    ...common,
    type: z.literal("date.iso"),
    from: momentSchema.default(YEAR_EARLIER),
    to: momentSchema.default(REFERENCE),
  }),
  z.strictObject({
    ...common,
    type: z.literal("enum"),
    values: z.array(valueSchema).min(1).max(1000),
  }),
  z.strictObject({
    ...common,
    type: z.literal("lorem.words"),
    count: z.int().min(1).max(100).default(3),
  }),
  z.strictObject({
    ...common,
    type: z.literal("number.float"),
    min: decimalSchema.default(0),
    max: decimalSchema.default(1),
    fractionDigits: z.int().min(0).max(6).default(2),
  }),
  z.strictObject({
    ...common,
    type: z.literal("number.int"),
    min: z.int().default(0),
    max: z.int().default(1_000_000),
  }),
  z.strictObject({
    ...common,
    type: z.literal("sequence"),
    start: stepSchema.default(1),
    step: stepSchema.default(1),
  }),
  z.strictObject({
    ...common,
    type: z.literal("string.alphanumeric"),
    length: lengthSchema.default(10),
  }),
  z.strictObject({
    ...common,
    type: z.literal("string.numeric"),
    length: lengthSchema.default(10),
  }),
] as const;

/** Types without options: the names a schema may say in `x-faker`. */
export const PLAIN_TYPES: readonly string[] = plainTypes.toSorted();

/** Every type there is, in alphabetical order. */
export const FIELD_TYPES: readonly string[] = [
  ...plainTypes,
  ...optionSchemas.map((schema) => schema.shape.type.value),
].sort();

export const fieldSchema = z.discriminatedUnion("type", [plainSchema, ...optionSchemas], {
  error: ({ input }) => unknownType(input),
});
export type Field = z.output<typeof fieldSchema>;

/** How values of a field are made, and how many different ones there can be; null where nobody counts them. */
export interface Source {
  readonly draw: (row: number) => Value;
  readonly variety: number | null;
}

/** The source of a field. It draws from the one faker of this file, which the caller has seeded. */
export function sourceOf(field: Field): Source {
  if (isPlain(field)) return { draw: PLAIN_DRAWS[field.type], variety: null };
  switch (field.type) {
    case "boolean":
      return { draw: () => faker.datatype.boolean(), variety: 2 };
    case "constant":
      return { draw: () => field.value, variety: 1 };
    case "date.iso":
      return {
        draw: () => faker.date.between(field).toISOString(),
        variety: Date.parse(field.to) - Date.parse(field.from) + 1,
      };
    case "enum":
      return {
        draw: () => faker.helpers.arrayElement(field.values),
        variety: new Set(field.values).size,
      };
    case "lorem.words":
      return { draw: () => faker.lorem.words(field.count), variety: null };
    case "number.float": {
      const { first, last, unit } = decimalsOf(field);
      return {
        draw: () => faker.number.int({ min: first, max: last }) / unit,
        variety: last - first + 1,
      };
    }
    case "number.int":
      return { draw: () => faker.number.int(field), variety: field.max - field.min + 1 };
    case "sequence":
      return {
        draw: (row) => field.start + row * field.step,
        variety: field.step === 0 ? 1 : null,
      };
    case "string.alphanumeric":
      return { draw: () => faker.string.alphanumeric(field.length), variety: 62 ** field.length };
    case "string.numeric":
      return {
        draw: () => faker.string.numeric({ length: field.length, allowLeadingZeros: true }),
        variety: 10 ** field.length,
      };
  }
}

/** The decimal numbers of a range, counted in units of their last digit; none when `first` is above `last`. */
export function decimalsOf(range: {
  readonly min: number;
  readonly max: number;
  readonly fractionDigits: number;
}): { readonly first: number; readonly last: number; readonly unit: number } {
  const unit = Number(`1e${String(range.fractionDigits)}`);
  // 0.29 * 100 is 28.999999999999996: what is that close to a whole number is meant to be one.
  return {
    first: Math.ceil(range.min * unit - 1e-6),
    last: Math.floor(range.max * unit + 1e-6),
    unit,
  };
}

/** True for fields whose values can carry a prefix. */
export function isText(field: Field): boolean {
  if (isPlain(field)) return Object.hasOwn(TEXT_DRAWS, field.type);
  switch (field.type) {
    case "boolean":
    case "date.iso":
    case "number.float":
    case "number.int":
    case "sequence":
      return false;
    case "lorem.words":
    case "string.alphanumeric":
    case "string.numeric":
      return true;
    case "constant":
      return typeof field.value === "string";
    case "enum":
      return field.values.every((value) => typeof value === "string");
  }
}

/** A value of a type without options; null for another name. */
export function drawPlain(type: string): Value {
  const known = plainTypes.find((name) => name === type);
  return known === undefined ? null : PLAIN_DRAWS[known]();
}

function isPlain(field: Field): field is Extract<Field, { type: PlainType }> {
  return Object.hasOwn(PLAIN_DRAWS, field.type);
}

/** Starts the faker of this file again from a text. Drawing is synchronous, so one column never disturbs another. */
export function seedDraws(seed: string): void {
  faker.seed(Array.from(seed, (letter) => letter.codePointAt(0) ?? 0));
  faker.setDefaultRefDate(REFERENCE);
}

/** The type whose name is near, or its last part: `email` is meant for `internet.email`. */
function guessType(type: string): string | null {
  const lastPart = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
  const guess = nearest(type, [...FIELD_TYPES, ...FIELD_TYPES.map(lastPart)]);
  return FIELD_TYPES.find((name) => name === guess || lastPart(name) === guess) ?? null;
}

function unknownType(input: unknown): string {
  const type: unknown =
    typeof input === "object" && input !== null ? Reflect.get(input, "type") : undefined;
  const guess = typeof type === "string" ? guessType(type) : null;
  const hint = guess === null ? "" : `; did you mean "${guess}"?`;
  return typeof type === "string"
    ? `no field type is called "${type}"; there are ${FIELD_TYPES.join(", ")}${hint}`
    : `a field needs a type: one of ${FIELD_TYPES.join(", ")}`;
}
