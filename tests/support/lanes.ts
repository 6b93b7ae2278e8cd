/** Lanes for tests: sizes, one run with its records collected, and waiting for a claim to come true. */

import assert from "node:assert/strict";
import type { RequestRecord } from "../../src/core/evidence.js";
import type {
  CollectionJob,
  CollectionResult,
  CollectionRunner,
} from "../../src/core/collection-job.js";

export const laneSizes = {
  memoryLimitMb: 512,
  recycleAfterRuns: 100,
  maxResponseMb: 50,
  log: { debug: () => undefined, warn: () => undefined },
};

/** Rules for collections of others: they may name addresses of other machines, and nothing may leave this one, which is 0.0.0.0 as well. */
export const LOOPBACK_ONLY = {
  allow: ["localhost", "127.0.0.0/8", "::1", "0.0.0.0"],
  deny: [],
};

/** Runs a job to its end and keeps its records. */
export async function runJob(
  runner: CollectionRunner,
  job: CollectionJob,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ result: CollectionResult; records: RequestRecord[] }> {
  const records: RequestRecord[] = [];
  const result = await runner.run(job, { signal, onRecords: (more) => records.push(...more) });
  return { result, records };
}

const LIMIT_MS = 30_000;

/** Waits until a claim holds; the limit makes a failure of what never comes true. */
export async function until(claim: () => boolean, what: string): Promise<void> {
  const limit = Date.now() + LIMIT_MS;
  while (!claim()) {
    assert.ok(Date.now() < limit, `within ${String(LIMIT_MS)} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
