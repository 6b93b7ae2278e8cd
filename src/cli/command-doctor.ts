/** `turnpike doctor`: what is in order, what is not, and what to do about it. */

import type { Command } from "commander";
import { formatProblem, TurnpikeError } from "../core/errors.js";
import { EXIT } from "../core/exit-code.js";
import { failed, type Finding } from "../core/finding.js";
import type { Palette } from "../reports/palette.js";
import { addConfigFlags, configOf, type CommandContext } from "./context.js";

type Options = Readonly<Record<string, unknown>>;

export function addDoctorCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const { terminal } = context;
  const doctor = program
    .command("doctor")
    .description("look at configuration, stores, plans and targets; exits 3 when something fails")
    .option("--json", "as JSON");
  addConfigFlags(doctor).action(async (options: Options) => {
    const findings = await examine(context, options);
    const count = (state: Finding["state"]): number =>
      findings.filter((finding) => finding.state === state).length;
    if (options["json"] === true) terminal.result(JSON.stringify({ findings }, null, 2));
    else {
      const width = Math.max(...findings.map(({ part }) => part.length));
      for (const finding of findings)
        for (const line of linesOf(finding, width, terminal.resultPalette)) terminal.result(line);
      terminal.result(
        `${String(count("ok"))} ok, ${String(count("warn"))} to look at, ${String(count("fail"))} failed`,
      );
    }
    if (count("fail") > 0) end(EXIT.errored);
  });
}

/** A configuration that cannot be read is a finding like any other, and the last one. */
async function examine(context: CommandContext, options: Options): Promise<readonly Finding[]> {
  let loaded;
  try {
    loaded = configOf(context, options);
  } catch (error) {
    if (!(error instanceof TurnpikeError)) throw error;
    const remedy = "correct it; `turnpike config show` prints what is in force";
    const { message, problems } = error;
    return problems.length === 0
      ? [failed("configuration", message, remedy)]
      : problems.map((problem) => {
          const { suggestedAction = remedy, ...rest } = problem;
          return failed("configuration", formatProblem(rest), suggestedAction);
        });
  }
  return context.examine(loaded.config);
}

function linesOf(
  { part, state, text, remedy }: Finding,
  width: number,
  palette: Palette,
): string[] {
  const marks = {
    ok: palette.green("✓"),
    warn: palette.yellow("!"),
    fail: palette.red("✗"),
  };
  const line = `${marks[state]} ${part.padEnd(width)}  ${text}`;
  return remedy === null
    ? [line]
    : [line, `${" ".repeat(width + 4)}${palette.dim(`-> ${remedy}`)}`];
}
