/** Which test data of earlier runs may be deleted. Pure. */

import type { Prefix } from "./prefix.js";
import type { RunStatus } from "./run.js";

/**
 * Why test data must stay although somebody asks to delete what is old; null when it may go. `status` is that of the run that made
 * it, null where the store does not know it: another service's, whose age is that of its id.
 */
export function judgeOrphan(
  prefix: Prefix,
  status: RunStatus | null,
  { now, olderThanMs }: { readonly now: number; readonly olderThanMs: number },
): string | null {
  if (status !== null && status.end === null) return "its run has not ended";
  const since = status?.end?.endedAt ?? prefix.at;
  if (since === null) return "its run is not known here, and its id does not say how old it is";
  return now - since < olderThanMs ? "it is too young" : null;
}
