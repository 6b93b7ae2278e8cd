/** The command line: commands, flags, help, and how every ending becomes an exit code. */

import { Command, CommanderError } from "commander";
import { formatProblem, TurnpikeError } from "../core/errors.js";
import { EXIT } from "../core/exit-code.js";
import { addCleanupCommand } from "./command-cleanup.js";
import { addCollectionCommand } from "./command-collection.js";
import { addConfigCommand } from "./command-config.js";
import { addDataCommand } from "./command-data.js";
import { addDoctorCommand } from "./command-doctor.js";
import { addEnvCommand } from "./command-env.js";
import { addPauseCommands } from "./command-pause.js";
import { addPlanCommand } from "./command-plan.js";
import { addRunCommand } from "./command-run.js";
import { addRunsCommands } from "./command-runs.js";
import { addServeCommand } from "./command-serve.js";
import { addRerunCommand, addTriggerCommand } from "./command-trigger.js";
import { addVaultCommand } from "./command-vault.js";
import { addWorkerCommand } from "./command-worker.js";
import { addScheduleCommands } from "./command-schedule.js";
import { addWorkersCommand } from "./command-workers.js";
import type { CommandContext } from "./context.js";

/** Runs the command line and answers the exit code; it never throws. */
export async function runProgram(
  context: CommandContext,
  argv: readonly string[],
): Promise<number> {
  const { terminal } = context;
  let exitCode: number = EXIT.passed;
  const program = new Command("turnpike")
    .description(
      "Runs plans of Postman collections in parallel, with checkpoints that verify the evidence.",
    )
    .version(context.version, "-V, --version")
    .showHelpAfterError("(run with --help for the commands and flags)")
    .configureOutput({
      writeOut: (text) => {
        terminal.result(text.trimEnd());
      },
      writeErr: (text) => {
        terminal.progress(text.trimEnd());
      },
    })
    .exitOverride();
  const end = (code: number): void => {
    exitCode = code;
  };
  addRunCommand(program, context, end);
  addServeCommand(program, context, end);
  addTriggerCommand(program, context, end);
  addRerunCommand(program, context, end);
  addRunsCommands(program, context, end);
  addWorkerCommand(program, context, end);
  addWorkersCommand(program, context, end);
  addPauseCommands(program, context);
  addCleanupCommand(program, context, end);
  addScheduleCommands(program, context);
  addPlanCommand(program, context, end);
  addCollectionCommand(program, context);
  addEnvCommand(program, context, end);
  addVaultCommand(program, context);
  addConfigCommand(program, context);
  addDataCommand(program, context);
  addDoctorCommand(program, context, end);
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    return explain(context, error);
  }
}

/** Says what went wrong, in full, and answers the exit code for it. */
function explain({ terminal }: CommandContext, error: unknown): number {
  const { red, dim } = terminal.progressPalette;
  if (error instanceof CommanderError) {
    // Help and version end with 0; everything else commander objects to is wrong usage, which it has printed.
    return error.exitCode === 0 ? EXIT.passed : EXIT.usage;
  }
  if (error instanceof TurnpikeError) {
    terminal.progress(`${red("error")} ${error.message} ${dim(`[${error.code}]`)}`);
    for (const problem of error.problems) terminal.progress(`  ${formatProblem(problem)}`);
    return error.exitCode;
  }
  terminal.progress(
    `${red("error")} Turnpike itself failed; this is a bug, please report it with the lines below [INTERNAL]`,
  );
  terminal.progress(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.errored;
}
