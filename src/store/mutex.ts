/** A lock inside this process, granted in the order of asking. */

export type Release = () => void;

export interface Mutex {
  /** Resolves when it is the caller's turn; the answer gives the turn to the next one, and may be called again without effect. */
  acquire(): Promise<Release>;
}

export function createMutex(): Mutex {
  let tail: Promise<void> = Promise.resolve();
  return {
    async acquire() {
      const before = tail;
      let release: Release = () => undefined;
      tail = new Promise((resolve) => {
        release = resolve;
      });
      await before;
      return release;
    },
  };
}
