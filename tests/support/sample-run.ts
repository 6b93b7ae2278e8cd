/** Runs as they come out of the store, written down: a green one, a red one full of awkward texts, a large one. */

import type { RequestRecord } from "../../src/core/evidence.js";
import type { Outcome } from "../../src/core/outcome.js";
import {
  NASTY,
  outcomeOf,
  planOf,
  recordOf,
  redRecord,
  runOf,
  SAMPLE_START,
  someRecords,
  type SampleRun,
} from "./run-parts.js";

export const SAMPLE_PLAN = planOf(
  {
    "task-1": [],
    "task-2": ["task-1"],
    "task-3": ["task-1"],
    "task-4": ["task-1"],
    "checkpoint-5": ["task-2", "task-3", "task-4"],
    "task-6": ["checkpoint-5"],
    "task-7": ["checkpoint-5"],
    "task-8": ["checkpoint-5"],
    "task-9": ["checkpoint-5"],
    "checkpoint-10": ["task-6", "task-7", "task-8", "task-9"],
  },
  {
    "task-1": "Foundation",
    "task-2": "Config management",
    "task-3": "Postman power",
    "task-4": "Health check",
    "checkpoint-5": "Core proven",
    "task-6": "Environment manager",
    "task-7": "Script generator",
    "task-8": "Data generator",
    "task-9": "Collection builder",
    "checkpoint-10": "All proven",
  },
);

/** Everything passed; tasks 2-4 and 6-9 overlapped: 15.6 s of tasks in 6.2 s. */
export function greenRun(): SampleRun {
  return runOf({
    plan: SAMPLE_PLAN,
    outcomes: GREEN,
    records: Object.fromEntries(
      GREEN.filter(({ kind }) => kind === "task").map(({ node }) => [node, someRecords(14)]),
    ),
    verdict: "passed",
  });
}

/** Task 3 is red in its first of three iterations, one request found nobody and one script threw; what is behind was skipped. */
export function redRun(): SampleRun {
  const need = "not started: checkpoint-5 failed";
  return runOf({
    plan: SAMPLE_PLAN,
    outcomes: [
      ...GREEN.slice(0, 2),
      outcomeOf("task-3", [1.2, 3.4], {
        status: "failed",
        cause: "assertion",
        reason: "3 failures, the first: Update config: status is 200",
      }),
      ...GREEN.slice(3, 4),
      outcomeOf("checkpoint-5", [0, 3.5], {
        status: "failed",
        cause: "need",
        reason: "task-3 failed: 3 failures, the first: Update config: status is 200",
      }),
      ...["task-6", "task-7", "task-8", "task-9"].map((task) =>
        outcomeOf(task, null, {
          status: "skipped",
          cause: "need",
          reason: need,
          endedAt: SAMPLE_START + 3520,
        }),
      ),
      outcomeOf("checkpoint-10", null, {
        status: "skipped",
        cause: "need",
        reason: "task-6 was skipped, task-7 was skipped, task-8 was skipped, task-9 was skipped",
        endedAt: SAMPLE_START + 3540,
      }),
    ],
    records: {
      "task-1": someRecords(14),
      "task-2": someRecords(9),
      "task-3": RED_RECORDS,
      "task-4": someRecords(11),
    },
    verdict: "failed",
  });
}

/** One task of `count` requests, each tenth of them red. */
export function largeRun(count: number): SampleRun {
  const records = someRecords(count).map((record) =>
    record.index % 10 === 7 ? redRecord(record.index) : record,
  );
  return runOf({
    plan: planOf({ "task-1": [], "checkpoint-2": ["task-1"] }, { "task-1": "A long collection" }),
    outcomes: [
      outcomeOf("task-1", [0, 184.2], {
        status: "failed",
        cause: "assertion",
        reason: "many failures",
      }),
      outcomeOf("checkpoint-2", [0, 184.3], {
        status: "failed",
        cause: "need",
        reason: "task-1 failed: many failures",
      }),
    ],
    records: { "task-1": records },
    verdict: "failed",
  });
}

const GREEN: readonly Outcome[] = [
  outcomeOf("task-1", [0, 1.2]),
  outcomeOf("task-2", [1.2, 3.2]),
  outcomeOf("task-3", [1.2, 3.4]),
  outcomeOf("task-4", [1.3, 2.3]),
  outcomeOf("checkpoint-5", [0, 3.5]),
  outcomeOf("task-6", [3.5, 5.9]),
  outcomeOf("task-7", [3.5, 5.3]),
  outcomeOf("task-8", [3.6, 6.1]),
  outcomeOf("task-9", [3.6, 6.1]),
  outcomeOf("checkpoint-10", [3.5, 6.2]),
];
const GREEN_AGAIN = {
  assertions: [{ name: "status is 200", outcome: "passed" as const, message: null }],
  status: 200,
  exchange: null,
};
const RED_RECORDS: readonly RequestRecord[] = [
  ...someRecords(6),
  redRecord(6),
  redRecord(7, { iteration: 1, ...GREEN_AGAIN }),
  redRecord(8, { iteration: 2, ...GREEN_AGAIN }),
  recordOf(9, {
    name: "Ask a service that is not there",
    folders: ["Negative cases"],
    status: null,
    requestError: "connect ECONNREFUSED 127.0.0.1:9",
    responseTimeMs: null,
    responseSizeBytes: null,
    assertions: [],
  }),
  recordOf(10, {
    name: NASTY,
    folders: [NASTY],
    scriptErrors: [{ script: "test", name: "TypeError", message: NASTY }],
  }),
];
