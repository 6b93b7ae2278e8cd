/** JSON documents as text: every fault with its line and column, and changes written over what stands. */

import type { z } from "zod";
import type { Problem } from "../core/errors.js";
import { findSyntaxError } from "../core/json-syntax.js";
import { rewriteJson } from "./json-text.js";

export type FileCheck<Document> =
  | { readonly ok: true; readonly document: Document }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** One way a document is written into a file. */
export interface FileKind<Document> {
  /** What follows the name: `.postman_environment.json`. */
  readonly suffix: string;
  /** Whether a file of that suffix is one at all, where the suffix does not say it; broken ones are, so that somebody hears of them. */
  holds?(text: string): boolean;
  read(text: string): FileCheck<Document>;
  /** The text for the document, over the one that stands where there is one. */
  write(standing: string | null, document: Document): string;
}

/** The value in a JSON text, which may begin with the byte order mark that Postman on Windows writes. */
export function parseJsonText(text: string): FileCheck<unknown> {
  const body = text.replace(/^\uFEFF/, "");
  const fault = findSyntaxError(body);
  if (fault === null) return { ok: true, document: JSON.parse(body) };
  const place = `line ${String(fault.line)}, column ${String(fault.column)}`;
  return { ok: false, problems: [{ path: "", message: `not JSON at ${place}: ${fault.message}` }] };
}

/** The document as its schema has it, or what is wrong with it and where. */
export function checkShape<Document>(
  schema: z.ZodType<Document>,
  document: unknown,
): FileCheck<Document> {
  const read = schema.safeParse(document);
  if (read.success) return { ok: true, document: read.data };
  const problems = read.error.issues.map(({ path, message }) => ({
    path: path.map(String).join("."),
    message,
  }));
  return { ok: false, problems };
}

/** Tabs where nothing stands, as Postman exports: what it writes over our file changes only what changed. */
export function writeJsonFile(standing: string | null, document: unknown): string {
  return standing === null
    ? `${JSON.stringify(document, null, "\t")}\n`
    : rewriteJson(standing, document);
}

/** Plain `.json`, which is one where it is what the given kind reads, by its outline. */
export function plainJson<Document>(
  kind: FileKind<Document>,
  isOne: (document: unknown) => boolean,
): FileKind<Document> {
  return {
    ...kind,
    suffix: ".json",
    holds(text) {
      const parsed = parseJsonText(text);
      return !parsed.ok || isOne(parsed.document);
    },
  };
}

export function jsonFileKind<Document>(
  suffix: string,
  schema: z.ZodType<Document>,
): FileKind<Document> {
  return {
    suffix,
    read(text) {
      const parsed = parseJsonText(text);
      return parsed.ok ? checkShape(schema, parsed.document) : parsed;
    },
    write: writeJsonFile,
  };
}
