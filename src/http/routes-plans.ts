/** The plans there are. */

import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import type { Plan } from "../core/plan.js";
import type { PlanSource } from "../core/ports.js";
import { problemItemSchema, refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

const listedPlanSchema = z
  .strictObject({
    id: z.string(),
    title: z.string().optional(),
    valid: z.boolean(),
    tasks: z.int().optional(),
    checkpoints: z.int().optional(),
    problems: z.array(problemItemSchema).optional(),
  })
  .describe("A plan that is not valid is listed with its problems.");

const planDocumentSchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    title: z.string(),
    environment: z.array(z.string()).describe("Layers of a run that names none."),
    nodes: z.array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(["task", "checkpoint"]),
        title: z.string(),
        needs: z.array(z.string()),
        timeoutMs: z.number(),
        collection: z.string().optional(),
        environment: z
          .array(z.string())
          .nullable()
          .optional()
          .describe("Layers of this task alone; null means those of the run."),
      }),
    ),
  })
  .meta({ id: "Plan" });

export function addPlanRoutes(app: App, { service }: RouteContext): void {
  app.get(
    "/v1/plans",
    {
      schema: {
        operationId: "listPlans",
        summary: "Lists the plans, also those that are not valid",
        tags: ["plans"],
        response: { 200: z.strictObject({ plans: z.array(listedPlanSchema) }), ...refusals() },
      },
    },
    async () => {
      const ids = await service.plans.list();
      return { plans: await Promise.all(ids.map((id) => listPlan(service.plans, id))) };
    },
  );

  app.get(
    "/v1/plans/:id",
    {
      schema: {
        operationId: "getPlan",
        summary: "Shows a plan with its nodes",
        tags: ["plans"],
        params: z.strictObject({ id: z.string() }),
        response: { 200: planDocumentSchema, ...refusals("NOT_FOUND", "INVALID_PLAN") },
      },
    },
    async ({ params }) => {
      const { id, plan } = await service.plans.load(params.id);
      return planDocument(id, plan);
    },
  );
}

async function listPlan(plans: PlanSource, id: string): Promise<z.infer<typeof listedPlanSchema>> {
  try {
    const { plan } = await plans.load(id);
    const tasks = plan.nodes.filter(({ kind }) => kind === "task").length;
    return { id, title: plan.title, valid: true, tasks, checkpoints: plan.nodes.length - tasks };
  } catch (error) {
    if (!(error instanceof TurnpikeError)) throw error;
    const problems =
      error.problems.length > 0 ? [...error.problems] : [{ path: "", message: error.message }];
    return { id, valid: false, problems };
  }
}

function planDocument(id: string, plan: Plan): z.infer<typeof planDocumentSchema> {
  return {
    id,
    name: plan.name,
    title: plan.title,
    environment: [...plan.environment],
    nodes: plan.nodes.map((node) => ({
      id: node.id,
      kind: node.kind,
      title: node.title,
      needs: [...node.needs],
      timeoutMs: node.timeoutMs,
      ...(node.kind === "task"
        ? {
            collection: node.collection,
            environment: node.environment === null ? null : [...node.environment],
          }
        : {}),
    })),
  };
}
