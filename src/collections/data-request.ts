/** What may be asked of the data generator: where the rows come from, how many, and in which form. */

import { z } from "zod";
import { decimalsOf, fieldSchema, isText, sourceOf, type Field } from "./data-fields.js";

/** More would keep the service busy for seconds. */
export const MAX_VALUES = 100_000;
const MAX_ROWS = 10_000;
const DEFAULT_COUNT = 10;

const nameSchema = z.string().min(1).max(200);

/** What a request says besides its form; a plan says the same in `data.generate`. */
export const dataSourceKeys = {
  /** Rows, or of cases at most so many; without it 10 rows, and every case once. */
  count: z.int().min(1).max(MAX_ROWS).optional(),
  fields: z.array(fieldSchema).min(1).max(100).optional(),
  /** A JSON Schema. */
  schema: z.union([z.record(z.string(), z.unknown()), z.boolean()]).optional(),
  /** A schema of an OpenAPI document: by the name of a component, or by `#/…`. */
  openapi: z
    .strictObject({
      document: z.union([z.record(z.string(), z.unknown()), z.string().min(1)]),
      ref: z.string().min(1),
    })
    .optional(),
  /** `valid` rows as people would fill them in, or cases at the boundaries of a schema, or beyond them. */
  cases: z.enum(["valid", "boundary", "invalid"]).default("valid"),
  /** `row`: no two rows are the same; a list: none of these columns has a value twice. */
  unique: z.union([z.literal("row"), z.array(nameSchema)]).default([]),
  /** Columns whose texts get `prefix` before them, so that runs can tell their data apart. */
  prefixed: z.array(nameSchema).default([]),
};

export const seedSchema = z.union([z.int(), z.string().min(1).max(200)]);

export const generateDataSchema = z
  .strictObject({
    seed: seedSchema.default(1),
    ...dataSourceKeys,
    format: z.enum(["json", "csv"]).default("json"),
    prefix: z.string().min(1).max(200).optional(),
  })
  .superRefine((request, context) => {
    for (const { path, message } of checkRequest(request)) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  })
  .meta({ id: "GenerateDataRequest" });
export type DataRequest = z.output<typeof generateDataSchema>;

/** Rows that are asked for where nobody says how many. */
export function countOf({ count }: Pick<DataRequest, "count">): number {
  return count ?? DEFAULT_COUNT;
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function* checkRequest(request: DataRequest): Generator<Fault> {
  const { fields, schema, openapi, cases } = request;
  const given = Object.entries({ fields, schema, openapi }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(" and ");
    const message =
      given.length === 0
        ? "say what the rows are made from: fields, schema or openapi"
        : `${names} are given; keep one of them`;
    yield { path: [given[0]?.[0] ?? "fields"], message };
  }
  if (cases !== "valid" && fields !== undefined)
    yield { path: ["cases"], message: `${cases} cases need a schema or openapi; fields have none` };
  if (cases !== "valid" && request.unique.length > 0)
    yield { path: ["unique"], message: "is for rows; no case comes twice anyway" };
  if (cases !== "valid" && request.prefixed.length > 0)
    yield { path: ["prefixed"], message: "is for rows; a prefix would change what a case tries" };
  const prefixed = [
    ...request.prefixed,
    ...(fields ?? []).flatMap((field) => (field.prefixed ? [field.name] : [])),
  ];
  if (prefixed.length > 0 && request.prefix === undefined)
    yield {
      path: ["prefix"],
      message: `${prefixed.map((name) => `"${name}"`).join(", ")} is to be prefixed, and no prefix is given`,
    };
  if (fields !== undefined) yield* checkFields({ ...request, fields });
}

function* checkFields(
  request: DataRequest & { readonly fields: readonly Field[] },
): Generator<Fault> {
  const { fields } = request;
  const count = countOf(request);
  if (fields.length * count > MAX_VALUES) {
    const message = `${String(count)} rows of ${String(fields.length)} fields are more than ${String(MAX_VALUES)} values; ask in parts`;
    yield { path: ["count"], message };
  }
  for (const [position, field] of fields.entries()) {
    const first = fields.findIndex(({ name }) => name === field.name);
    if (first !== position) {
      yield {
        path: ["fields", position, "name"],
        message: `"${field.name}" is the name of field ${String(first)} already`,
      };
    }
    if ((field.prefixed || request.prefixed.includes(field.name)) && !isText(field)) {
      yield {
        path: ["fields", position, "prefixed"],
        message: `values of "${field.type}" cannot carry a prefix`,
      };
    }
    const backwards = rangeFault(field);
    if (backwards !== null) {
      yield { path: ["fields", position], message: backwards };
      continue;
    }
    const { variety } = sourceOf(field);
    if (isUnique(request, field) && variety !== null && variety < count) {
      const message = `"${field.type}" has ${String(variety)} different values here, too few for ${String(count)} unique ones`;
      yield { path: ["fields", position, "unique"], message };
    }
  }
}

function isUnique({ unique }: Pick<DataRequest, "unique">, field: Field): boolean {
  return field.unique || (unique !== "row" && unique.includes(field.name));
}

function rangeFault(field: Field): string | null {
  if (field.type === "date.iso") {
    const { from, to } = field;
    return Date.parse(from) > Date.parse(to) ? `from ${from} is after to ${to}` : null;
  }
  if (field.type !== "number.int" && field.type !== "number.float") return null;
  const { min, max } = field;
  if (min > max) return `min ${String(min)} is above max ${String(max)}`;
  if (field.type === "number.int") return null;
  const { first, last } = decimalsOf(field);
  const digits = `${String(field.fractionDigits)} digits after the point`;
  return first <= last
    ? null
    : `no number with ${digits} lies between ${String(min)} and ${String(max)}`;
}
