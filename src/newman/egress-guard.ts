/**
 * The egress guard of a lane's process: it holds every connection this process opens, whoever opens it, against the
 * rules of the run. It sits on the socket and not on the agents, because proxies and tunnels bring agents of their own.
 */

import { lookup as resolveName } from "node:dns";
import { Socket, type LookupFunction } from "node:net";
import { createEgressCheck, type EgressCheck, type EgressRules } from "../core/egress.js";

export interface EgressGuard {
  /** Takes the rules of the run that begins. Until the first run everything is refused. */
  use(rules: EgressRules): void;
  /** Why this name may not be asked for through a proxy, which will resolve it out of our sight; null when it may. */
  refuseBehindProxy(host: string): string | null;
}

/** What a refused connection fails with, as it appears in the record of its request. */
export class EgressRefused extends Error {
  override readonly name = "Error";
  readonly code = "EGRESS_REFUSED";

  constructor(why: string) {
    super(`refused by the egress guard: ${why}`);
  }
}

interface ConnectOptions {
  host?: unknown;
  path?: unknown;
  lookup?: LookupFunction;
}

/** Puts the guard on every socket of this process, once and for good. */
export function installEgressGuard(): EgressGuard {
  let check: EgressCheck = () => "no run is underway";
  const guarded: unknown = Reflect.get(Socket.prototype, "connect");
  if (typeof guarded !== "function") throw new Error("this Node has no Socket.prototype.connect");
  const connect = function (this: Socket, ...args: unknown[]): Socket {
    const why = guard(args, check);
    if (why === null) Reflect.apply(guarded, this, args);
    // Not at once: whoever connects attaches its error listener only afterwards, as with Node's own failures.
    else process.nextTick(() => this.destroy(new EgressRefused(why)));
    return this;
  };
  Reflect.set(Socket.prototype, "connect", connect);
  return {
    use(rules) {
      check = createEgressCheck(rules);
    },
    refuseBehindProxy: (host) => check({ host, address: null, resolver: "proxy" }),
  };
}

/** Says why a connection is refused, or sees to it that what its name resolves to is checked before it is used. */
function guard(args: unknown[], check: EgressCheck): string | null {
  const options = optionsOf(args);
  if (options === null || typeof options.path === "string")
    return "a collection has no business with Unix sockets";
  const host = typeof options.host === "string" && options.host !== "" ? options.host : "localhost";
  const why = check({ host, address: null, resolver: "own" });
  if (why === null) options.lookup = checkedLookup(options.lookup ?? resolveName, check);
  return why;
}

/** The options among the forms `connect` takes; null for a path. Node's own callers pass them as a list it has put in order already. */
function optionsOf(args: unknown[]): ConnectOptions | null {
  const [first, second] = args;
  if (Array.isArray(first)) return optionsOf(first);
  if (typeof first === "object" && first !== null) return first;
  if (typeof first === "string" && Number.isNaN(Number(first))) return null;
  const options = { port: first, ...(typeof second === "string" && { host: second }) };
  args.splice(0, typeof second === "string" ? 2 : 1, options);
  return options;
}

/** Hands on only addresses that may be reached. The socket connects to the very ones it gets here, so a name that changes its mind gains nothing. */
export function checkedLookup(lookup: LookupFunction, check: EgressCheck): LookupFunction {
  return (host, options, callback) => {
    lookup(host, options, (error, found, family) => {
      if (error) {
        callback(error, found, family);
        return;
      }
      const addresses = typeof found === "string" ? [{ address: found, family }] : found;
      const refusals = addresses.map(({ address }) => check({ host, address, resolver: "own" }));
      const allowed = addresses.filter((_address, index) => refusals[index] === null);
      const why = refusals.find((refusal) => refusal !== null);
      if (allowed.length === 0 && why !== undefined) {
        callback(new EgressRefused(why), "", 0);
      } else if (typeof found === "string") callback(null, found, family);
      else
        callback(
          null,
          found.filter((_address, index) => refusals[index] === null),
        );
    });
  };
}
