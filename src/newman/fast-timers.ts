/** Timers of no delay, made immediate: Newman's runtime hops through seven of them for each request, and Node lets each wait a millisecond. */

/**
 * From now on `setTimeout` without a delay, in this thread, runs its callback in the next turn of the event loop. Every
 * other delay is left alone, and so are the timers of scripts, which have a thread and a `setTimeout` of their own.
 */
export function hastenTimers(target: Pick<typeof globalThis, "setTimeout" | "clearTimeout">): void {
  const { setTimeout: setPatient, clearTimeout: clearPatient } = target;
  const setHasty = (
    callback: (...args: unknown[]) => void,
    delayMs?: number,
    ...args: unknown[]
  ): unknown =>
    // Node makes a millisecond of zero and of nothing; nobody who asks for either wants to wait.
    delayMs === 0 || delayMs === undefined
      ? new Hop(callback, args)
      : setPatient(callback, delayMs, ...args);
  const clearHasty = (timer: unknown): void => {
    if (timer instanceof Hop) timer.close();
    else clearPatient(timer as Parameters<typeof clearPatient>[0]);
  };
  // Whoever asks `util.promisify` for the waiting form gets Node's own.
  Object.defineProperties(setHasty, Object.getOwnPropertyDescriptors(setPatient));
  Object.defineProperties(target, {
    setTimeout: { value: setHasty, writable: true, configurable: true, enumerable: true },
    clearTimeout: { value: clearHasty, writable: true, configurable: true, enumerable: true },
  });
}

/** What stands for the timer: it offers what Node's own does. */
class Hop {
  readonly #callback: (...args: unknown[]) => void;
  readonly #args: readonly unknown[];
  #immediate: NodeJS.Immediate;

  constructor(callback: (...args: unknown[]) => void, args: readonly unknown[]) {
    this.#callback = callback;
    this.#args = args;
    this.#immediate = setImmediate(callback, ...args);
  }

  ref(): this {
    this.#immediate.ref();
    return this;
  }

  unref(): this {
    this.#immediate.unref();
    return this;
  }

  hasRef(): boolean {
    return this.#immediate.hasRef();
  }

  refresh(): this {
    this.close();
    this.#immediate = setImmediate(this.#callback, ...this.#args);
    return this;
  }

  close(): this {
    clearImmediate(this.#immediate);
    return this;
  }
}
