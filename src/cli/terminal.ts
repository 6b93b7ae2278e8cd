/** Where a command writes: results to standard output, progress to standard error, colour only where a terminal shows it. */

import type { Writable } from "node:stream";
import { ANSI, PLAIN, type Palette } from "../reports/palette.js";

export interface Terminal {
  /** A line of the result. */
  result(line: string): void;
  /** A line for whoever watches. */
  progress(line: string): void;
  readonly resultPalette: Palette;
  readonly progressPalette: Palette;
  /** Aborted when nobody reads the results any more, as after `| head`. */
  readonly unread: AbortSignal;
}

type Stream = Writable & { readonly isTTY?: boolean };

export function createTerminal(from: {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly variables: NodeJS.ProcessEnv;
}): Terminal {
  const { stdout, stderr, variables } = from;
  // https://no-color.org: present and not empty means no colour.
  const paletteOf = (stream: Stream): Palette =>
    stream.isTTY === true && (variables["NO_COLOR"] ?? "") === "" ? ANSI : PLAIN;
  const unread = new AbortController();
  // A reader that left (`| head -1`, a closed terminal) must not end a run, nor turn its verdict into another exit code.
  stdout.on("error", () => {
    unread.abort();
  });
  stderr.on("error", () => undefined);
  return {
    result: (line) => void stdout.write(`${line}\n`),
    progress: (line) => void stderr.write(`${line}\n`),
    unread: unread.signal,
    resultPalette: paletteOf(stdout),
    progressPalette: paletteOf(stderr),
  };
}
