/** Starting and watching runs. */

import { z } from "zod";
import { durationSchema } from "../core/duration.js";
import { TurnpikeError } from "../core/errors.js";
import { cursorOf } from "../core/run-query.js";
import type { Service, Subject, SubmitRequest } from "../service/service.js";
import { refusals } from "./problem.js";
import {
  historyQuery,
  originSchema,
  printable,
  runParamsSchema,
  runQuerySchema,
  variablesSchema,
} from "./run-query.js";
import type { App, RouteContext } from "./route-context.js";
import {
  runDocument,
  runDocumentSchema,
  runReceipt,
  runReceiptSchema,
  runSummary,
  runSummarySchema,
} from "./run-document.js";
import { preferHeaderSchema, signalOf, waitOf, waitQuerySchema } from "./wait-preference.js";

/** Seconds after which asking again makes sense. */
const RETRY_AFTER = "1";

const runRequestSchema = z
  .strictObject({
    plan: z.string().min(1).optional().describe("Id of a plan."),
    collection: z
      .string()
      .min(1)
      .optional()
      .describe("Name of a collection; it becomes a plan of one task."),
    environment: z
      .union([z.string().min(1), z.array(z.string().min(1)).max(50), z.null()])
      .optional()
      .describe(
        "Name, or layers of which later ones win. Null: no environment. Left out: the plan's own.",
      ),
    variables: variablesSchema,
    timeout: durationSchema
      .optional()
      .describe("Limit of the whole run, such as 90s or 30m; it wins over the plan's own."),
    allowUnresolved: z
      .literal(true)
      .optional()
      .describe("Lets every task send variables that nothing gives a value; the report says so."),
    parallel: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe("Tasks of this run at once. Left out: the plan's own number, or all lanes."),
    trigger: printable
      .max(200)
      .optional()
      .describe("Who asks, for people: the job of a pipeline, a name."),
    ...originSchema.shape,
    supersede: z
      .literal(true)
      .optional()
      .describe("Cancels older runs of the same plan and branch that have not ended."),
  })
  .refine(namesOneSubject, {
    message: "name either a plan or a collection",
    path: ["plan"],
    // Told beside the other problems, not only once they are mended.
    when: ({ value }) => typeof value === "object" && value !== null,
  })
  .refine(({ branch, supersede }) => supersede === undefined || branch !== undefined, {
    message: "only runs of the same branch are superseded; name the branch",
    path: ["branch"],
  })
  .meta({ id: "RunRequest" });

const runHeadersSchema = z.looseObject({
  "idempotency-key": printable
    .max(255)
    .optional()
    .describe("The same key with the same request is the same run, however often it is sent."),
  prefer: preferHeaderSchema,
});

export function addRunRoutes(app: App, context: RouteContext): void {
  addSubmitRoute(app, context);
  addReadRoutes(app, context);
}

function addSubmitRoute(app: App, { service, isDraining, closing }: RouteContext): void {
  app.post(
    "/v1/runs",
    {
      schema: {
        operationId: "submitRun",
        summary: "Starts a run of a plan or of one collection",
        tags: ["runs"],
        querystring: waitQuerySchema,
        headers: runHeadersSchema,
        body: runRequestSchema,
        response: {
          200: runReceiptSchema.describe("The run ended while the caller waited."),
          202: runReceiptSchema.describe("The run is accepted; Location names it."),
          ...refusals(
            "NOT_FOUND",
            "INVALID_PLAN",
            "INVALID_COLLECTION",
            "INVALID_ENVIRONMENT",
            "INVALID_DATA",
            "IDEMPOTENCY_MISMATCH",
            "BODY_TOO_LARGE",
            "UNSUPPORTED_MEDIA_TYPE",
            "DRAINING",
          ),
        },
      },
    },
    async (request, reply) => {
      if (isDraining()) {
        throw new TurnpikeError(
          "DRAINING",
          "no new run is accepted because the service is shutting down; ask again soon",
        );
      }
      const { status } = await service.submitRun(
        submission(request.body, request.headers["idempotency-key"]),
      );
      const receipt = await receiptOf(service, status.run.id);
      void reply.header("location", receipt.links.self);
      const wait = waitOf(request.query, request.headers.prefer);
      const later = (standing: typeof receipt) =>
        reply.code(202).header("retry-after", RETRY_AFTER).send(standing);
      if (wait === null) return later(receipt);
      if (wait.applied !== null) void reply.header("preference-applied", wait.applied);
      const { signal, release } = signalOf(request, closing);
      const view = await service
        .waitForRun(status.run.id, { timeoutMs: wait.timeoutMs, signal })
        .finally(release);
      const standing = runReceipt(view, view.active.length > 0 || view.outcomes.size > 0);
      return view.end === null ? later(standing) : reply.code(200).send(standing);
    },
  );
}

function addReadRoutes(app: App, { service, closing }: RouteContext): void {
  app.get(
    "/v1/runs",
    {
      schema: {
        operationId: "listRuns",
        summary: "Lists runs, newest first",
        tags: ["runs"],
        querystring: runQuerySchema,
        response: {
          200: z.strictObject({
            runs: z.array(runSummarySchema),
            next: z
              .string()
              .nullable()
              .describe("Value of `cursor` for the next page; null on the last."),
          }),
          ...refusals(),
        },
      },
    },
    async ({ query }) => {
      // One more than asked for tells whether there is a next page.
      const found = await service.listRuns({ ...historyQuery(query), limit: query.limit + 1 });
      const page = found.slice(0, query.limit);
      const last = page.at(-1);
      const next = found.length > page.length && last !== undefined ? cursorOf(last.run) : null;
      return { runs: page.map(runSummary), next };
    },
  );

  app.get(
    "/v1/runs/:id",
    {
      schema: {
        operationId: "getRun",
        summary: "Shows a run with its nodes",
        tags: ["runs"],
        params: runParamsSchema,
        querystring: waitQuerySchema,
        headers: z.looseObject({ prefer: preferHeaderSchema }),
        response: { 200: runDocumentSchema, ...refusals("NOT_FOUND") },
      },
    },
    async (request, reply) => {
      const wait = waitOf(request.query, request.headers.prefer);
      if (wait === null) return runDocument(await service.viewRun(request.params.id));
      if (wait.applied !== null) void reply.header("preference-applied", wait.applied);
      const { signal, release } = signalOf(request, closing);
      const view = await service
        .waitForRun(request.params.id, { timeoutMs: wait.timeoutMs, signal })
        .finally(release);
      return runDocument(view);
    },
  );
}

function namesOneSubject({
  plan,
  collection,
}: {
  readonly plan?: unknown;
  readonly collection?: unknown;
}): boolean {
  return (plan === undefined) !== (collection === undefined);
}

function submission(
  body: z.infer<typeof runRequestSchema>,
  idempotencyKey: string | undefined,
): SubmitRequest {
  const { environment, variables, parallel, trigger, timeout, branch, commit, labels, supersede } =
    body;
  return {
    subject: subjectOf(body),
    trigger: trigger ?? "api",
    ...(branch === undefined ? {} : { branch }),
    ...(commit === undefined ? {} : { commit }),
    ...(labels === undefined ? {} : { labels }),
    ...(supersede === undefined ? {} : { supersede: "older" as const }),
    ...(environment === undefined
      ? {}
      : { environment: typeof environment === "string" ? [environment] : environment }),
    ...(variables === undefined ? {} : { variables }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(body.allowUnresolved === undefined ? {} : { allowUnresolved: true }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

function subjectOf({ plan, collection }: z.infer<typeof runRequestSchema>): Subject {
  return collection === undefined
    ? { kind: "plan", id: plan ?? "" }
    : { kind: "collection", name: collection };
}

/** The run as it stands now: a repeated submission may find it far on. */
async function receiptOf(
  service: Service,
  runId: string,
): Promise<z.infer<typeof runReceiptSchema>> {
  const view = await service.viewRun(runId);
  return runReceipt(view, view.active.length > 0 || view.outcomes.size > 0);
}
