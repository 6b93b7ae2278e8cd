/** The variables and cookies a run ends with, and the jar of cookies one begins with. */

import { createRequire } from "node:module";
import type { ExportName, Exports } from "../core/exports.js";
import type { CookieJar, NewmanSummary } from "./newman.js";

interface CookieJars {
  new (store: undefined, options: { readonly looseMode: boolean }): CookieJar;
  fromJSON(text: string): CookieJar;
}

/** A jar for Newman's `cookieJar`, filled from a file of its `--export-cookie-jar`. Throws for a text that is none. */
export function openCookieJar(text: string | null): CookieJar {
  const jars = loadCookieJars();
  // Loose as Newman's own jar is; one read from a file is what Newman reads from it.
  return text === null ? new jars(undefined, { looseMode: true }) : jars.fromJSON(text);
}

/** What was asked for, as plain JSON. */
export function exportScopes(
  summary: NewmanSummary | undefined,
  names: readonly ExportName[],
  jar: CookieJar | null,
): Exports {
  const exported: { [Name in ExportName]?: unknown } = {};
  for (const name of names) {
    const scope = name === "cookie-jar" ? jar : summary?.[name];
    if (scope !== undefined && scope !== null) exported[name] = scope.toJSON();
  }
  return exported;
}

/** The environment wins over the globals, as it does in scripts. */
export function outputsOf(
  summary: NewmanSummary | undefined,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  const entries = names.flatMap((name) => {
    const scope = [summary?.environment, summary?.globals].find((each) => each?.has(name));
    const value = scope?.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

/** Newman takes only a jar of its own copy of the package. */
function loadCookieJars(): CookieJars {
  const require = createRequire(import.meta.url);
  const requireBesideNewman = createRequire(require.resolve("newman"));
  const tough: unknown = requireBesideNewman("@postman/tough-cookie");
  if (
    typeof tough !== "object" ||
    tough === null ||
    !("CookieJar" in tough) ||
    !isJars(tough.CookieJar)
  )
    throw new Error("Newman's package of cookies has no CookieJar");
  return tough.CookieJar;
}

function isJars(value: unknown): value is CookieJars {
  return typeof value === "function" && "fromJSON" in value;
}
