/** `turnpike plan validate`: everything that is wrong with a plan, at once, without running it. */

import type { Command } from "commander";
import { formatProblem, TurnpikeError } from "../core/errors.js";
import { EXIT } from "../core/exit-code.js";
import { countOf } from "../reports/wording.js";
import { addConfigFlags, configOf, type CommandContext } from "./context.js";
import { addForecastCommands } from "./command-plan-forecast.js";
import { loadPlanByName } from "./subject.js";

export function addPlanCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const plan = program.command("plan").description("look at plans");
  addForecastCommands(plan, context);
  const validate = plan
    .command("validate")
    .argument("[plans...]", "ids or paths; all plans of the collections folder without one")
    .description("check plans and name every problem of them; exits 2 when there is one");
  addConfigFlags(validate, ["collectionsDirectory", "environmentsDirectory"]);
  validate.action(async (names: readonly string[], options: Readonly<Record<string, unknown>>) => {
    const files = await context.openPlans(configOf(context, options).config, "checked");
    const chosen = names.length > 0 ? names : await files.list();
    if (chosen.length === 0) {
      throw new TurnpikeError(
        "NOT_FOUND",
        "there is no plan to check; a plan is a folder collections/<plan>/ with a plan.yaml",
      );
    }
    for (const name of chosen) if (!(await validateOne(context, files, name))) end(EXIT.usage);
  });
}

type PlanFiles = Awaited<ReturnType<CommandContext["openPlans"]>>;

/** Prints what is right or wrong with one plan; true when it is valid. */
async function validateOne(
  { terminal }: CommandContext,
  files: PlanFiles,
  name: string,
): Promise<boolean> {
  const { green, red } = terminal.resultPalette;
  try {
    const { plan } = await loadPlanByName(files, name);
    const tasks = plan.nodes.filter(({ kind }) => kind === "task").length;
    const checkpoints = plan.nodes.length - tasks;
    terminal.result(
      `${green("valid")}   ${name}: ${countOf(tasks, "task")}, ${countOf(checkpoints, "checkpoint")}`,
    );
    return true;
  } catch (error) {
    if (!(error instanceof TurnpikeError)) throw error;
    terminal.result(`${red("invalid")} ${name}: ${error.message}`);
    for (const problem of error.problems) terminal.result(`  ${formatProblem(problem)}`);
    return false;
  }
}
