/** How many sandboxes stand booted, and when the next one is booted: in time for the run that needs it, and else while the lane rests. */

/** A lane whose next run is on its way already is not resting. */
const REST_MS = 300;

export interface Reserve<Sandbox> {
  /** The sandbox that has waited longest; null when it has died or could not be booted. */
  take(): Promise<Sandbox | null>;
  /** A run begins: what its scripts and those of the other lanes need comes first. */
  work(): void;
  /** The run is over: what was taken is made good, one by one, until the next run begins. */
  rest(): void;
}

interface Booting<Sandbox> {
  readonly ready: Promise<{ take(): Sandbox | null } | null>;
}

/**
 * Keeps `size` sandboxes ready from the end of the first run on, and one until then. While the lane works, one is booted
 * only when none is left, so that a burst of runs does not pay for boots that can wait until it is over. With a size of 0
 * every run after the first boots its own.
 */
export function createReserve<Sandbox>(
  boot: () => Booting<Sandbox>["ready"],
  size: number,
): Reserve<Sandbox> {
  const standing: Booting<Sandbox>[] = [{ ready: boot() }];
  let working = false;
  let timer: NodeJS.Timeout | undefined;

  const refill = (): void => {
    if (working || standing.length >= size) return;
    const next = { ready: boot() };
    standing.push(next);
    // One after the other: a run that begins meanwhile waits for one boot at most.
    void next.ready.then(refill);
  };
  return {
    async take() {
      const mine = standing.shift() ?? { ready: boot() };
      if (standing.length === 0 && size > 0) standing.push({ ready: boot() });
      return (await mine.ready)?.take() ?? null;
    },
    work() {
      working = true;
      clearTimeout(timer);
    },
    rest() {
      working = false;
      clearTimeout(timer);
      timer = setTimeout(refill, REST_MS);
      timer.unref();
    },
  };
}
