/** What this process works on now, for the list of workers. */

import type { WorkerTask } from "../core/worker.js";

export interface Underway {
  /** Lists a task until the returned function is called. */
  begin(task: WorkerTask): () => void;
  /** In the order they were begun. */
  list(): readonly WorkerTask[];
}

export function createUnderway(): Underway {
  const tasks = new Set<WorkerTask>();
  return {
    begin(task) {
      tasks.add(task);
      return () => void tasks.delete(task);
    },
    list: () => [...tasks],
  };
}
