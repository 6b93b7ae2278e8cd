/** Holds the structure of src/: who may import whom, which packages stand where, how long a file may be. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import test from "node:test";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const MAX_LINES = 300;

interface Rule {
  /** Folders of src/ whose files it may import, besides its own. */
  readonly folders: readonly string[];
  /** Packages, and `node:` for Node's own modules. */
  readonly packages: readonly string[];
}

/** The files directly in src/ stand as `(root)`. Imports of types alone count as well: they are knowledge, too. */
const RULES: Readonly<Record<string, Rule>> = {
  core: { folders: [], packages: ["zod"] },
  collections: {
    folders: ["core"],
    packages: [
      "node:crypto",
      "node:util",
      "node:vm",
      "acorn",
      "zod",
      "yaml",
      "jsonc-parser",
      "@faker-js/faker",
      "fast-check",
      "postman-collection",
      "csv-parse",
    ],
  },
  reports: { folders: ["core"], packages: ["zod"] },
  service: { folders: ["core", "collections", "reports", "(root)"], packages: ["node:", "zod"] },
  queue: { folders: ["core", "(root)"], packages: ["node:", "bullmq", "ioredis", "zod"] },
  store: {
    folders: ["core", "collections", "(root)"],
    packages: [
      "node:",
      "@electric-sql/pglite",
      "pg",
      "bullmq",
      "yaml",
      "zod",
      "@google-cloud/firestore",
    ],
  },
  newman: {
    folders: ["core", "collections", "(root)"],
    packages: ["node:", "newman", "postman-collection", "zod"],
  },
  http: {
    folders: ["core", "collections", "reports", "service", "(root)"],
    packages: [
      "node:",
      "fastify",
      "fastify-type-provider-zod",
      "@fastify/swagger",
      "zod",
      "bullmq",
      "@bull-board/api",
      "@bull-board/fastify",
    ],
  },
  cli: {
    folders: ["core", "collections", "reports", "service", "(root)"],
    packages: ["node:", "commander", "zod"],
  },
  "(root)": {
    folders: ["core", "collections", "service", "queue", "store", "newman", "http", "cli"],
    packages: ["node:", "pino", "yaml", "zod"],
  },
};

/** Files in src/ itself that the folders may import: the log's and the configuration's types, how certificate files are read, and a clock. */
const ROOT_FILES_FOR_ALL = new Set([
  "src/log.ts",
  "src/config.ts",
  "src/certificates.ts",
  "src/monotonic-clock.ts",
]);
/** Only these files name adapters. */
const COMPOSITION_ROOT = /^src\/wire(?:-[a-z-]+)?\.ts$/;
const ADAPTERS = new Set(["queue", "store", "newman", "http"]);

interface Import {
  readonly file: string;
  readonly target: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

function importsOf(file: string, text: string): Import[] {
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)"/gm),
    ...text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g),
    ...text.matchAll(/^import\s+"([^"]+)"/gm),
  ].map((match) => match[1] ?? "");
  return specifiers.map((specifier) => ({
    file,
    target: specifier.startsWith(".")
      ? relative(root, resolve(root, dirname(file), specifier)).replace(/\.js$/, ".ts")
      : specifier,
  }));
}

function folderOf(file: string): string {
  const [, folder = "", ...rest] = file.split("/");
  return rest.length === 0 ? "(root)" : folder;
}

function violationOf({ file, target }: Import): string | null {
  const folder = folderOf(file);
  const rule = RULES[folder];
  if (rule === undefined) return `${file} stands in a folder that has no rule`;
  if (!target.startsWith("src/")) {
    if (rule.packages.includes(target)) return null;
    const name = target.startsWith("node:")
      ? "node:"
      : target
          .split("/")
          .slice(0, target.startsWith("@") ? 2 : 1)
          .join("/");
    return rule.packages.includes(name) ? null : `${file} may not import the package ${target}`;
  }
  const other = folderOf(target);
  if (folder === "(root)" && ADAPTERS.has(other) && !COMPOSITION_ROOT.test(file)) {
    return `${file} names the adapter ${target}; only src/wire*.ts may`;
  }
  if (other === folder) return null;
  if (!rule.folders.includes(other)) return `${file} may not import ${target}`;
  if (other === "(root)" && !ROOT_FILES_FOR_ALL.has(target))
    return `${file} may not import ${target}`;
  return null;
}

function findCycle(imports: readonly Import[]): string[] | null {
  const next = new Map<string, string[]>();
  for (const { file, target } of imports)
    if (target.startsWith("src/")) next.set(file, [...(next.get(file) ?? []), target]);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const target of next.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle !== null) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of next.keys()) {
    const cycle = visit(file, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

const files = sourceFiles("src");
const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
const imports = [...texts].flatMap(([file, text]) => importsOf(file, text));

test("imports point inwards and packages stay where they belong", (context) => {
  context.diagnostic(`saw ${String(files.length)} files with ${String(imports.length)} imports`);
  assert.ok(files.length > 50 && imports.length > 200, "too little was seen to judge anything");
  assert.deepEqual(
    imports.flatMap((edge) => violationOf(edge) ?? []),
    [],
  );
});

test("a planted import from the core to an adapter is found", () => {
  const planted = importsOf("src/core/plan.ts", 'import { openPglite } from "../store/pglite.js";');
  assert.deepEqual(planted.map(violationOf), [
    "src/core/plan.ts may not import src/store/pglite.ts",
  ]);
  const clock = importsOf("src/core/plan.ts", 'import { readFileSync } from "node:fs";');
  assert.deepEqual(clock.map(violationOf), ["src/core/plan.ts may not import the package node:fs"]);
});

test("no files import each other in a circle", () => {
  assert.equal(findCycle(imports), null);
  assert.deepEqual(
    findCycle([
      { file: "src/a.ts", target: "src/b.ts" },
      { file: "src/b.ts", target: "src/a.ts" },
    ]),
    ["src/a.ts", "src/b.ts", "src/a.ts"],
  );
});

test("the core knows neither clock nor randomness", () => {
  const forbidden = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.[a-z]|\bsetTimeout\(/;
  assert.match("at: Date.now()", forbidden);
  const core = files.filter((file) => file.startsWith("src/core/"));
  assert.ok(core.length > 10);
  assert.deepEqual(
    core.filter((file) => forbidden.test(texts.get(file) ?? "")),
    [],
  );
});

test("no wait rests on a timeout within AbortSignal.any, which Node 20 collects as garbage before it fires", () => {
  const forbidden = /AbortSignal\.any\([^;]*AbortSignal\.timeout/;
  assert.match("AbortSignal.any([signal, AbortSignal.timeout(100)])", forbidden);
  assert.deepEqual(
    files.filter((file) => forbidden.test(texts.get(file) ?? "")),
    [],
    "use an AbortController of your own and setTimeout, as service/bell.ts does",
  );
});

test("files are short, folders two levels deep, and named after a subject", () => {
  const drawers = /(?:^|\/)(?:utils?|helpers?|common|types|shared|misc|lib|index)(?:\/|\.ts$)/;
  assert.match("src/core/utils.ts", drawers);
  const long = [...texts]
    .filter(([, text]) => text.split("\n").length > MAX_LINES + 1)
    .map(([file]) => file);
  assert.deepEqual(long, [], `longer than ${String(MAX_LINES)} lines: split them by subject`);
  assert.deepEqual(
    files.filter((file) => file.split("/").length > 3),
    [],
  );
  assert.deepEqual(
    files.filter((file) => drawers.test(file)),
    [],
  );
});

test("every file says in its first line what lives there", () => {
  const silent = [...texts].filter(([, text]) => !text.startsWith("/**")).map(([file]) => file);
  assert.deepEqual(silent, []);
});
