/** Holds README.md to the program: its commands, tables and keys are those there are. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import test from "node:test";
import { REFUSED_FLAGS } from "../src/cli/newman-flags.js";
import { CONFIG_KEYS, keyNames } from "../src/core/config.js";
import { ERROR_KINDS } from "../src/core/errors.js";
import { EXIT } from "../src/core/exit-code.js";
import { planSchemas } from "../src/core/plan-document.js";
import { REPORT_FORMATS } from "../src/reports/formats.js";
import { PLAIN } from "../src/reports/palette.js";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** Rows of the table under a header line, each as its cells. */
function tableUnder(header: string, text = readme): string[][] {
  const at = text.indexOf(`${header}\n`);
  assert.ok(at >= 0, `no table "${header}"`);
  const [, , ...lines] = text.slice(at).split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines.slice(0, end).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll("\\|", "|")),
  );
}

function names(rows: readonly (readonly string[])[]): string[] {
  return rows.flatMap(([cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""),
  );
}

test("the configuration table shows every key with its variable, flag, default and meaning", () => {
  const expected = keyNames().map((name) => {
    const { variable, flag, hasFlag, description, schema, show } = CONFIG_KEYS[name];
    const byDefault: unknown = schema.parse(undefined);
    return [
      `\`${name}\``,
      `\`${variable}\``,
      hasFlag ? `\`${flag}\`` : "-",
      byDefault === undefined ? "-" : `\`${show(byDefault)}\``,
      description,
    ];
  });
  assert.ok(expected.length > 10);
  assert.deepEqual(tableUnder("| key | variable | flag | default | meaning |"), expected);
});

test("the table of Newman's flags says of each that is refused what to do instead", () => {
  assert.deepEqual(
    tableUnder("| flag of Newman's | instead |"),
    Object.entries(REFUSED_FLAGS).map(([flag, why]) => [`\`${flag}\``, why]),
  );
});

test("the troubleshooting table knows every error code and says what to do", () => {
  const rows = tableUnder("| code | what to do |");
  assert.deepEqual(names(rows), Object.keys(ERROR_KINDS));
  for (const [code, remedy = ""] of rows)
    assert.ok(remedy.length > 10, `${code ?? ""} has no remedy`);
});

test("the tables of exit codes, report formats and task keys are complete", () => {
  assert.deepEqual(
    tableUnder("| code | meaning |").map(([code]) => Number(code)),
    Object.values(EXIT),
  );
  assert.deepEqual(
    names(tableUnder("| format | for |")).sort(),
    Object.keys(REPORT_FORMATS).sort(),
  );
  assert.deepEqual(
    names(tableUnder("| key | meaning |").map(([cell = ""]) => [cell])).sort(),
    Object.keys(planSchemas.task.shape).sort(),
  );
});

test("a missing row would be noticed", () => {
  const [first] = tableUnder("| code | what to do |");
  const without = readme.replace(`| ${(first ?? []).join(" | ")} |\n`, "");
  assert.notDeepEqual(
    names(tableUnder("| code | what to do |", without)),
    Object.keys(ERROR_KINDS),
  );
});

test("every npm command of the README is a script of package.json", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const used = [...readme.matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g)].map(
    ([, run, direct]) => run ?? direct ?? "",
  );
  assert.ok(used.length >= 3);
  assert.deepEqual(
    used.filter((script) => !(script in scripts)),
    [],
  );
});

test("every turnpike command and flag of the README exists", async () => {
  const { runProgram } = await import("../src/cli/program.js");
  const helpOf = async (args: readonly string[]): Promise<string> => {
    const lines: string[] = [];
    const terminal = {
      result: (line: string) => void lines.push(line),
      progress: (line: string) => void lines.push(line),
    };
    const refuse = (): never => {
      throw new Error("help runs nothing");
    };
    const context = {
      version: "0",
      terminal: {
        ...terminal,
        resultPalette: PLAIN,
        progressPalette: PLAIN,
        unread: new AbortController().signal,
      },
      loadConfig: refuse,
      openPlans: refuse,
      openEnvironments: refuse,
      openVault: refuse,
      examine: refuse,
      input: process.stdin,
      findService: refuse,
      open: refuse,
      openWorker: refuse,
      onSignal: refuse,
      exit: refuse,
    };
    await runProgram(context, ["node", "turnpike", ...args, "--help"]);
    return lines.join("\n");
  };
  const commands = [...readme.matchAll(/^npx turnpike (.+)$/gm)].map((match) => match[1] ?? "");
  assert.ok(commands.length >= 3);
  for (const command of commands) {
    const words = command.split(" ");
    const outer = await helpOf(words.slice(0, 1));
    const name = words.slice(0, /^Usage: .* \[command\]$/m.test(outer) ? 2 : 1);
    const help = await helpOf(name);
    assert.match(help, new RegExp(`^Usage: turnpike ${name.join(" ")} `), command);
    for (const flag of words.filter((word) => /^--?[a-z]/.test(word)))
      assert.ok(new RegExp(`(?:^|[\\s,])${flag}\\b`, "m").test(help), `${flag} in "${command}"`);
  }
});
