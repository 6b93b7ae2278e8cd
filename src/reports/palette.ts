/** The few colours of terminal output, and their absence where no terminal shows them. */

import type { Verdict } from "../core/run.js";
import type { NodeStatus } from "./node-report.js";

type Colour = "green" | "red" | "yellow" | "cyan" | "dim" | "bold";
export type Palette = Readonly<Record<Colour, (text: string) => string>>;

/** ANSI SGR codes: switch on, switch off. */
export const ANSI: Palette = {
  green: sgr(32, 39),
  red: sgr(31, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
  dim: sgr(2, 22),
  bold: sgr(1, 22),
};

export const PLAIN: Palette = {
  green: String,
  red: String,
  yellow: String,
  cyan: String,
  dim: String,
  bold: String,
};

function sgr(on: number, off: number): (text: string) => string {
  return (text) => `\u001B[${String(on)}m${text}\u001B[${String(off)}m`;
}

/** The colour of a state wherever it is named. */
export function colourOf(status: NodeStatus | Verdict): Colour {
  switch (status) {
    case "passed":
      return "green";
    case "failed":
    case "errored":
    case "timed_out":
      return "red";
    case "cancelled":
    case "skipped":
      return "yellow";
    case "running":
    case "waiting":
      return "cyan";
  }
}
