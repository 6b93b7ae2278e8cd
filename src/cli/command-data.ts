/** `turnpike data`: test data from a field list, a JSON Schema or an OpenAPI document, without a service. */

import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { generateDataSchema } from "../collections/data-request.js";
import { generateData } from "../collections/generate-data.js";
import { FIELD_TYPES } from "../collections/data-fields.js";
import { readYaml } from "../collections/yaml-document.js";
import { isJsonObject } from "../core/json-object.js";
import { messageOf, refuse, TurnpikeError } from "../core/errors.js";
import { toProblems } from "../core/schema-problems.js";
import type { CommandContext } from "./context.js";
import { collectPair, wholeNumber } from "./flag-values.js";
import { readGiven } from "./subject.js";

type Options = Readonly<Record<string, unknown>>;

export function addDataCommand(program: Command, { terminal }: CommandContext): void {
  const data = program.command("data").description("make test data from a seed");
  data
    .command("generate")
    .description(
      "rows, or cases at and beyond the boundaries of a schema; the same seed, the same bytes",
    )
    .option(
      "--field <name=type>",
      "a column; may be repeated, `turnpike data types` lists types",
      collectPair,
    )
    .option("--fields <file>", "columns with their options, as JSON or YAML")
    .option("--schema <file>", "a JSON Schema, as JSON or YAML")
    .option("--openapi <file>", "an OpenAPI document, as JSON or YAML")
    .option("--ref <name>", "the component of that document, or #/… for another schema of it")
    .option("--cases <kind>", "valid, boundary or invalid", "valid")
    .option("--count <n>", "rows (default 10), or at most so many cases", wholeNumber)
    .option("--seed <seed>", "a number or a text", "1")
    .option(
      "--unique <columns>",
      "columns without a double value, by commas; or `row` for whole rows",
    )
    .option("--prefixed <columns>", "columns whose texts get the prefix")
    .option("--prefix <text>", "what is put before them")
    .option("--format <format>", "json or csv (default: by the ending of --out, else json)")
    .option("--out <file>", "write a file instead of standard output")
    .action(async (options: Options) => {
      const { text, count, seed } = generateData(await readRequest(options));
      const out = options["out"];
      if (typeof out !== "string") return terminal.result(text.replace(/\n$/, ""));
      try {
        await writeFile(out, text);
      } catch (cause) {
        throw new TurnpikeError(
          "INVALID_REQUEST",
          `${out} cannot be written (${messageOf(cause)}); check --out`,
          { cause },
        );
      }
      terminal.progress(`${String(count)} rows from seed ${String(seed)} are in ${out}`);
    });
  data
    .command("types")
    .description("the types a field can have")
    .action(() => {
      for (const type of FIELD_TYPES) terminal.result(type);
    });
}

async function readRequest(options: Options): Promise<ReturnType<typeof generateDataSchema.parse>> {
  const text = (name: string): string | undefined =>
    typeof options[name] === "string" ? options[name] : undefined;
  const { fields: fieldsFile, schema: schemaFile, openapi: openapiFile } = options;
  const pairs = isJsonObject(options["field"]) ? options["field"] : {};
  const listed = typeof fieldsFile === "string" ? await readDocument("field list", fieldsFile) : [];
  const named = Object.entries(pairs).map(([name, type]) => ({ name, type }));
  const fields = named.length > 0 && Array.isArray(listed) ? listed.concat(named) : listed;
  const seed = text("seed") ?? "1";
  const body = {
    seed: /^-?\d{1,15}$/.test(seed) ? Number(seed) : seed,
    cases: text("cases"),
    count: options["count"],
    format:
      text("format") ?? (text("out")?.toLowerCase().endsWith(".csv") === true ? "csv" : "json"),
    prefix: text("prefix"),
    unique: text("unique") === "row" ? "row" : text("unique")?.split(","),
    prefixed: text("prefixed")?.split(","),
    ...((fieldsFile !== undefined || named.length > 0) && { fields }),
    ...(typeof schemaFile === "string" && { schema: await readDocument("schema", schemaFile) }),
    ...((openapiFile !== undefined || options["ref"] !== undefined) && {
      openapi: {
        document:
          typeof openapiFile === "string"
            ? await readText("OpenAPI document", openapiFile)
            : undefined,
        ref: text("ref"),
      },
    }),
  };
  const read = generateDataSchema.safeParse(body);
  if (read.success) return read.data;
  refuse(
    "INVALID_REQUEST",
    "the data request",
    toProblems(read.error, [], body, generateDataSchema),
  );
  throw read.error;
}

async function readDocument(what: string, path: string): Promise<unknown> {
  const read = readYaml(path, new TextEncoder().encode(await readText(what, path)));
  if (read.ok) return read.document;
  refuse("INVALID_REQUEST", what, read.problems);
  return null;
}

async function readText(what: string, path: string): Promise<string> {
  return new TextDecoder().decode(await readGiven(what, path));
}
