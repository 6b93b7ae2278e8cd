/** The flat list of what went wrong in a run: each failed assertion, request and script, and each task that ended badly without one. */

import { recordFailed, type RequestRecord } from "../core/evidence.js";
import type { Cause } from "../core/outcome.js";
import { curlOf } from "./curl.js";
import type { NodeReport, NodeStatus } from "./node-report.js";

export type FailureReport =
  /** Something failed at a request. */
  | {
      readonly kind: "assertion" | "request" | "script";
      readonly task: string;
      /** Index of the request in its task. */
      readonly index: number;
      /** 0-based. */
      readonly iteration: number;
      readonly folders: readonly string[];
      readonly request: string;
      /** The assertion or script; the request itself when it got no response. */
      readonly name: string;
      readonly message: string;
      /** Repeats the request; null when it is not known where it went. */
      readonly curl: string | null;
    }
  /** The task or checkpoint ended badly as a whole: a crash, a deadline, nothing to prove. */
  | {
      readonly kind: "outcome";
      readonly task: string;
      readonly status: NodeStatus;
      readonly cause: Cause | null;
      readonly message: string;
    };

/** Every failure of a node. One that did not pass only because of its needs has none of its own. */
export function failuresOf(node: NodeReport): FailureReport[] {
  const atRequests = node.requests
    .filter(recordFailed)
    .flatMap((record) => failuresAt(node.id, record));
  if (!endedBadly(node, atRequests.length)) return atRequests;
  const { id: task, status, cause, reason } = node;
  return [
    { kind: "outcome", task, status, cause, message: reason ?? "no reason given" },
    ...atRequests,
  ];
}

/** True when the list of failed requests alone would not say why the node did not pass. */
export function endedBadly(
  node: Pick<NodeReport, "status" | "cause">,
  failuresAtRequests: number,
): boolean {
  switch (node.status) {
    case "passed":
    case "skipped":
    case "waiting":
    case "running":
      return false;
    case "failed":
      return failuresAtRequests === 0 && node.cause !== "need";
    case "errored":
    case "timed_out":
    case "cancelled":
      return true;
  }
}

function failuresAt(task: string, record: RequestRecord): FailureReport[] {
  const { index, iteration, folders, name: request } = record;
  const place = { task, index, iteration, folders, request };
  const curl = curlOf(record);
  return [
    ...(record.requestError === null
      ? []
      : [
          { kind: "request" as const, ...place, name: request, message: record.requestError, curl },
        ]),
    ...record.scriptErrors.map(({ script, name, message }) => ({
      kind: "script" as const,
      ...place,
      name: `${script === "test" ? "test" : "pre-request"} script`,
      message: `${name}: ${message}`,
      curl,
    })),
    ...record.assertions
      .filter(({ outcome }) => outcome === "failed")
      .map(({ name, message }) => ({
        kind: "assertion" as const,
        ...place,
        name,
        message: message ?? "failed without a message",
        curl,
      })),
  ];
}

/** For people: of several failures at one request only the last repeats it. */
export function repeatOnce(failures: readonly FailureReport[]): readonly FailureReport[] {
  return failures.map((failure, position) => {
    const next = failures[position + 1];
    if (failure.kind === "outcome" || next === undefined || next.kind === "outcome") return failure;
    const isSame = next.task === failure.task && next.index === failure.index;
    return isSame ? { ...failure, curl: null } : failure;
  });
}

/** Where a failure happened, for people: `task-3 › Folder › Request (iteration 2)`. */
export function placeOf(failure: FailureReport): string {
  if (failure.kind === "outcome") return failure.task;
  const iteration = failure.iteration === 0 ? "" : ` (iteration ${String(failure.iteration + 1)})`;
  return `${[failure.task, ...failure.folders, failure.request].join(" › ")}${iteration}`;
}
