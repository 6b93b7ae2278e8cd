/** The variables that every attempt is given; they stand in a file of their own because plans refuse their names. */

/** Variables every attempt of a task finds in its environment. */
export const GENERATED_VARIABLES: readonly string[] = [
  "run_id",
  "task_id",
  "attempt",
  "prefix",
  "seed",
  "started_at",
];
