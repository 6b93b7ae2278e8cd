/** What this process has done since it started, for monitoring. */

import type { Outcome } from "../core/outcome.js";
import type { Verdict } from "../core/run.js";

interface MeterReading {
  readonly runsEnded: Readonly<Record<Verdict, number>>;
  readonly requests: number;
  readonly assertions: number;
}

export interface Meter {
  countOutcome(outcome: Outcome): void;
  countRun(verdict: Verdict): void;
  read(): MeterReading;
}

export function createMeter(): Meter {
  const runsEnded = { passed: 0, failed: 0, errored: 0, timed_out: 0, cancelled: 0 };
  let requests = 0;
  let assertions = 0;
  return {
    countOutcome({ counts }) {
      requests += counts.requests;
      assertions += counts.assertions;
    },
    countRun(verdict) {
      runsEnded[verdict] += 1;
    },
    read: () => ({ runsEnded: { ...runsEnded }, requests, assertions }),
  };
}
