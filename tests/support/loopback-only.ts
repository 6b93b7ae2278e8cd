/** Preloaded into a Newman that ours is compared with: it reaches this machine and nothing else, whatever its collection names. */

import { installEgressGuard } from "../../src/newman/egress-guard.js";
import { LOOPBACK_ONLY } from "./lanes.js";

installEgressGuard().use(LOOPBACK_ONLY);
