/** The history of runs in Firestore: queries of one field each, so that no composite index has to be deployed. */

import type { CollectionReference } from "@google-cloud/firestore";
import type { RunStatus } from "../core/run.js";
import { matchesFilter, placeOf, type RunFilter, type RunQuery } from "../core/run-query.js";
import type { FirestoreClient } from "./firestore-client.js";
import { orderOf, orderWithin, timeOf, toStatus } from "./firestore-documents.js";

/** Documents read at once while looking for runs that one field cannot tell. */
const PAGE_SIZE = 50;
/** Above every order: a time has 15 digits. */
const END = "~";

/**
 * Runs of a branch or of a plan stand in an order of their own, which times and cursors are places in. What else is asked
 * for is picked out here, page by page.
 */
export async function queryRuns(
  client: FirestoreClient,
  runs: CollectionReference,
  { limit, before, ...filter }: RunQuery,
): Promise<readonly RunStatus[]> {
  const { field, within } = orderFor(filter);
  const from = within(filter.since === undefined ? "" : timeOf(filter.since));
  let to = within(filter.until === undefined ? END : timeOf(filter.until));
  if (before !== undefined) {
    const place = within(orderOf(placeOf(before)));
    if (place < to) to = place;
  }
  const found: RunStatus[] = [];
  const isNarrow = filter.environment === undefined && filter.verdict === undefined;
  const size = isNarrow ? limit : Math.max(limit, PAGE_SIZE);
  while (found.length < limit) {
    const end = to;
    const { docs } = await client.run(() =>
      runs.where(field, ">=", from).where(field, "<", end).orderBy(field, "desc").limit(size).get(),
    );
    found.push(
      ...docs
        .map((snapshot) => toStatus(snapshot.data()))
        .filter((status) => matchesFilter(status, filter)),
    );
    const last: unknown = docs.at(-1)?.get(field);
    if (docs.length < size || typeof last !== "string") break;
    to = last;
  }
  return found.slice(0, limit);
}

function orderFor({ branch, plan }: RunFilter): {
  readonly field: string;
  readonly within: (order: string) => string;
} {
  if (branch !== undefined)
    return { field: "branchOrder", within: (order) => orderWithin(branch, order) };
  if (plan !== undefined)
    return { field: "planOrder", within: (order) => orderWithin(plan, order) };
  return { field: "order", within: (order) => order };
}
