/** The flags `--export-…` and `--cookie-jar`, named as Newman's: what a collection leaves behind, as files. */

import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { TurnpikeError } from "../core/errors.js";
import { EXPORT_NAMES, exportDocument, type ExportName, type Exports } from "../core/exports.js";
import { isJsonObject } from "../core/json-object.js";
import type { Terminal } from "./terminal.js";

export interface ExportFlags {
  readonly exportEnvironment: string | undefined;
  readonly exportGlobals: string | undefined;
  readonly exportCollection: string | undefined;
  readonly exportCookieJar: string | undefined;
  readonly cookieJar: string | undefined;
}

/** Where each export that was asked for goes. */
export type ExportTargets = ReadonlyMap<ExportName, string>;

export function addExportFlags(command: Command): void {
  command
    .option("--export-environment <file>", "write the environment as the scripts left it")
    .option("--export-globals <file>", "write the globals as the scripts left them")
    .option("--export-collection <file>", "write the collection as it was run")
    .option("--cookie-jar <file>", "begin with the cookies of an exported jar")
    .option("--export-cookie-jar <file>", "write the cookies at the end");
}

export function exportTargets(flags: ExportFlags): ExportTargets {
  const files: Readonly<Record<ExportName, string | undefined>> = {
    environment: flags.exportEnvironment,
    globals: flags.exportGlobals,
    collection: flags.exportCollection,
    "cookie-jar": flags.exportCookieJar,
  };
  const targets = new Map<ExportName, string>();
  for (const name of EXPORT_NAMES) {
    const file = files[name];
    if (file !== undefined) targets.set(name, file);
  }
  return targets;
}

/** The text of a cookie jar, checked. */
export async function readCookieJar(file: string): Promise<string> {
  const fault = `the cookie jar ${file} cannot be used: `;
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new TurnpikeError("NOT_FOUND", `${fault}the file cannot be read; check the path`, {
      cause,
    });
  });
  const jar = parse(text);
  if (isJsonObject(jar) && Array.isArray(jar["cookies"])) return text;
  throw new TurnpikeError(
    "INVALID_REQUEST",
    `${fault}it is not JSON with a list "cookies", as --export-cookie-jar writes it`,
  );
}

/** Writes what came, and says for each target where it is or why it is not there. Only the owner may read the files: they hold values in clear. */
export async function writeExports(
  { result, progress }: Pick<Terminal, "result" | "progress">,
  targets: ExportTargets,
  from: { readonly exports: Exports | undefined; readonly by: string; readonly now: Date },
): Promise<void> {
  for (const [name, file] of targets) {
    const content = from.exports?.[name];
    if (content === undefined) {
      progress(`${file} is not written: the run was ended before there was a last ${name} to keep`);
      continue;
    }
    const document = exportDocument(name, content, {
      exportedAt: from.now.toISOString(),
      exportedUsing: from.by,
    });
    const path = resolve(file);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 });
      // A file that was there already keeps its mode otherwise.
      await chmod(path, 0o600);
    } catch (cause) {
      throw new TurnpikeError(
        "INVALID_REQUEST",
        `the ${name} cannot be written to ${file}; check the path given with --export-${name}`,
        { cause },
      );
    }
    result(`${name} ${file}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
