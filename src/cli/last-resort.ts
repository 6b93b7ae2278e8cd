/** What ends a process that was told to stop and cannot, because something it must tell cannot be reached. */

import { EXIT } from "../core/exit-code.js";
import type { CommandContext } from "./context.js";

/** How long handing over and giving back may take; both are a matter of milliseconds where everything answers. */
const FIRST_LIMIT_MS = 15_000;
const SECOND_LIMIT_MS = 5000;

/**
 * To be called at each signal to stop. The first leaves the time for draining and some more, the second a few seconds,
 * the third none. What the process held is free as after any other death.
 */
export function createLastResort(
  { terminal, exit }: Pick<CommandContext, "terminal" | "exit">,
  drainMs: number,
): () => void {
  const killIn = (limitMs: number): void => {
    const kill = (): void => {
      terminal.progress(
        "stopped without handing over, because the queue or the store does not answer; others take over what was underway",
      );
      exit(EXIT.errored);
    };
    // Whoever can end earlier does: the timer keeps no process alive.
    setTimeout(kill, limitMs).unref();
  };
  let calls = 0;
  return () => {
    calls += 1;
    if (calls === 1) killIn(drainMs + FIRST_LIMIT_MS);
    else if (calls === 2) killIn(SECOND_LIMIT_MS);
    else exit(EXIT.errored);
  };
}
