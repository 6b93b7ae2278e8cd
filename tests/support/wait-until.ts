/** Waiting for a condition instead of for a time. */

import { setTimeout as pause } from "node:timers/promises";

const LIMIT_MS = 30_000;
const PAUSE_MS = 20;

/** Resolves once the condition holds; rejects when it does not within half a minute. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it did not come true: ${condition.toString()}`);
    await pause(PAUSE_MS);
  }
}
