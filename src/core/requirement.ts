/** What a checkpoint asks of its needs, where it does not ask that all of them have passed. */

import { z } from "zod";

export const requireSchema = z
  .strictObject({
    /** Needs that may end in any way. */
    mayFail: z.array(z.string()).min(1).optional(),
    /** Share of the other needs that must have passed, such as 0.9. */
    passRate: z.number().gt(0).lte(1).optional(),
  })
  .refine(
    ({ mayFail, passRate }) => mayFail !== undefined || passRate !== undefined,
    "say mayFail (a list of needs), passRate (such as 0.9), or both",
  );
export type Requirement = Readonly<z.infer<typeof requireSchema>>;

/** Passed of the needs that count, and how many of them must have. */
export interface Tally {
  readonly counted: readonly string[];
  readonly passed: number;
  readonly required: number;
}

/** Counts the needs that may not fail. A share is rounded up: 90% of 4 are all 4. */
export function tallyOf(
  needs: readonly string[],
  requirement: Requirement | undefined,
  hasPassed: (need: string) => boolean,
): Tally {
  const { mayFail = [], passRate = 1 } = requirement ?? {};
  const counted = needs.filter((need) => !mayFail.includes(need));
  return {
    counted,
    passed: counted.filter(hasPassed).length,
    // Without the margin 0.7 of 10 would be 8, because a binary fraction is never quite 0.7.
    required: Math.ceil(counted.length * passRate - 1e-9),
  };
}
