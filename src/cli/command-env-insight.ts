/** `turnpike env explain`, `diff` and `lint`: why a variable has its value, how environments differ, what is likely wrong. */

import type { Command } from "commander";
import type { Difference } from "../core/environment-diff.js";
import type { Step } from "../core/environment-explain.js";
import { EXIT } from "../core/exit-code.js";
import type { CommandContext, EnvironmentFiles } from "./context.js";
import { collectPair } from "./flag-values.js";
import type { Palette } from "../reports/palette.js";

type Options = Readonly<Record<string, unknown>>;

export function addEnvInsightCommands(
  add: (name: string, description: string) => Command,
  {
    context,
    open,
    end,
  }: {
    readonly context: CommandContext;
    readonly open: (options: Options) => Promise<EnvironmentFiles>;
    readonly end: (code: number) => void;
  },
): void {
  const { terminal } = context;
  const palette = terminal.resultPalette;

  add("explain <layers...>", "say which layer gives a variable its value, what it hides, and why")
    .requiredOption("--var <key>", "the variable")
    .option("--env-var <key=value>", "an override, as a run would get it", collectPair, {})
    .option("--json", "as JSON")
    .action(async (layers: readonly string[], options: Options) => {
      const { manager } = await open(options);
      const explanation = await manager.explain({
        layers,
        variables: options["envVar"] as Readonly<Record<string, string>>,
        key: String(options["var"]),
      });
      if (options["json"] === true) return terminal.result(JSON.stringify(explanation, null, 2));
      const { key, from, value, steps } = explanation;
      terminal.result(
        from === null
          ? `${key} has no value here${key === "base_url" ? "; the service gives its own URL to a run" : ""}`
          : `${key} = ${shown(value)}  ${palette.dim(`from ${from}`)}`,
      );
      for (const step of steps) terminal.result(`  ${describeStep(step, palette)}`);
    });

  add("diff <left> <right>", "compare two environments; exits 1 when they differ")
    .option("--json", "as JSON")
    .action(async (left: string, right: string, options: Options) => {
      const { manager } = await open(options);
      const differences = await manager.diff(left, right);
      if (options["json"] === true)
        terminal.result(JSON.stringify({ left, right, differences }, null, 2));
      else
        for (const line of differences.map((difference) =>
          describeDifference(difference, { left, right }),
        ))
          terminal.result(line);
      if (differences.length > 0) end(EXIT.failed);
      else terminal.progress(`${left} and ${right} have the same variables`);
    });

  add(
    "lint [names...]",
    "name what is likely wrong; all environments without a name; exits 1 on an error",
  )
    .option("--json", "as JSON")
    .action(async (given: readonly string[], options: Options) => {
      const { environments, manager } = await open(options);
      const names = given.length > 0 ? given : (await environments.list()).map(({ name }) => name);
      const linted = await Promise.all(
        names.map(async (name) => ({ name, findings: await manager.lint(name) })),
      );
      if (options["json"] === true) terminal.result(JSON.stringify(linted, null, 2));
      for (const { name, findings } of options["json"] === true ? [] : linted) {
        for (const { severity, path, rule, message, suggestedAction } of findings) {
          const mark = severity === "error" ? palette.red("error  ") : palette.yellow("warning");
          terminal.result(
            `${mark} ${name} ${path}: ${message} (${suggestedAction}) ${palette.dim(rule)}`,
          );
        }
      }
      const all = linted.flatMap(({ findings }) => findings);
      if (all.some(({ severity }) => severity === "error")) end(EXIT.failed);
      if (all.length === 0) terminal.progress(`nothing to say about ${names.join(", ")}`);
    });
}

function describeStep({ layer, place, value, effect }: Step, palette: Palette): string {
  const where = place === null ? layer : `${layer} ${palette.dim(place)}`;
  switch (effect.kind) {
    case "wins":
      return `${palette.green("wins")}      ${where}: ${shown(value)}`;
    case "hidden":
      return `hidden    ${where}: ${shown(value)}, because ${effect.by} is laid over it`;
    case "disabled":
      return `disabled  ${where}: ${shown(value)}, which does not count`;
    case "doubled":
      return `doubled   ${where}: ${shown(value)}, because ${effect.by} has the same key and comes later`;
  }
}

function describeDifference(
  difference: Difference,
  names: { readonly left: string; readonly right: string },
): string {
  const { key } = difference;
  switch (difference.kind) {
    case "missing":
      return `${key}: missing in ${names[difference.in]}${difference.secret ? " (a secret)" : ""}`;
    case "differs":
      return difference.secret
        ? `${key}: the secrets differ`
        : `${key}: ${shown(difference.left)} in ${names.left}, ${shown(difference.right)} in ${names.right}`;
    case "secrecy":
      return `${key}: the same value, but a secret only in ${names[difference.secretIn]}`;
  }
}

/** A value on one line. */
export function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
