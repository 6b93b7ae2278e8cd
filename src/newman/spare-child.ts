/** A child process started ahead, so that a lane whose own has died or is worn out goes on at once. */

import { startChild, type Child, type ChildOptions } from "./child-process.js";

export interface SpareChild {
  /** Begins to keep a spare after a while. */
  keep(afterMs: number): void;
  /** State of the spare; null while there is none. */
  state(): ReturnType<Child["state"]> | null;
  /** The spare where there is one, and another is started; a fresh child otherwise. */
  take(): Child;
  /** Kills the spare and waits for its end. */
  close(): Promise<void>;
}

export function createSpareChild(options: ChildOptions): SpareChild {
  let spare: Child | null = null;
  let keeping = false;
  let timer: NodeJS.Timeout | undefined;

  const start = (): void => {
    keeping = true;
    spare = startChild(options);
  };
  return {
    keep(afterMs) {
      timer ??= setTimeout(start, afterMs);
      timer.unref();
    },
    state: () => spare?.state() ?? null,
    take() {
      const taken = spare !== null && spare.state() !== "gone" ? spare : startChild(options);
      if (keeping) start();
      return taken;
    },
    async close() {
      clearTimeout(timer);
      keeping = false;
      spare?.kill();
      await spare?.gone;
    },
  };
}
