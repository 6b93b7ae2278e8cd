/** The way of a worker to the service that keeps its runs: it asks over HTTP, and waits for as long as the service is away. */

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { ERROR_KINDS, messageOf, TurnpikeError, type ErrorCode } from "../core/errors.js";
import { CALL_ID_HEADER, WORKER_API_PATH } from "../core/store-messages.js";
import type { Logger } from "../log.js";

/** Where the service is, and what it knows its workers by; both may change when it is started again. */
interface ServicePlace {
  readonly url: string;
  readonly token: string;
}

export interface ServiceLink {
  /** Answers the body of the answer. The same error a service throws in its own process is thrown here. */
  ask(question: Question): Promise<Uint8Array>;
}

interface Question {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the worker API, beginning with a slash. */
  readonly path: string;
  /** Text is sent as JSON, bytes as they are. */
  readonly body?: string | Uint8Array;
}

export interface ServiceLinkOptions {
  /** Looks where the service is now; null while none is announced. */
  find(): Promise<ServicePlace | null>;
  /** Aborted when this worker stops: what waits for the service then gives up as DRAINING. */
  readonly signal: AbortSignal;
  readonly log: Pick<Logger, "warn" | "info">;
}

const ATTEMPT_LIMIT_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** A worker that waits says so again and again, because it looks busy with nothing. */
const TELL_AGAIN_MS = 60_000;
/** Another token, or a service that cannot answer at this moment: it has been started again, or stands behind a gateway. */
const PASSING_STATUS: ReadonlySet<number> = new Set([401, 429, 502, 503, 504]);

const problemSchema = z.looseObject({ code: z.string(), detail: z.string() });

export function createServiceLink(options: ServiceLinkOptions): ServiceLink {
  const { signal, log } = options;
  let place: ServicePlace | null = null;
  /** When it is told again that the service is away; null while it is there. */
  let tellAgainAt: number | null = null;

  const noteAway = (reason: string): void => {
    place = null;
    const now = performance.now();
    if (tellAgainAt !== null && now < tellAgainAt) return;
    tellAgainAt = now + TELL_AGAIN_MS;
    log.warn({ reason }, "the service cannot be reached; waiting for it");
  };
  const noteBack = (url: string): void => {
    if (tellAgainAt !== null) log.info({ url }, "the service is back");
    tellAgainAt = null;
  };
  /** Null when it is worth another try. */
  const attempt = async (question: Question, callId: string): Promise<Uint8Array | null> => {
    let answer: Response;
    let bytes: Uint8Array;
    try {
      place ??= await options.find();
      if (place === null) {
        noteAway("none is announced in Redis");
        return null;
      }
      const here = place;
      ({ answer, bytes } = await withinLimit(signal, async (limit) => {
        const given = await send(here, question, { callId, signal: limit });
        return { answer: given, bytes: new Uint8Array(await given.arrayBuffer()) };
      }));
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      const said = messageOf(cause ?? error);
      noteAway(place === null ? `Redis: ${said}` : `${place.url}: ${said}${hintFor(place.url)}`);
      return null;
    }
    if (PASSING_STATUS.has(answer.status)) {
      const hint =
        answer.status === 401
          ? "; unless it is just being started again, its --public-url leads to another service"
          : "";
      noteAway(`${place.url} answers ${String(answer.status)}${hint}`);
      return null;
    }
    noteBack(place.url);
    if (answer.ok) return bytes;
    throw errorOf(answer.status, bytes);
  };
  return {
    async ask(question) {
      const callId = randomUUID();
      for (let failures = 0; ; failures += 1) {
        if (signal.aborted) break;
        const bytes = await attempt(question, callId);
        if (bytes !== null) return bytes;
        const limitMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
        await pause(limitMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(
          () => undefined,
        );
      }
      throw new TurnpikeError("DRAINING", "this worker stops, and does not wait for the service");
    },
  };
}

/** Two hosts, and a service that was not told by which name the other one reaches it: the usual mistake. */
function hintFor(url: string): string {
  return /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname)
    ? "; only its own machine reaches that address: for workers elsewhere start it with --host 0.0.0.0, TURNPIKE_TOKEN and --public-url"
    : "";
}

/** A timer of its own: on Node 20 a timeout within AbortSignal.any can be collected before it fires. */
async function withinLimit<Result>(
  signal: AbortSignal,
  work: (limit: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  const abort = (): void => {
    limit.abort(new Error(`no answer within ${String(ATTEMPT_LIMIT_MS)} ms`));
  };
  const timer = setTimeout(abort, ATTEMPT_LIMIT_MS);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

function send(
  { url, token }: ServicePlace,
  { method, path, body }: Question,
  { callId, signal }: { readonly callId: string; readonly signal: AbortSignal },
): Promise<Response> {
  const mediaType = typeof body === "string" ? "application/json" : "application/octet-stream";
  return fetch(`${url.replace(/\/$/, "")}${WORKER_API_PATH}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      [CALL_ID_HEADER]: callId,
      ...(body !== undefined && { "content-type": mediaType }),
    },
    ...(body !== undefined && { body }),
    redirect: "error",
    signal,
  });
}

function errorOf(status: number, bytes: Uint8Array): Error {
  const text = new TextDecoder().decode(bytes);
  const read = z
    .string()
    .transform((json): unknown => JSON.parse(json))
    .pipe(problemSchema)
    .safeParse(text);
  if (read.success && isErrorCode(read.data.code))
    return new TurnpikeError(read.data.code, read.data.detail);
  return new Error(`the service answered ${String(status)}: ${text.slice(0, 200)}`);
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_KINDS, code);
}
