/** What a key of the configuration is: its schema, and how the file, variables and flags name it. */

import { z } from "zod";

export interface ConfigKey<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly description: string;
  /** The environment variable that sets it. */
  readonly variable: string;
  /** The flag that sets it on commands that start the engine. */
  readonly flag: string;
  readonly secret: boolean;
  /** Whether the flag exists: a secret on the command line would stand in every process list. */
  readonly hasFlag: boolean;
  /** A value as people read it; the value itself without it. */
  readonly show: (value: unknown) => string;
}

/** A key; its variable and flag are made of its name unless `options` say otherwise. */
export function key<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  description: string,
  options: {
    readonly variable?: string;
    readonly flag?: string;
    readonly secret?: boolean;
    readonly show?: (value: unknown) => string;
  } = {},
): ConfigKey<Schema> {
  const kebab = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return {
    schema,
    description,
    variable: options.variable ?? `TURNPIKE_${kebab.replaceAll("-", "_").toUpperCase()}`,
    flag: options.flag ?? `--${kebab}`,
    secret: options.secret ?? false,
    hasFlag: options.flag !== undefined || options.secret !== true,
    show: options.show ?? String,
  };
}

/** What travels in a header as a whole word. */
export const tokenSchema = z
  .string()
  .min(16, "a token has at least 16 characters")
  .regex(/^[!-~]*$/, "a token has letters, digits and marks of ASCII, and no spaces");

/** A list, or a text with commas. */
export const namesSchema = z
  .union([z.string(), z.array(z.string())])
  .transform((value): readonly string[] =>
    (typeof value === "string" ? value.split(",") : value)
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  );

/** A variable or flag that holds a document. */
export function fromJson(raw: unknown): unknown {
  if (typeof raw !== "string") return raw;
  try {
    return JSON.parse(raw);
  } catch {
    // Told as what it is: a text, where rules were expected.
    return raw;
  }
}
