/** What a record says about the ledger: that something was created or deleted, and how that was recognised. */

import { z } from "zod";

/** The way to the thing with what its creation was sent with. It may hold secrets, so it never leaves the worker in clear. */
export const creationSchema = z.strictObject({
  url: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
});
export type Creation = z.infer<typeof creationSchema>;

export const ledgerEntrySchema = z.strictObject({
  /** `unclear` is an answer that may tell of a creation, and of anything else: what it names is never deleted. */
  action: z.enum(["created", "deleted", "unclear"]),
  /**
   * By the `Location` of the answer, an `id` in an answer of 201, an `id` in an answer that shows the prefix it was sent, the URL of
   * the PUT itself, or because the plan says so; null for what was not created.
   */
  rule: z.enum(["location", "id", "prefix", "put", "declared"]).nullable(),
  /** Method and path of a request whose answer is unclear, as a plan may speak of it. */
  request: z.string().optional(),
  /** Without credentials, query and fragment. */
  url: z.string(),
  /** On its way from a lane to its worker only. */
  creation: creationSchema.optional(),
  /** The creation, encrypted for this run; absent where nobody will clean up. */
  sealed: z.string().optional(),
});
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;

/** How much it was, as an outcome keeps it; absent where there was nothing. */
export const ledgerCountsSchema = z.strictObject({
  created: z.int().min(0),
  deleted: z.int().min(0),
});
export type LedgerCounts = z.infer<typeof ledgerCountsSchema>;
