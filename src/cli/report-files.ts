/** Reports as files: what `--report` asks for, and writing it. */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { TurnpikeError } from "../core/errors.js";
import { REPORT_FORMATS, type ReportFormatName } from "../reports/formats.js";
import type { Terminal } from "./terminal.js";

export interface ReportTarget {
  readonly format: ReportFormatName;
  readonly file: string;
}

/** Writes each report, whose text `render` makes or fetches, and says where it is. */
export async function writeReports(
  { result }: Pick<Terminal, "result">,
  targets: readonly ReportTarget[],
  render: (format: ReportFormatName) => string | Promise<string>,
): Promise<void> {
  for (const { format, file } of targets) {
    const text = await render(format);
    const path = resolve(file);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    } catch (cause) {
      throw new TurnpikeError(
        "INVALID_REQUEST",
        `the ${format} report cannot be written to ${file}; check the path given with --report`,
        { cause },
      );
    }
    result(`${format.padEnd(5)} ${file}`);
  }
}

/** One `--report format=file` more. */
export function collectReport(value: string, before: readonly ReportTarget[]): ReportTarget[] {
  const [format = "", ...file] = value.split("=");
  if (!isReportFormat(format) || file.join("=") === "") {
    throw new TurnpikeError(
      "INVALID_REQUEST",
      `"${value}" is not format=file; the formats are ${Object.keys(REPORT_FORMATS).join(", ")}`,
    );
  }
  return [...before, { format, file: file.join("=") }];
}

function isReportFormat(name: string): name is ReportFormatName {
  return Object.hasOwn(REPORT_FORMATS, name);
}
