/** Flags of `newman run` that are about output or that Turnpike cannot honour: none of them is taken and then ignored. */

import { Option, type Command } from "commander";
import { refusal } from "../core/errors.js";
import { ANSI, PLAIN } from "../reports/palette.js";
import type { Terminal } from "./terminal.js";

export interface OutputFlags {
  readonly suppressExitCode: boolean | undefined;
  readonly silent: boolean | undefined;
  readonly color: "auto" | "on" | "off";
}

/** When you change it, change the table in README.md; a test compares the two. */
export const REFUSED_FLAGS: Readonly<Record<string, string>> = {
  "--reporters": "reports are written with --report format=file",
  "--verbose": "every request is shown anyway; the html and json reports hold the details",
  "--disable-unicode": "the terminal report has one form; the junit and json reports have no marks",
  "--postman-api-key": "nothing is fetched from Postman; export the collection to a file",
};

export function addNewmanFlags(command: Command): void {
  command
    .option("-x, --suppress-exit-code", "exit with 0 whatever the verdict")
    .option("--silent", "write reports only, and nothing to the terminal")
    .addOption(
      new Option("--color <when>", "colour the terminal")
        .choices(["auto", "on", "off"])
        .default("auto"),
    );
  for (const [flag, why] of Object.entries(REFUSED_FLAGS)) {
    // The value is optional here, so that the refusal comes first.
    command.addOption(new Option(`${flag} [value]`).hideHelp());
    command.on(`option:${flag.slice(2)}`, () => {
      throw refusal("INVALID_REQUEST", "the command", [{ path: flag, message: why }]);
    });
  }
}

/** The terminal as these flags ask for it. */
export function terminalOf(terminal: Terminal, { silent, color }: OutputFlags): Terminal {
  const palette = color === "on" ? ANSI : PLAIN;
  const quiet = { result: () => undefined, progress: () => undefined };
  return {
    ...terminal,
    ...(color === "auto" ? {} : { resultPalette: palette, progressPalette: palette }),
    ...(silent === true ? quiet : {}),
  };
}
