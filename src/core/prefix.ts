/** The prefix of test data, read back: which task of which run made something. Pure. */

export interface Prefix {
  /** Its shards count as the task. */
  readonly task: string;
  readonly run: string;
  readonly attempt: number;
  /** When the run was accepted, where its id says so: one that was made of an Idempotency-Key does not. */
  readonly at: number | null;
}

/** As `prefixOf` and `runId` of run.ts and the ids of shards.ts write it, and nothing that only resembles it. Change them together. */
const PATTERN =
  /^Test_([A-Za-z0-9][A-Za-z0-9_.-]{0,199}?)(?:~[0-9]+)?_([0-9a-z]{15}|k[0-9a-f]{20})_([1-9][0-9]{0,5})_/;

/** Milliseconds from which on there can be run ids: January 2024. Text of 15 letters is otherwise easily taken for one. */
const EARLIEST_MS = Date.UTC(2024, 0, 1);
const TIME_LENGTH = 9;

/** Null for a text that does not begin with a prefix. */
export function parsePrefix(text: string): Prefix | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [, task = "", run = "", attempt = ""] = match;
  const isKeyed = run.length > 15;
  const at = isKeyed ? null : Number.parseInt(run.slice(0, TIME_LENGTH), 36);
  if (at !== null && at < EARLIEST_MS) return null;
  return { task, run, attempt: Number(attempt), at };
}
