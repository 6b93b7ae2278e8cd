/** The report of a run in every format there is. */

import { z } from "zod";
import { REPORT_PAGE_POLICY } from "../reports/html.js";
import { REPORT_FORMATS } from "../reports/formats.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";
import { runParamsSchema } from "./run-query.js";

/**
 * The HTML report is one file with its own style and one script, which is allowed by its hash. It shows what targets
 * answered, so it gets an origin of its own: whatever slipped through could not call this API.
 */
const PAGE_POLICY = `${REPORT_PAGE_POLICY}; frame-ancestors 'none'; sandbox allow-scripts`;

/** A run that has not ended has a report as well: of what is known so far, with no verdict yet. */
export function addReportRoutes(app: App, { service }: RouteContext): void {
  for (const [name, format] of Object.entries(REPORT_FORMATS)) {
    app.get(
      `/v1/runs/:id/report.${format.extension}`,
      {
        schema: {
          operationId: `getReport${name.charAt(0).toUpperCase()}${name.slice(1)}`,
          summary: `The report of a run as ${name}`,
          tags: ["runs"],
          params: runParamsSchema,
          response: { ...documentedReport(format.mediaType), ...refusals("NOT_FOUND") },
        },
      },
      async ({ params }, reply) => {
        const report = await service.reportRun(params.id);
        if (format.mediaType.startsWith("text/html"))
          void reply.header("content-security-policy", PAGE_POLICY);
        return reply.type(contentType(format.mediaType)).send(format.render(report));
      },
    );
  }
}

function contentType(mediaType: string): string {
  return mediaType.includes("charset") ? mediaType : `${mediaType}; charset=utf-8`;
}

/** For the API document only: a report is text already when it comes here. */
function documentedReport(mediaType: string): object {
  const bare = mediaType.split(";", 1)[0] ?? mediaType;
  return { 200: { description: "The report", content: { [bare]: { schema: z.string() } } } };
}
