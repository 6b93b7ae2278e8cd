/** Environments as their files hold them: Postman's v2 exports, the same inside the wrapper of Postman's API, and v3 YAML. */

import { environmentDocumentSchema, type EnvironmentDocument } from "../core/environment.js";
import { isJsonObject } from "../core/json-object.js";
import {
  checkShape,
  parseJsonText,
  plainJson,
  writeJsonFile,
  type FileCheck,
  type FileKind,
} from "./json-file.js";
import { rewriteJson } from "./json-text.js";
import { rewriteYaml } from "./yaml-text.js";
import { readYaml } from "./yaml-document.js";

export type EnvironmentFormat = "json" | "yaml";

/** The files a folder of environments may hold, by the end of their names; new ones are written as the first. */
export const ENVIRONMENT_FILES = [
  fileKind(".postman_environment.json", "json"),
  fileKind(".postman_globals.json", "json"),
  fileKind(".environment.yaml", "yaml"),
  fileKind(".environment.yml", "yaml"),
  // What people rename exports to.
  plainJson(fileKind(".json", "json"), (document) => {
    const inner = unwrap(document);
    return isJsonObject(inner) && Array.isArray(inner["values"]);
  }),
] as const;

/** Postman's API says `{"environment": {...}}` where an export holds the inner object alone. */
const WRAPPER = "environment";

export function environmentFormatOf(path: string): EnvironmentFormat {
  return /\.ya?ml$/i.test(path) ? "yaml" : "json";
}

/** Reads a file's text and reports every problem of it, those of syntax with line and column. */
export function readEnvironmentFile(
  text: string,
  format: EnvironmentFormat,
): FileCheck<EnvironmentDocument> {
  const parsed = format === "yaml" ? parseYaml(text) : parseJsonText(text);
  return parsed.ok ? checkShape(environmentDocumentSchema, unwrap(parsed.document)) : parsed;
}

/**
 * The text for a document. Over a text that stands already only what differs is written anew, wrapper and comments stay;
 * without one, JSON has tabs and YAML two spaces, as Postman exports them.
 */
function writeEnvironmentFile(
  standing: string | null,
  document: EnvironmentDocument,
  format: EnvironmentFormat,
): string {
  if (format === "yaml") return rewriteYaml(standing ?? "", document);
  if (standing === null) return writeJsonFile(null, document);
  const parsed = parseJsonText(standing);
  return rewriteJson(standing, document, parsed.ok && isWrapped(parsed.document) ? [WRAPPER] : []);
}

function fileKind(suffix: string, format: EnvironmentFormat): FileKind<EnvironmentDocument> {
  return {
    suffix,
    read: (text) => readEnvironmentFile(text, format),
    write: (standing, document) => writeEnvironmentFile(standing, document, format),
  };
}

function parseYaml(text: string): FileCheck<unknown> {
  const read = readYaml("", new TextEncoder().encode(text));
  // An empty file is an empty environment.
  return read.ok ? { ok: true, document: read.document ?? {} } : read;
}

function unwrap(document: unknown): unknown {
  return isWrapped(document) ? document[WRAPPER] : document;
}

function isWrapped(document: unknown): document is Readonly<Record<string, unknown>> {
  return (
    isJsonObject(document) && isJsonObject(document[WRAPPER]) && document["values"] === undefined
  );
}
