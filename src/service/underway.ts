/** What this process works on now, for the list of workers. */

import type { WorkerTask } from "../core/worker.js";

export interface Underway {
  /** Lists a task until the returned function is called. */
  begin(task: WorkerTask): () => void;
  /** In the order they were begun. */
  list(): readonly WorkerTask[];
  /** Calls back whenever the list has changed. */
  onChange(listener: () => void): void;
}

export function createUnderway(): Underway {
  const tasks = new Set<WorkerTask>();
  const listeners: (() => void)[] = [];
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    begin(task) {
      tasks.add(task);
      tell();
      return () => {
        tasks.delete(task);
        tell();
      };
    },
    list: () => [...tasks],
    onChange: (listener) => void listeners.push(listener),
  };
}
