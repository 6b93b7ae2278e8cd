/** Asking a service over HTTP: answers read by their schema, and its problems raised as the errors they are. */

import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { z } from "zod";
import { runEventSchema, type RunEvent, type StoredEvent } from "../core/event.js";
import type { ConfigKeyName } from "../core/config.js";
import { ERROR_KINDS, messageOf, TurnpikeError, type ErrorCode } from "../core/errors.js";
import { addConfigFlags, configOf, type CommandContext } from "./context.js";
import { problemAnswerSchema } from "./server-answers.js";
import { readEventBlocks } from "./server-events.js";

/** Of a plain request; a long poll adds the time it waits. */
const ANSWER_LIMIT_MS = 30_000;
/** A stream says something at least every 15 seconds. */
const SILENCE_LIMIT_MS = 45_000;
/** How long a lost service is tried again while a run is followed. */
const AWAY_LIMIT_MS = 60_000;
const TRY_AGAIN_MS = 500;

const eventPageSchema = z.array(z.object({ id: z.string(), event: runEventSchema }));

export interface ServerClient {
  readonly url: string;
  read<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>>;
  post<Schema extends z.ZodType>(
    path: string,
    request: {
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      /** How long the answer may take. */
      readonly limitMs?: number;
    },
    schema: Schema,
  ): Promise<z.output<Schema>>;
  put<Schema extends z.ZodType>(
    path: string,
    body: unknown,
    schema: Schema,
  ): Promise<z.output<Schema>>;
  remove(path: string): Promise<void>;
  readText(path: string): Promise<string>;
  /** The events there are so far. */
  readEvents(runId: string): Promise<readonly RunEvent[]>;
  /** Every event of a run until its end or the signal, over lost connections; SERVER_UNREACHABLE when it stays away. */
  follow(
    runId: string,
    options: { readonly signal: AbortSignal; readonly onNotice: (text: string) => void },
  ): AsyncGenerator<StoredEvent>;
}

/** Adds the flags that say which service a command asks, and those of further configuration keys. */
export function addServerFlags(command: Command, further: readonly ConfigKeyName[] = []): Command {
  command.optionsGroup("Service:");
  return addConfigFlags(command, [...further, "server"]).option(
    "--token <token>",
    "token of the service; better in TURNPIKE_TOKEN, where no process list shows it",
  );
}

/** The service a command was told to ask. Nothing is sent yet. */
export function serverOf(
  context: CommandContext,
  options: Readonly<Record<string, unknown>>,
): ServerClient {
  const { config } = configOf(context, options);
  const host = ["0.0.0.0", "::"].includes(config.host) ? "127.0.0.1" : config.host;
  const own = `http://${host.includes(":") ? `[${host}]` : host}:${String(config.port)}`;
  return createServerClient((config.server ?? own).replace(/\/+$/, ""), config.token);
}

function createServerClient(url: string, token: string | undefined): ServerClient {
  const credentials = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const ask = async (path: string, request: RequestInit): Promise<Response> => {
    const headers = { ...credentials, ...Object.fromEntries(new Headers(request.headers)) };
    const answer = await fetch(`${url}${path}`, { ...request, headers }).catch((cause: unknown) => {
      throw unreachable(url, cause);
    });
    if (!answer.ok) throw await refusalOf(url, answer);
    return answer;
  };
  const plain = (
    path: string,
    request: RequestInit = {},
    limitMs = ANSWER_LIMIT_MS,
  ): Promise<Response> => ask(path, { ...request, signal: AbortSignal.timeout(limitMs) });
  const json = async <Schema extends z.ZodType>(
    answer: Response,
    schema: Schema,
  ): Promise<z.output<Schema>> => {
    const document: unknown = await answer.json().catch(() => null);
    const read = schema.safeParse(document);
    if (read.success) return read.data;
    throw notTurnpike(url, `the answer to ${new URL(answer.url).pathname} cannot be read`);
  };
  const openStream = async function* (
    runId: string,
    { after, signal }: { readonly after: string | undefined; readonly signal: AbortSignal },
  ): AsyncGenerator<StoredEvent | null> {
    const silence = new AbortController();
    const restart = restartable(() => silence.abort(), SILENCE_LIMIT_MS);
    try {
      const answer = await ask(`${pathOfRun(runId)}/events`, {
        headers: {
          accept: "text/event-stream",
          ...(after === undefined ? {} : { "last-event-id": after }),
        },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (answer.body === null) return;
      for await (const { id, data } of readEventBlocks(answer.body, restart.again)) {
        const event = runEventSchema.safeParse(JSON.parse(data));
        yield event.success ? { id, event: event.data } : null;
      }
    } catch (error) {
      throw error instanceof TurnpikeError ? error : unreachable(url, error);
    } finally {
      restart.stop();
    }
  };

  const sent = (
    method: "POST" | "PUT",
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): RequestInit => ({
    method,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

  return {
    url,
    read: async (path, schema) => json(await plain(path), schema),
    post: async (path, { body, headers, limitMs }, schema) =>
      json(await plain(path, sent("POST", body, headers), limitMs), schema),
    put: async (path, body, schema) => json(await plain(path, sent("PUT", body)), schema),
    async remove(path) {
      await plain(path, { method: "DELETE" });
    },
    readText: async (path) => (await plain(path)).text(),
    async readEvents(runId) {
      const events: RunEvent[] = [];
      for (let after: string | undefined; ;) {
        const query = new URLSearchParams({
          limit: "1000",
          ...(after === undefined ? {} : { after }),
        });
        const page = await json(
          await plain(`${pathOfRun(runId)}/events?${query.toString()}`, {
            headers: { accept: "application/json" },
          }),
          eventPageSchema,
        );
        events.push(...page.map(({ event }) => event));
        if (page.length < 1000) return events;
        after = page.at(-1)?.id;
      }
    },
    async *follow(runId, { signal, onNotice }) {
      let after: string | undefined;
      let awaySince: number | null = null;
      let unknownTold = false;
      const isStopped = (): boolean => signal.aborted;
      while (!isStopped()) {
        try {
          for await (const stored of openStream(runId, { after, signal })) {
            if (awaySince !== null) onNotice("the service answers again");
            awaySince = null;
            if (stored === null) {
              if (!unknownTold) onNotice("some events are of a newer Turnpike and are not shown");
              unknownTold = true;
              continue;
            }
            after = stored.id;
            yield stored;
            if (stored.event.type === "run.ended") return;
          }
          const { state } = await json(
            await plain(pathOfRun(runId)),
            z.object({ state: z.string() }),
          );
          if (state === "ended") return;
        } catch (error) {
          if (isStopped()) return;
          if (!isPassing(error)) throw error;
          if (awaySince === null) onNotice(`${messageOf(error)}; trying again`);
          awaySince ??= Date.now();
          if (Date.now() - awaySince > AWAY_LIMIT_MS) throw error;
        }
        await pause(TRY_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** Path of a run; what is no id is refused by the service, not by a wrong route. */
export function pathOfRun(runId: string): string {
  return `/v1/runs/${encodeURIComponent(runId)}`;
}

/** A service that restarts cuts connections, and a proxy before it answers in its place for a moment. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof TurnpikeError &&
    (error.code === "SERVER_UNREACHABLE" || error.code === "DRAINING" || error.code === "NOT_READY")
  );
}

function unreachable(url: string, cause: unknown): TurnpikeError {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  return new TurnpikeError(
    "SERVER_UNREACHABLE",
    `no service answers at ${url}: ${messageOf(inner)}; start it with "turnpike serve", or name another with --server or TURNPIKE_SERVER`,
    { cause },
  );
}

function notTurnpike(url: string, what: string): TurnpikeError {
  return new TurnpikeError(
    "SERVER_UNREACHABLE",
    `${url} does not answer as a Turnpike service does: ${what}; check --server or TURNPIKE_SERVER`,
  );
}

/** The error an answer tells of, as if it had been thrown here. */
async function refusalOf(url: string, answer: Response): Promise<TurnpikeError> {
  const document: unknown = await answer.json().catch(() => null);
  const problem = problemAnswerSchema.safeParse(document);
  if (!problem.success || !isErrorCode(problem.data.code))
    return notTurnpike(url, `status ${String(answer.status)}`);
  const { code, detail, problems } = problem.data;
  const remedy =
    code === "UNAUTHORIZED"
      ? `${url} did not accept the token: set TURNPIKE_TOKEN or --token to the token of the service`
      : detail;
  return new TurnpikeError(code, remedy, {
    problems: problems.map(({ path, message, suggestedAction }) => ({
      path,
      message,
      ...(suggestedAction === undefined ? {} : { suggestedAction }),
    })),
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_KINDS, code);
}

/** A timer that begins anew each time `again` is called. */
function restartable(
  action: () => void,
  limitMs: number,
): { readonly again: () => void; readonly stop: () => void } {
  let timer = setTimeout(action, limitMs);
  return {
    again() {
      clearTimeout(timer);
      timer = setTimeout(action, limitMs);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
