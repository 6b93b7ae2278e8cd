/** How a task is split into shards, as it is decided at submission and stored with the run. */

import { z } from "zod";

/** How a task that asked for shards was split when its run was submitted. */
export const splitSchema = z.discriminatedUnion("by", [
  /** It runs whole, for these reasons. */
  z.strictObject({ by: z.literal("nothing"), reasons: z.array(z.string()) }),
  /** Each part runs the iterations from `from` up to and without `to`. */
  z.strictObject({
    by: z.literal("iterations"),
    parts: z.array(z.strictObject({ from: z.int().min(0), to: z.int().min(1) })).min(2),
  }),
  /** Each part runs these folders and requests, by their position and name; `depth` only folders stand around them. */
  z.strictObject({
    by: z.literal("folders"),
    depth: z.int().min(0),
    parts: z
      .array(z.array(z.strictObject({ position: z.int().min(0), name: z.string() })).min(1))
      .min(2),
  }),
]);
export type Split = z.infer<typeof splitSchema>;

/** Which part of which task a shard is; 0-based. */
export interface ShardPlace {
  readonly of: string;
  readonly part: number;
}
