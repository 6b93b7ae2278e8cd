/** Every format a report can be had in: one table for the API and the command line. */

import { renderHtml } from "./html.js";
import { renderJunit } from "./junit.js";
import { renderMarkdown } from "./markdown.js";
import { PLAIN } from "./palette.js";
import type { RunReport } from "./report.js";
import { renderText } from "./text.js";

interface ReportFormat {
  readonly mediaType: string;
  /** Without the dot. */
  readonly extension: string;
  readonly render: (report: RunReport) => string;
}

/** When you add a format here, the API and `--report` have it; add its row to the table in README.md. */
export const REPORT_FORMATS = {
  json: {
    mediaType: "application/json",
    extension: "json",
    render: (report) => `${JSON.stringify(report, null, 2)}\n`,
  },
  junit: { mediaType: "application/xml", extension: "xml", render: renderJunit },
  html: { mediaType: "text/html; charset=utf-8", extension: "html", render: renderHtml },
  md: { mediaType: "text/markdown; charset=utf-8", extension: "md", render: renderMarkdown },
  text: {
    mediaType: "text/plain; charset=utf-8",
    extension: "txt",
    render: (report) => `${renderText(report, PLAIN).join("\n")}\n`,
  },
} as const satisfies Record<string, ReportFormat>;

export type ReportFormatName = keyof typeof REPORT_FORMATS;
