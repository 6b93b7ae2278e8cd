/** Runs a part of a run's iterations, numbered and counted for its scripts as in the whole run; no option of Newman's does. */

/** Coordinates of the runtime: which item of which iteration comes next, and whether the run ends instead. */
interface Coordinates {
  readonly iteration?: number;
  readonly cr?: boolean;
}

/**
 * Lets a run begin at iteration `from` and end before `to`. It must be called when the run has started and executed nothing
 * yet. Throws when the runtime keeps its cursor elsewhere.
 */
export function limitIterations(
  run: Iterating,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const { waterfall: cursor, pool } = run;
  if (cursor === undefined || pool === undefined)
    throw new Error("this runtime has no cursor or instructions where they were");
  const { cycles, length } = cursor;
  if (from >= to || to > cycles)
    throw new Error(
      `there are no iterations ${String(from)} to ${String(to)} of ${String(cycles)}`,
    );
  cursor.seek(0, from);
  // The first instruction was made when the cursor still stood at the very beginning.
  const first = pool.shift();
  if (first?.action !== "waterfall") throw new Error("this runtime does not begin as it did");
  first.payload.coords = cursor.current();
  pool.unshift(first);
  const next = cursor.whatnext.bind(cursor);
  cursor.whatnext = (coordinates) => {
    const coming = next(coordinates);
    if (coming.cr !== true || (coming.iteration ?? 0) < to) return coming;
    const { cr: _begins, ...end } = coming;
    return { ...end, position: length - 1, iteration: to - 1, eof: true };
  };
}

/** The parts of the runtime's run that are used here, as its source shows them. */
export interface Iterating {
  readonly waterfall?: {
    readonly cycles: number;
    readonly length: number;
    seek(position: number, iteration: number): unknown;
    current(): Coordinates;
    whatnext(coordinates: Coordinates): Coordinates;
  };
  readonly pool?: {
    shift(): { readonly action: string; readonly payload: { coords: Coordinates } } | undefined;
    unshift(instruction: object): unknown;
  };
}
