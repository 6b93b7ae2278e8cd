/** What workers on other machines ask: the run store and the blobs, as they are in this process. Not part of the public API. */

import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import type { BlobStore, RunStore } from "../core/ports.js";
import {
  CALL_ID_HEADER,
  isStoreCall,
  PROGRESS_CALL,
  STORE_ARGUMENTS,
  WORKER_API_PATH,
  type StoreCall,
} from "../core/store-messages.js";
import type { App } from "./route-context.js";

export interface WorkerAccess {
  /** What workers send as their bearer token; see security.ts. */
  readonly token: string;
  readonly store: RunStore;
  readonly blobs: BlobStore;
}

const BODY_LIMIT_BYTES = 256 * 1024 * 1024;
/** Answers that are kept for a call that may come again. */
const MAX_KEPT_ANSWERS = 2000;
/** Calls that would have their effect twice. */
const ONCE: ReadonlySet<StoreCall> = new Set(["appendEvents", "nextAttempt"]);

const hidden = { hide: true } as const;
const hashParams = z.strictObject({ hash: z.string() });

export async function addWorkerRoutes(app: App, access: WorkerAccess): Promise<void> {
  const { store, blobs } = access;
  const once = createOnce();
  await app.register(
    async (scope: App) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        ["application/octet-stream", "application/json"],
        { parseAs: "buffer", bodyLimit: BODY_LIMIT_BYTES },
        (_request, body, done) => {
          done(null, body);
        },
      );
      scope.post(
        "/store/:call",
        { schema: { ...hidden, params: z.strictObject({ call: z.string() }) } },
        async (request, reply) => {
          const { call } = request.params;
          const values = readJson(request.body);
          const callId = request.headers[CALL_ID_HEADER];
          const answer = await once(
            isStoreCall(call) && ONCE.has(call) && typeof callId === "string" ? callId : null,
            () => callStore(store, call, values),
          );
          return reply.type("application/json").send(JSON.stringify(answer ?? null));
        },
      );
      scope.post("/blobs", { schema: hidden }, async (request, reply) => {
        const hash = await blobs.put(bytesOf(request.body));
        return reply.type("application/json").send(JSON.stringify({ hash }));
      });
      scope.get(
        "/blobs/:hash",
        { schema: { ...hidden, params: hashParams } },
        async ({ params }, reply) => {
          const bytes = await blobs.get(params.hash);
          return reply.type("application/octet-stream").send(Buffer.from(bytes));
        },
      );
      scope.delete(
        "/blobs/:hash",
        { schema: { ...hidden, params: hashParams } },
        async ({ params }, reply) => {
          await blobs.delete(params.hash);
          return reply.code(204).send();
        },
      );
    },
    { prefix: WORKER_API_PATH },
  );
}

async function callStore(store: RunStore, call: string, values: unknown): Promise<unknown> {
  if (call === PROGRESS_CALL) {
    const status = await store.getRun(...parse(STORE_ARGUMENTS.getRun, values));
    if (status === null) return null;
    const { run: _run, ...progress } = status;
    return progress;
  }
  if (!isStoreCall(call)) {
    throw new TurnpikeError(
      "NOT_FOUND",
      `the run store has no "${call}"; the worker is of another version than the service`,
    );
  }
  const answer: unknown = await Reflect.apply(
    store[call],
    store,
    parse(STORE_ARGUMENTS[call], values),
  );
  return answer instanceof Map ? [...answer.values()] : answer;
}

function parse<Schema extends z.ZodType>(schema: Schema, values: unknown): z.output<Schema> {
  const read = schema.safeParse(values);
  if (read.success) return read.data;
  throw new TurnpikeError(
    "INVALID_REQUEST",
    `a worker sent what this service does not understand: ${z.prettifyError(read.error)}; run the same version of both`,
  );
}

/** Does the work once for each id: a call that comes again, because its answer was lost, gets the answer of the first. */
function createOnce(): (id: string | null, work: () => Promise<unknown>) => Promise<unknown> {
  const kept = new Map<string, Promise<unknown>>();
  return (id, work) => {
    if (id === null) return work();
    const standing = kept.get(id);
    if (standing !== undefined) return standing;
    const [oldest] = kept.keys();
    if (kept.size >= MAX_KEPT_ANSWERS && oldest !== undefined) kept.delete(oldest);
    const answer = work();
    kept.set(id, answer);
    // What failed has had no effect, and may be tried again.
    answer.catch(() => kept.delete(id));
    return answer;
  };
}

function readJson(body: unknown): unknown {
  try {
    return JSON.parse(Buffer.from(bytesOf(body)).toString("utf8"));
  } catch (cause) {
    throw new TurnpikeError("INVALID_REQUEST", "a worker sent what is not JSON", { cause });
  }
}

function bytesOf(body: unknown): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array();
}
