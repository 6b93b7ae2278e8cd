/** What a plan may ask for after a task: that what it created on its target is deleted. */

import { z } from "zod";
import { describeUnion } from "./schema-problems.js";
import { sweepRulesSchema } from "./sweep.js";

/** `false` takes a task out of what its plan asks for. */
export const cleanupSchema = z.union(
  [
    z.literal(false),
    z.strictObject({
      /** Deletes what the task's ledger shows as created and not deleted. */
      delete: z.literal("created"),
      /**
       * When: right after the task, or when everything else in the run has ended, because other tasks use what it created. Without it
       * before the first checkpoint that proves that nothing is left, and where there is none after the run.
       */
      after: z.enum(["task", "run"]).optional(),
      /** Where what nobody was told of is found by its prefix, beside what the configuration says of the environment. */
      lists: sweepRulesSchema.prefault([]),
    }),
  ],
  { error: describeUnion },
);
