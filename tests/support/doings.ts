/** What Newman and a lane did with the same collection, in one form to be compared. */

import type { z } from "zod";
import type { CollectionResult } from "../../src/core/collection-job.js";
import type { Counts, RequestRecord } from "../../src/core/evidence.js";
import { scopeSchema, type NewmanReport } from "./newman-command.js";

/** What both programs did, in one form: counts, requests in order, and the variables at the end. */
interface Doings {
  readonly counts: Omit<Counts, "scriptsFailed">;
  /** Iteration and name of each request in the order of execution, with the status where the next one is of another item. */
  readonly requests: readonly string[];
  readonly variables: Readonly<Record<"environment" | "globals", readonly string[]>>;
}

export function doingsOfNewman({ run, environment, globals }: NewmanReport): Doings {
  const { iterations, requests, assertions } = run.stats;
  return {
    counts: {
      iterations: iterations.total,
      requests: requests.total,
      requestsFailed: requests.failed,
      assertions: assertions.total,
      assertionsFailed: assertions.failed,
      failures: run.failures.length,
    },
    requests: linesOfRequests(
      run.executions.map(({ cursor, item, response }) => ({
        item: `${String(cursor.iteration)} ${item.name ?? ""}`,
        status: response?.code,
      })),
    ),
    variables: { environment: linesOf(environment), globals: linesOf(globals) },
  };
}

export function doingsOfLane(
  result: Extract<CollectionResult, { readonly ended: "finished" }>,
  records: readonly RequestRecord[],
): Doings {
  const { scriptsFailed: _, ...counts } = result.counts;
  return {
    counts,
    // A record without a status and an error is a request that was skipped, which Newman does not list.
    requests: linesOfRequests(
      records
        .filter(({ status, requestError }) => status !== null || requestError !== null)
        .map(({ iteration, name, status }) => ({
          item: `${String(iteration)} ${name.replace(/ \((?:authorization|sent by a script)\)$/, "")}`,
          status: status ?? undefined,
        })),
    ),
    variables: {
      environment: linesOf(scopeSchema.parse(result.exports?.environment)),
      globals: linesOf(scopeSchema.parse(result.exports?.globals)),
    },
  };
}

/** Newman shows the last response of an item for each of its requests; we show each its own. */
function linesOfRequests(
  requests: readonly { readonly item: string; readonly status: number | undefined }[],
): string[] {
  return requests.map(({ item, status }, index) =>
    requests[index + 1]?.item === item ? item : `${item} ${String(status ?? "no response")}`,
  );
}

function linesOf({ values }: z.infer<typeof scopeSchema>): string[] {
  return values.map(({ key, value }) => JSON.stringify([key, value]));
}
