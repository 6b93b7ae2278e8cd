/**
 * Requests to hosts with a rate wait for their turn. They wait before the runtime sends them, so that neither their response
 * time nor their deadline holds the wait; `pm.sendRequest` and authorization pass through here as well, redirects do not.
 */

import { textOf } from "./text.js";

/** Milliseconds until a request to the host may go. */
export type TakeTurn = (host: string) => Promise<number>;

interface Send {
  (id: unknown, request: unknown, behaviour: unknown, done: (error: Error) => void): unknown;
}

/** Paces a run that has started; `requester` is the runtime's pool (postman-runtime, lib/requester/requester-pool.js). */
export function paceRequests(
  requester: object,
  { hosts, takeTurn }: { readonly hosts: readonly string[]; readonly takeTurn: TakeTurn },
): void {
  if (hosts.length === 0) return;
  const create: unknown = Reflect.get(requester, "create");
  if (typeof create !== "function") throw new Error("the runtime's requester pool has no create");
  type Done = (error: unknown, sender?: object) => void;
  Reflect.set(requester, "create", (trace: unknown, done: Done) => {
    const paced: Done = (error, sender) => {
      if (sender !== undefined) paceSender(sender, new Set(hosts), takeTurn);
      done(error, sender);
    };
    Reflect.apply(create, requester, [trace, paced]);
  });
}

function paceSender(sender: object, hosts: ReadonlySet<string>, takeTurn: TakeTurn): void {
  const send: unknown = Reflect.get(sender, "request");
  if (typeof send !== "function") throw new Error("the runtime's requester has no request");
  const sendPaced: Send = (...args) => {
    const [, request, , done] = args;
    const limited = placesOf(request).filter((place) => hosts.has(place));
    const go = (): unknown => Reflect.apply(send, sender, args);
    if (limited.length === 0) return go();
    let underway: unknown;
    let aborted = false;
    void Promise.all(limited.map(takeTurn)).then((waitsMs) => {
      setTimeout(
        () => {
          if (aborted) done(new Error("the request was aborted while it waited for its turn"));
          else underway = go();
        },
        Math.max(...waitsMs),
      );
    });
    return {
      abort() {
        aborted = true;
        if (hasAbort(underway)) underway.abort();
      },
    };
  };
  Reflect.set(sender, "request", sendPaced);
}

/** `host` and, where it names a port, `host:port` of a request whose variables have been filled in. */
function placesOf(request: unknown): readonly string[] {
  const url: unknown =
    typeof request === "object" && request !== null ? Reflect.get(request, "url") : null;
  if (typeof url !== "object" || url === null) return [];
  const [host, place] = ["getHost", "getRemote"].map((name) => {
    const read: unknown = Reflect.get(url, name);
    return typeof read === "function" ? textOf(Reflect.apply(read, url, [])).toLowerCase() : "";
  });
  return [...new Set([host ?? "", place ?? ""])];
}

function hasAbort(sent: unknown): sent is { abort(): void } {
  return typeof sent === "object" && sent !== null && "abort" in sent;
}
