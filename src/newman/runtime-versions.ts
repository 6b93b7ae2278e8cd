/** Which versions of the packages that run collections are installed, and which ones this program knows from within. */

import { createRequire } from "node:module";
import { z } from "zod";

/** With others sandboxes boot the plain way, which is slower and does the same. */
const KNOWN_VERSIONS = [
  ["postman-runtime", "7.56.1"],
  ["postman-sandbox", "6.7.4"],
  ["uvm", "4.0.2"],
] as const;

export interface PackageVersion {
  readonly name: string;
  readonly known: string;
  /** Null where it is not found. */
  readonly installed: string | null;
}

/** As Newman finds them. */
export function runtimeVersions(): readonly PackageVersion[] {
  const require = requireOf(["newman", "postman-runtime", "postman-sandbox"]);
  return KNOWN_VERSIONS.map(([name, known]) => ({
    name,
    known,
    installed: versionOf(require, name),
  }));
}

export function newmanVersion(): string | null {
  return versionOf(createRequire(import.meta.url), "newman");
}

/** `require` as the last of these packages has it, each found from the one before. */
export function requireOf(packages: readonly string[]): NodeJS.Require {
  return packages.reduce(
    (require, name) => createRequire(require.resolve(name)),
    createRequire(import.meta.url),
  );
}

function versionOf(require: NodeJS.Require, name: string): string | null {
  const manifest = z.looseObject({ version: z.string() });
  try {
    return manifest.parse(require(`${name}/package.json`)).version;
  } catch {
    return null;
  }
}
