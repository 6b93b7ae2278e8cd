/**
 * Every HTTP request of a lane's process, where it starts: an absolute deadline, no destination a proxy could reach for
 * it, and an end for CONNECT. It wraps the class that Newman's runtime sends with, because redirects, `pm.sendRequest`
 * and authorization all pass through there and no option of Newman's reaches it.
 */

import { createRequire } from "node:module";
import { EgressRefused, type EgressGuard } from "./egress-guard.js";
import type { HeldLease } from "./lease.js";
import type { Outgoing, SecretGuard } from "./secret-guard.js";

/** Newman's own timer, which counts from the last byte, comes first where both would strike, so that its message stays. */
const GRACE_MS = 250;

/** By which a target can tell whose requests it sees. */
const RUN_HEADER = "X-Turnpike-Run";

export interface HttpRequests {
  /** Takes the deadline of each request of the run that begins, and what it says of itself in a header, if anything. */
  use(rules: { readonly deadlineMs: number; readonly runHeader: string | null }): void;
}

/** The part of postman-request's class that is used here. */
interface SendingRequest {
  readonly uri?: { readonly hostname?: unknown; readonly href?: unknown };
  readonly proxy?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  /** The parts of a multipart form: texts, buffers and streams. */
  readonly _form?: { readonly _streams?: unknown };
  readonly req?: {
    on(name: "connect", listener: (response: unknown, socket: { destroy(): void }) => void): void;
  };
  setHeader(name: string, value: string): unknown;
  abort(): void;
  emit(name: "error", error: Error): boolean;
  once(name: string, listener: () => void): void;
}

/** Wraps the class beside the runtime that Newman has loaded, once and for good. */
export function holdHttpRequests({
  guard,
  secrets,
  lease,
}: {
  readonly guard: EgressGuard;
  readonly secrets: SecretGuard;
  readonly lease: Pick<HeldLease, "check">;
}): HttpRequests {
  let deadlineMs = 0;
  let runHeader: string | null = null;
  const underway = new WeakSet<SendingRequest>();
  const prototype = loadRequestPrototype();
  const start: unknown = Reflect.get(prototype, "start");
  if (typeof start !== "function")
    throw new Error("postman-request has no Request.prototype.start");

  const fail = (request: SendingRequest, error: Error): void => {
    request.abort();
    request.emit("error", error);
  };
  const setDeadline = (request: SendingRequest): void => {
    // A redirect starts the same request again; its time goes on.
    if (underway.has(request)) return;
    underway.add(request);
    const limitMs = deadlineMs;
    const timer = setTimeout(() => {
      fail(request, new Error(`the request was not over after ${String(limitMs / 1000)} s`));
    }, limitMs + GRACE_MS);
    for (const end of ["complete", "error", "abort"]) request.once(end, () => clearTimeout(timer));
  };
  Reflect.set(prototype, "start", function startHeld(this: SendingRequest): void {
    lease.check();
    const host = this.uri?.hostname;
    const behindProxy = this.proxy && typeof host === "string";
    const why =
      (behindProxy ? guard.refuseBehindProxy(host) : null) ?? secrets.refuse(outgoingOf(this));
    if (why !== null) {
      fail(this, new EgressRefused(why));
      return;
    }
    setDeadline(this);
    if (runHeader !== null) this.setHeader(RUN_HEADER, runHeader);
    Reflect.apply(start, this, []);
    // Node answers CONNECT with an event of its own, for which nobody here waits: the request would never end.
    this.req?.on("connect", (_response, socket) => {
      socket.destroy();
      fail(this, new Error("CONNECT was answered, and Newman cannot use a tunnel"));
    });
  });
  return {
    use(rules) {
      ({ deadlineMs, runHeader } = rules);
    },
  };
}

function outgoingOf({ uri, headers, body, _form: form }: SendingRequest): Outgoing {
  const { _streams: streams } = form ?? {};
  const parts = [body, streams].flatMap((part: unknown): unknown[] =>
    Array.isArray(part) ? part : [part],
  );
  const [host, url] = [uri?.hostname, uri?.href].map((text) =>
    typeof text === "string" ? text : "",
  );
  return { host: host ?? "", url: url ?? "", headers, body: parts };
}

function loadRequestPrototype(): object {
  const besideUs = createRequire(import.meta.url);
  const besideNewman = createRequire(besideUs.resolve("newman"));
  const besideRuntime = createRequire(besideNewman.resolve("postman-runtime"));
  const module: unknown = besideRuntime("postman-request");
  const found: unknown =
    typeof module === "function" ? Reflect.get(Reflect.get(module, "Request"), "prototype") : null;
  if (typeof found !== "object" || found === null) {
    throw new Error("postman-request has no class Request");
  }
  return found;
}
