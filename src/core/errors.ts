/** Every error a user can meet: one table of stable codes, with the HTTP status and the exit code each one maps to. */

/** One thing that is wrong: where it stands, what is wrong with it, and what to do about it. */
export interface Problem {
  /** Place in the document, dotted: `tasks.checkpoint-5.needs`. Empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
  readonly suggestedAction?: string;
}

interface ErrorKind {
  readonly title: string;
  readonly httpStatus: number;
  readonly exitCode: number;
}

/** When you add a code here, add its row to the table in README.md; a test compares the two. */
export const ERROR_KINDS = {
  INVALID_REQUEST: { title: "The request is not valid", httpStatus: 400, exitCode: 2 },
  UNAUTHORIZED: { title: "A bearer token is needed", httpStatus: 401, exitCode: 2 },
  FORBIDDEN_HOST: { title: "The Host header names another machine", httpStatus: 403, exitCode: 2 },
  FORBIDDEN_ORIGIN: {
    title: "The request comes from a page of another site",
    httpStatus: 403,
    exitCode: 2,
  },
  NOT_FOUND: { title: "There is no such thing", httpStatus: 404, exitCode: 2 },
  METHOD_NOT_ALLOWED: { title: "This method is not allowed here", httpStatus: 405, exitCode: 2 },
  CONFLICT: { title: "The state does not allow this", httpStatus: 409, exitCode: 2 },
  PRECONDITION_FAILED: { title: "Somebody changed it in between", httpStatus: 412, exitCode: 2 },
  BODY_TOO_LARGE: { title: "The body is too large", httpStatus: 413, exitCode: 2 },
  UNSUPPORTED_MEDIA_TYPE: {
    title: "The content type is not supported",
    httpStatus: 415,
    exitCode: 2,
  },
  INVALID_PLAN: { title: "The plan is not valid", httpStatus: 422, exitCode: 2 },
  INVALID_COLLECTION: { title: "The collection is not valid", httpStatus: 422, exitCode: 2 },
  INVALID_ENVIRONMENT: { title: "The environment is not valid", httpStatus: 422, exitCode: 2 },
  INVALID_DATA: { title: "The iteration data is not valid", httpStatus: 422, exitCode: 2 },
  INVALID_CONFIG: { title: "The configuration is not valid", httpStatus: 422, exitCode: 2 },
  IDEMPOTENCY_MISMATCH: {
    title: "This Idempotency-Key was used for another request",
    httpStatus: 422,
    exitCode: 2,
  },
  DRAINING: { title: "The service is shutting down", httpStatus: 503, exitCode: 3 },
  NOT_READY: { title: "The service is not ready", httpStatus: 503, exitCode: 3 },
  DATA_DIRECTORY_IN_USE: { title: "The data directory is in use", httpStatus: 503, exitCode: 3 },
  DATA_DIRECTORY_BROKEN: {
    title: "The data directory cannot be used",
    httpStatus: 503,
    exitCode: 3,
  },
  REDIS_UNREACHABLE: { title: "Redis cannot be reached", httpStatus: 503, exitCode: 3 },
  POSTGRES_UNREACHABLE: { title: "PostgreSQL cannot be reached", httpStatus: 503, exitCode: 3 },
  FIRESTORE_UNREACHABLE: { title: "Firestore cannot be reached", httpStatus: 503, exitCode: 3 },
  FIRESTORE_BUSY: { title: "Too much waits for Firestore", httpStatus: 503, exitCode: 3 },
  SERVER_UNREACHABLE: { title: "The service cannot be reached", httpStatus: 502, exitCode: 3 },
  ADDRESS_IN_USE: { title: "The address is in use", httpStatus: 503, exitCode: 3 },
  INTERNAL: { title: "Turnpike itself failed", httpStatus: 500, exitCode: 3 },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** A known error: it says what is wrong, where, and what to do. Anything else that is thrown is a bug. */
export class TurnpikeError extends Error {
  override readonly name = "TurnpikeError";
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { problems?: readonly Problem[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.problems = options.problems ?? [];
  }

  get httpStatus(): number {
    return ERROR_KINDS[this.code].httpStatus;
  }

  get exitCode(): number {
    return ERROR_KINDS[this.code].exitCode;
  }
}

/** The error for something that has these problems. */
export function refusal(
  code: ErrorCode,
  what: string,
  problems: readonly Problem[],
): TurnpikeError {
  const count = problems.length === 1 ? "1 problem" : `${String(problems.length)} problems`;
  return new TurnpikeError(code, `${what} has ${count}`, { problems });
}

/** Raises `code` with every problem at once; returns when there is none. */
export function refuse(code: ErrorCode, what: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw refusal(code, what, problems);
}

/** `path: message (suggested action)`, as the terminal and the log show a problem. */
export function formatProblem(problem: Problem): string {
  const place = problem.path === "" ? "" : `${problem.path}: `;
  const action = problem.suggestedAction === undefined ? "" : ` (${problem.suggestedAction})`;
  return `${place}${problem.message}${action}`;
}

/** What a `catch` got, as one line of text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
