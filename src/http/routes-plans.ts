/** The plans there are. */

import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import { planExplanationSchema } from "../core/forecast.js";
import type { Plan } from "../core/plan.js";
import type { PlanSource } from "../core/ports.js";
import { requireSchema } from "../core/requirement.js";
import { retriesNodeSchema } from "../core/retries.js";
import { planAsMermaid, planAsSvg } from "../reports/plan-graph.js";
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
    timeoutMs: z.number().optional().describe("Limit of a whole run."),
    parallel: z.int().optional().describe("Tasks of a run at once."),
    staggerMs: z.number().optional().describe("Between the starts of two tasks of a run."),
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
        folder: z.array(z.string()).optional(),
        exclude: z.array(z.string()).optional(),
        retries: retriesNodeSchema.optional(),
        always: z.boolean().optional().describe("A clean-up task."),
        priority: z.int().optional(),
        lock: z.array(z.string()).optional().describe("Tasks that share one never overlap."),
        outputs: z.array(z.string()).optional().describe("Variables handed to later tasks."),
        runsOn: z.array(z.string()).optional().describe("Labels a worker must carry."),
        shards: z.union([z.literal("auto"), z.int()]).optional(),
        require: requireSchema
          .optional()
          .describe("What a checkpoint asks where it does not ask that all have passed."),
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
        summary:
          "Shows a plan with its nodes, as a run executes them: included plans and matrices are expanded",
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

  app.get(
    "/v1/plans/:id/explain",
    {
      schema: {
        operationId: "explainPlan",
        summary:
          "Phases, critical path, cost of each checkpoint and predicted time, from history, and the data a run would have generated",
        tags: ["plans"],
        params: z.strictObject({ id: z.string() }),
        response: { 200: planExplanationSchema, ...refusals("NOT_FOUND", "INVALID_PLAN") },
      },
    },
    ({ params }) => service.explainPlan(params.id),
  );

  for (const { name, mediaType, draw } of PICTURES) {
    app.get(
      `/v1/plans/:id/graph.${name}`,
      {
        schema: {
          operationId: `drawPlan${name.charAt(0).toUpperCase()}${name.slice(1)}`,
          summary: `A plan as a picture: ${mediaType}`,
          tags: ["plans"],
          params: z.strictObject({ id: z.string() }),
          response: {
            200: { description: "The picture", content: { [mediaType]: { schema: z.string() } } },
            ...refusals("NOT_FOUND", "INVALID_PLAN"),
          },
        },
      },
      async ({ params }, reply) => {
        const { plan } = await service.plans.load(params.id);
        // A picture opened by its address is a document of this origin, and titles come from files.
        void reply.header("content-security-policy", PICTURE_POLICY);
        return reply.type(`${mediaType}; charset=utf-8`).send(draw(plan));
      },
    );
  }
}

const PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
const PICTURES = [
  { name: "mmd", mediaType: "text/plain", draw: planAsMermaid },
  { name: "svg", mediaType: "image/svg+xml", draw: planAsSvg },
] as const;

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
    timeoutMs: plan.timeoutMs,
    parallel: plan.parallel,
    staggerMs: plan.staggerMs,
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
            folder: [...node.folder],
            exclude: [...node.exclude],
            retries: { ...node.retries, on: [...node.retries.on] },
            always: node.always,
            priority: node.priority,
            lock: [...node.lock],
            outputs: [...node.outputs],
            runsOn: [...node.runsOn],
            shards: node.shards,
          }
        : { require: node.require }),
    })),
  };
}
