/** The variables that every attempt is given; they stand in a file of their own because plans refuse their names. */

/** Where nothing else says what the target is, it is this service. */
export const SERVICE_URL = "base_url";

export const PREFIX = "prefix";

/** Variables every attempt of a task finds in its environment. */
export const GENERATED_VARIABLES: readonly string[] = [
  "run_id",
  "task_id",
  "attempt",
  PREFIX,
  "seed",
  "started_at",
];
