/** What is changed about a run of Newman's once it has started, because no option of Newman's reaches it. */

import { realpathSync } from "node:fs";
import { sep } from "node:path";
import type { Iterating } from "./iteration-range.js";
import type { JobMessage } from "./messages.js";
import { paceRequests, type TakeTurn } from "./paced-requests.js";
import { watchScript } from "./watched-script.js";

/** The part of the runtime's run that is used here, as its source shows it. */
export interface StartedRun extends Iterating {
  abort(): void;
  readonly state?: { readonly items?: readonly unknown[] };
  readonly host?: object;
  readonly requester?: { readonly options?: { maxResponseSize?: number; extendedRootCA?: string } };
  readonly options?: { readonly fileResolver?: object };
}

type ResolvePath = (path: string, allowed: readonly string[]) => string | undefined;

/** Hosts whose scripts are watched already; a host that is used again must not watch twice. */
const watched = new WeakSet<object>();

export function containRun(
  run: StartedRun,
  job: Pick<JobMessage, "workingDirectory" | "maxResponseBytes" | "pacedHosts">,
  takeTurn: TakeTurn,
): void {
  const { host, requester, options } = run;
  if (host === undefined || requester?.options === undefined || options?.fileResolver === undefined)
    throw new Error("this runtime has no sandbox, requester or file resolver where they were");
  requester.options.maxResponseSize = job.maxResponseBytes;
  followLinks(options.fileResolver, job.workingDirectory);
  paceRequests(requester, { hosts: job.pacedHosts, takeTurn });
  watchScripts(host);
}

/** Newman compares paths as they are written; a link inside the working directory may lead anywhere. */
function followLinks(resolver: object, workingDirectory: string): void {
  // Every way to a file goes through this function of Newman's.
  const resolvePath: unknown = Reflect.get(resolver, "_resolve");
  if (typeof resolvePath !== "function") throw new Error("Newman's file resolver has no _resolve");
  const root = realPath(workingDirectory);
  const resolveInside: ResolvePath = (path, allowed) => {
    const resolved: unknown = Reflect.apply(resolvePath, resolver, [path, allowed]);
    if (typeof resolved !== "string") return undefined;
    const real = realPath(resolved);
    return real === root || real.startsWith(`${root}${sep}`) ? resolved : undefined;
  };
  Reflect.set(resolver, "_resolve", resolveInside);
}

/** Where a path leads in the end. What does not exist leads nowhere, and is left to whoever opens it. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function watchScripts(host: object): void {
  if (watched.has(host)) return;
  watched.add(host);
  const execute: unknown = Reflect.get(host, "execute");
  if (typeof execute !== "function") throw new Error("the sandbox has no execute");
  Reflect.set(host, "execute", function executeWatched(event: unknown, ...rest: unknown[]) {
    return Reflect.apply(execute, host, [watchEvent(event), ...rest]) as unknown;
  });
}

/** A copy of the event with the watched script; the collection's own is shown in results and stays as it is. */
function watchEvent(event: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(event));
  if (typeof copy !== "object" || copy === null || !("script" in copy)) return event;
  const { script } = copy;
  if (typeof script !== "object" || script === null || !("exec" in script)) return event;
  const { exec } = script;
  const source = Array.isArray(exec) ? exec.join("\n") : exec;
  if (typeof source !== "string") return event;
  return { ...copy, script: { ...script, exec: watchScript(source).split("\n") } };
}
