/** What holds a lane's process from its start, and takes its rules from each run: every connection, and every HTTP request. */

import { installEgressGuard } from "./egress-guard.js";
import { holdHttpRequests } from "./http-requests.js";
import type { HeldLease } from "./lease.js";
import { createSecretGuard } from "./secret-guard.js";
import type { JobMessage } from "./messages.js";

/** Of a request whose task names no `timeoutRequest`: a server that drips never goes silent. */
const DEFAULT_REQUEST_DEADLINE_MS = 300_000;

export interface Containment {
  /** Takes the rules of the run that begins. */
  begin(
    job: Pick<JobMessage, "egress" | "guardedSecrets" | "timeoutRequestMs" | "runHeader">,
  ): void;
}

export function installContainment(lease: Pick<HeldLease, "check">): Containment {
  const guard = installEgressGuard();
  const secrets = createSecretGuard();
  const requests = holdHttpRequests({ guard, secrets, lease });
  return {
    begin({ egress, guardedSecrets, timeoutRequestMs, runHeader }) {
      guard.use(egress);
      secrets.use(guardedSecrets);
      requests.use({
        deadlineMs: timeoutRequestMs || DEFAULT_REQUEST_DEADLINE_MS,
        runHeader: runHeader ?? null,
      });
    },
  };
}
