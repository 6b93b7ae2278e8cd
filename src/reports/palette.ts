/** The few colours of terminal output, and their absence where no terminal shows them. */

export type Colour = "green" | "red" | "yellow" | "cyan" | "dim" | "bold";
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
