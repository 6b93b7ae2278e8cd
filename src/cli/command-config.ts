/** `turnpike config show`: the configuration in force and where each value comes from. */

import type { Command } from "commander";
import { CONFIG_KEYS } from "../core/config.js";
import { maskValues } from "../core/resolve-config.js";
import { addConfigFlags, configOf, type CommandContext } from "./context.js";

export function addConfigCommand(program: Command, context: CommandContext): void {
  const config = program.command("config").description("show the configuration");
  const show = config
    .command("show")
    .description("print every key with its value and where it comes from; secrets are masked")
    .option("--json", "as JSON");
  addConfigFlags(show).action((options: Readonly<Record<string, unknown>>) => {
    const values = maskValues(configOf(context, options).values);
    if (options["json"] === true) {
      context.terminal.result(JSON.stringify({ values }, null, 2));
      return;
    }
    const width = Math.max(...values.map(({ key }) => key.length));
    for (const { key, value, source } of values) {
      const shown = value === undefined ? "-" : CONFIG_KEYS[key].show(value);
      context.terminal.result(
        `${key.padEnd(width)}  ${shown}  ${context.terminal.resultPalette.dim(`(${source})`)}`,
      );
    }
  });
}
