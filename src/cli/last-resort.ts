/** What ends a process that was told twice to stop and cannot, because something it must tell cannot be reached. */

import { EXIT } from "../core/exit-code.js";
import type { CommandContext } from "./context.js";

/** How long handing over and giving back locks may take; both are a matter of milliseconds where the queue answers. */
const LIMIT_MS = 3000;

/** The first call gives the process a few seconds, a further one none. What it held is free as after any other death. */
export function createLastResort({
  terminal,
  exit,
}: Pick<CommandContext, "terminal" | "exit">): () => void {
  let called = false;
  return () => {
    if (called) exit(EXIT.errored);
    called = true;
    const kill = (): void => {
      terminal.progress(
        "stopped without handing over, because the queue or the store does not answer; others take over what was underway",
      );
      exit(EXIT.errored);
    };
    // Whoever can end earlier does: the timer keeps no process alive.
    setTimeout(kill, LIMIT_MS).unref();
  };
}
