/** `turnpike plan explain` and `turnpike plan graph`: what a plan will take, and what it looks like. */

import type { Command } from "commander";
import { planExplanationSchema, type PlanExplanation } from "../core/forecast.js";
import { explanationLines } from "../reports/forecast-text.js";
import { planAsMermaid, planAsSvg } from "../reports/plan-graph.js";
import { guessDurations } from "../service/expect-durations.js";
import { explainFolder } from "../service/explain-plan.js";
import { addConfigFlags, configOf, type CommandContext } from "./context.js";
import { addServerFlags, serverOf } from "./server-client.js";
import { loadPlanByName } from "./subject.js";

export function addForecastCommands(plan: Command, context: CommandContext): void {
  const explain = plan
    .command("explain")
    .argument("<plan>", "id or path of a plan; with --server an id the service knows")
    .description(
      "print phases, critical path, what each checkpoint costs, and the predicted time by number of lanes; with --server from the history of that service",
    )
    .option("--json", "as JSON");
  addServerFlags(explain, ["collectionsDirectory"]).action(
    async (name: string, options: Readonly<Record<string, unknown>>) => {
      const { terminal } = context;
      const found = await forecastOf(context, name, options);
      if (options["json"] === true) return terminal.result(JSON.stringify(found, null, 2));
      for (const line of explanationLines(found, terminal.resultPalette)) terminal.result(line);
    },
  );
  const graph = plan
    .command("graph")
    .argument("<plan>", "id or path of a plan")
    .description("print the plan as a Mermaid flowchart, or as an SVG picture")
    .option("--svg", "as SVG");
  addConfigFlags(graph, ["collectionsDirectory"]).action(
    async (name: string, options: Readonly<Record<string, unknown>>) => {
      const files = await context.openPlans(configOf(context, options).config, "unchecked");
      const found = await loadPlanByName(files, name);
      const picture = options["svg"] === true ? planAsSvg(found.plan) : planAsMermaid(found.plan);
      context.terminal.result(picture.trimEnd());
    },
  );
}

/** From the service where one was named and the plan is no path, else from the plan's files alone. */
async function forecastOf(
  context: CommandContext,
  name: string,
  options: Readonly<Record<string, unknown>>,
): Promise<PlanExplanation> {
  const { config } = configOf(context, options);
  const isPath = name.includes("/") || /\.ya?ml$/.test(name);
  if (config.server !== undefined && !isPath) {
    const server = serverOf(context, options);
    return server.read(`/v1/plans/${encodeURIComponent(name)}/explain`, planExplanationSchema);
  }
  const folder = await loadPlanByName(await context.openPlans(config, "unchecked"), name);
  return explainFolder(folder, guessDurations(folder));
}
