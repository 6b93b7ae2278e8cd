/** What the soak asks for, what it does to the service, and what it sees: the terms its parts share. */

import { z } from "zod";
import { runEventSchema } from "../../src/core/event.js";
import { runDocumentSchema } from "../../src/http/run-document.js";

/**
 * What the collection of a task does. `lingers` waits long in its first attempt, so that its lock can be lost meanwhile;
 * `flaky` fails in its first attempt and is tried again.
 */
export type Behaviour = "passes" | "fails" | "hangs" | "lingers" | "flaky";

export interface TaskSketch {
  readonly kind: "task";
  readonly id: string;
  readonly needs: readonly string[];
  readonly behaviour: Behaviour;
  readonly requests: number;
  /** Of each request; where the task lingers, how long its last request of the first attempt waits for a second attempt. */
  readonly answerMs: number;
  /** Null leaves it to the plan's default, which no task of the soak reaches. */
  readonly timeoutMs: number | null;
  /** A clean-up task: it runs whatever happened. */
  readonly always: boolean;
  /** How often it is tried again when it failed, or its process died. */
  readonly retries: number;
}

export interface CheckpointSketch {
  readonly kind: "checkpoint";
  readonly id: string;
  readonly needs: readonly string[];
  readonly timeoutMs: number | null;
  /** Needs that may end in any way. */
  readonly mayFail: readonly string[];
}

export type NodeSketch = TaskSketch | CheckpointSketch;

export interface Scenario {
  /** Id of the plan. */
  readonly plan: string;
  readonly nodes: readonly NodeSketch[];
  /** How many times the same submission is sent at once. */
  readonly copies: number;
  /** Whether it is sent once more while the run is underway. */
  readonly again: boolean;
  readonly cancelAfterMs: number | null;
  /** When it is paused, and for how long. */
  readonly pause: { readonly afterMs: number; readonly forMs: number } | null;
}

/** A request as the target saw it; times in milliseconds since the epoch. */
export interface Hit {
  readonly run: string;
  readonly task: string;
  readonly attempt: number;
  readonly step: number;
  readonly at: number;
}

export type FaultKind =
  | "kill-service"
  | "stop-service"
  | "kill-worker"
  | "stop-worker"
  | "kill-lane"
  | "stop-lane"
  | "restart-redis"
  | "steal-lock";

/** From the blow until everything was back. */
export interface Fault {
  readonly kind: FaultKind;
  readonly from: number;
  readonly to: number;
}

/** What the service says at last about a run. */
export const runSeenSchema = z.object(runDocumentSchema.shape);
export type RunSeen = z.infer<typeof runSeenSchema>;
export const eventsSeenSchema = z.array(z.object({ id: z.string(), event: runEventSchema }));
export type EventsSeen = z.infer<typeof eventsSeenSchema>;

/** Everything known of one run when it is judged. */
export interface RunEvidence {
  readonly scenario: Scenario;
  /** Ids answered to the copies of the submission. */
  readonly answeredIds: readonly string[];
  readonly run: RunSeen;
  readonly events: EventsSeen;
  readonly hits: readonly Hit[];
  /** When a cancel was known to be accepted; null when none was. */
  readonly cancelledAt: number | null;
  /** From when the pause was known to stand until it was to be lifted; null when there was none. */
  readonly paused: { readonly from: number; readonly to: number } | null;
  readonly faults: readonly Fault[];
}
