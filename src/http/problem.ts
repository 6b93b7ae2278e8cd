/** Errors as `application/problem+json` (RFC 9457): what was thrown, translated once, here. */

import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { ERROR_KINDS, TurnpikeError, type ErrorCode, type Problem } from "../core/errors.js";
import { requestProblems } from "./request-problems.js";

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

export const problemItemSchema = z
  .strictObject({
    path: z.string().describe("Place of the fault, dotted; empty for the whole."),
    message: z.string(),
    suggestedAction: z.string().optional(),
  })
  .meta({ id: "ProblemItem" });

const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(ERROR_KINDS)).describe("Stable; programs decide by it."),
    detail: z.string(),
    instance: z.string().describe("Names this one answer; the log carries the same id."),
    problems: z.array(problemItemSchema).describe("Everything that is wrong, at once."),
  })
  .meta({ id: "Problem" });

export type ProblemDocument = z.infer<typeof problemSchema>;

interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly problems: readonly Problem[];
}

/** Response schemas of the errors a route can answer; every route can also answer those the whole API shares. */
export function refusals(...codes: readonly ErrorCode[]): object {
  const all: readonly ErrorCode[] = [
    "INVALID_REQUEST",
    "UNAUTHORIZED",
    "FORBIDDEN_HOST",
    "INTERNAL",
    ...codes,
  ];
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of all) {
    const status = ERROR_KINDS[code].httpStatus;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, sharing]) => [
      status,
      {
        description: sharing.map((code) => `${code}: ${ERROR_KINDS[code].title}`).join("; "),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema } },
      },
    ]),
  );
}

/** Answers an error. A bug is logged whole and shown as INTERNAL with nothing but the id to find it by. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = refusalOf(error, request);
  if (refusal.code === "INTERNAL")
    request.log.error({ err: error, method: request.method, url: request.url }, "request failed");
  if (refusal.code === "DATA_DIRECTORY_BROKEN")
    request.log.warn({ err: error, method: request.method, url: request.url }, "request refused");
  if (refusal.code === "DRAINING") void reply.header("retry-after", "5");
  void reply
    .code(ERROR_KINDS[refusal.code].httpStatus)
    .header("cache-control", "no-store")
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(problemDocument(refusal, request.id)));
}

export function problemDocument(refusal: Refusal, requestId: string): ProblemDocument {
  const { title, httpStatus } = ERROR_KINDS[refusal.code];
  return {
    type: `urn:turnpike:problem:${refusal.code.toLowerCase().replaceAll("_", "-")}`,
    title,
    status: httpStatus,
    code: refusal.code,
    detail: refusal.detail,
    instance: `urn:uuid:${requestId}`,
    problems: [...refusal.problems],
  };
}

function refusalOf(error: unknown, request: FastifyRequest): Refusal {
  if (error instanceof TurnpikeError) {
    const detail = error.code === "INTERNAL" ? internalDetail(request) : error.message;
    return { code: error.code, detail, problems: error.code === "INTERNAL" ? [] : error.problems };
  }
  if (hasKey(error, "validationContext")) {
    const problems = requestProblems(request);
    const count = problems.length === 1 ? "1 problem" : `${String(problems.length)} problems`;
    return { code: "INVALID_REQUEST", detail: `the request has ${count}`, problems };
  }
  const detail = error instanceof Error ? error.message : "";
  const code = hasKey(error, "code") ? error["code"] : undefined;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    const limitMb = request.routeOptions.bodyLimit / 2 ** 20;
    return {
      code: "BODY_TOO_LARGE",
      detail: `a body may have at most ${limitMb.toFixed(1)} MB`,
      problems: [],
    };
  }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return {
      code: "UNSUPPORTED_MEDIA_TYPE",
      detail: "send the body as application/json",
      problems: [],
    };
  }
  // Whatever else Fastify itself refuses with a 4xx is the caller's (a bad URL, a wrong Content-Length).
  const status = hasKey(error, "statusCode") ? error["statusCode"] : undefined;
  const fromFastify = typeof code === "string" && code.startsWith("FST_ERR_");
  if (fromFastify && typeof status === "number" && status >= 400 && status < 500) {
    return { code: "INVALID_REQUEST", detail, problems: [] };
  }
  if (isDiskFull(error)) {
    return {
      code: "DATA_DIRECTORY_BROKEN",
      detail: "the disk of the service is full; make some space on it, and send the request again",
      problems: [],
    };
  }
  return { code: "INTERNAL", detail: internalDetail(request), problems: [] };
}

/** As Node says it, as PostgreSQL does (53100 is its disk_full), and as either is wrapped. */
function isDiskFull(error: unknown): boolean {
  for (
    let cause = error;
    hasKey(cause, "message");
    cause = hasKey(cause, "cause") ? cause.cause : null
  ) {
    const code = hasKey(cause, "code") ? cause.code : undefined;
    if (code === "ENOSPC" || code === "EDQUOT" || code === "53100") return true;
    if (String(cause.message).includes("No space left on device")) return true;
  }
  return false;
}

function internalDetail(request: FastifyRequest): string {
  return `Turnpike failed while it answered; its log tells more under the id ${request.id}`;
}

function hasKey<Key extends string>(value: unknown, key: Key): value is Record<Key, unknown> {
  return typeof value === "object" && value !== null && key in value;
}
