/** Folds Newman's events into records: one for each request that was executed, complete when its item is done. */

import type { CreationSigns } from "../core/creation-rules.js";
import { recordFailed, type RequestRecord } from "../core/evidence.js";
import type { Failure } from "../core/collection-job.js";
import type { LedgerEntry } from "../core/ledger-entry.js";
import { readExchange } from "./exchange.js";
import { readLedger } from "./read-ledger.js";
import { cut, MAX_MESSAGE_LENGTH, messageOf, textOf } from "./text.js";
import type { Cursor, Item, NewmanEmitter, NewmanEvents } from "./newman.js";
import { describeUnresolved } from "./unresolved-variables.js";
import { readNotice } from "./watched-script.js";

const MAX_CONSOLE_LINES = 100;
const MAX_LINE_LENGTH = 1_024;
const MAX_URL_LENGTH = 4_096;
const REFUSED_FILE = /file load error: PPERM/;

type Received = NewmanEvents["request"] & {
  /** What went wrong with it, in plain words; null for nothing. */
  readonly problem: string | null;
  readonly ledger: LedgerEntry | null;
  readonly at: number;
};
type ScriptError = RequestRecord["scriptErrors"][number];

/** An item that is being executed. */
interface OpenItem {
  readonly item: Item | undefined;
  readonly iteration: number;
  readonly startedAt: number;
  readonly requests: Received[];
  readonly assertions: RequestRecord["assertions"];
  readonly scriptErrors: ScriptError[];
  /** What was thrown where no script waits for it: in a timer or an abandoned promise. Newman reports those, and counts none. */
  readonly exceptions: ScriptError[];
  /** Files the request should have carried and does not, because they lie outside the working directory. */
  readonly refusals: string[];
  /** Of requests that went out with variables that nothing gave a value. */
  readonly unresolved: string[];
  /** Names of tests that have begun and not ended yet; null for a script that waits for something itself. */
  readonly openTests: Map<string, string | null>;
  readonly console: RequestRecord["console"];
  linesDropped: number;
  script: ScriptError["script"];
}

export interface Collector {
  /** Hands over items that never ended, because the run was cut short. */
  close(): void;
}

/** What Newman reported about one item: its records, and what went wrong although Newman does not count it as a failure. */
export interface ItemEvidence {
  readonly records: readonly RequestRecord[];
  readonly uncounted: readonly Failure[];
  readonly refused: readonly Failure[];
  readonly unresolved: readonly Failure[];
}

/** Calls `onItem` for each item when it is done, in the order of execution. */
export function collect(
  emitter: NewmanEmitter,
  options: {
    readonly now: () => number;
    readonly allowUnresolved: boolean;
    readonly creations: CreationSigns;
    /** Says a failed transport in plain words. */
    readonly describeError: (error: unknown) => string;
    readonly onItem: (evidence: ItemEvidence) => void;
  },
): Collector {
  const { now, allowUnresolved, creations, describeError, onItem } = options;
  const open = new Map<string, OpenItem>();
  let index = 0;

  const at = (args: { readonly cursor?: Cursor; readonly item?: Item }): OpenItem => {
    const ref = args.cursor?.ref ?? "";
    const known = open.get(ref);
    if (known !== undefined) return known;
    const opened: OpenItem = {
      item: args.item,
      iteration: args.cursor?.iteration ?? 0,
      startedAt: now(),
      requests: [],
      assertions: [],
      scriptErrors: [],
      exceptions: [],
      refusals: [],
      unresolved: [],
      openTests: new Map(),
      console: [],
      linesDropped: 0,
      script: "prerequest",
    };
    open.set(ref, opened);
    return opened;
  };
  const finish = (ref: string): void => {
    const done = open.get(ref);
    if (done === undefined) return;
    open.delete(ref);
    const records = toRecords(done).map((record) => ({ ...record, index: index++ }));
    const failure = (kind: Failure["kind"], message: string): Failure => ({
      kind,
      iteration: done.iteration,
      item: textOf(done.item?.name ?? ""),
      message,
    });
    const note = "thrown outside of any test, which Newman does not count";
    onItem({
      records,
      uncounted: [
        ...uncounted(done).map(({ message }) => failure("script", `${message} (${note})`)),
        ...neverEnded(done).map(({ message }) => failure("script", message)),
      ],
      refused: done.refusals.map((text) => failure("request", text)),
      unresolved: done.unresolved.map((text) => failure("request", text)),
    });
  };

  emitter.on("beforeItem", (_error, args) => void at(args));
  emitter.on("beforeScript", (_error, args) => {
    at(args).script = phaseOf(args.event?.listen);
  });
  emitter.on("request", (error, args) => {
    const opened = at(args);
    const unresolved = error ? null : describeUnresolved(args.request);
    if (unresolved !== null && allowUnresolved) {
      opened.console.push({ level: "warn", text: cut(`sent with ${unresolved}`, MAX_LINE_LENGTH) });
    }
    const fault =
      unresolved === null || allowUnresolved
        ? null
        : `it was sent with ${unresolved}; give it a value, or set allowUnresolved: true`;
    if (fault !== null) opened.unresolved.push(fault);
    const problem = error ? describeError(error) : fault;
    const ledger = readLedger(args.request, args.response, creations);
    opened.requests.push({ ...args, problem, ledger, at: now() });
  });
  emitter.on("script", (error, args) => {
    if (!error) return;
    at(args).scriptErrors.push({
      script: phaseOf(args.event?.listen),
      name: textOf(args.script?.name ?? args.item?.name ?? ""),
      message: messageOf(error),
    });
  });
  emitter.on("exception", (_error, args) => {
    const opened = at(args);
    const name = textOf(opened.item?.name ?? "");
    opened.exceptions.push({ script: opened.script, name, message: messageOf(args.error) });
  });
  emitter.on("assertion", (error, args) => {
    at(args).assertions.push({
      name: cut(textOf(args.assertion), MAX_MESSAGE_LENGTH),
      outcome: args.skipped ? "skipped" : error ? "failed" : "passed",
      message: error ? messageOf(args.error ?? error) : null,
    });
  });
  emitter.on("console", (_error, args) => {
    const opened = at(args);
    const notice = readNotice(args.messages ?? []);
    if (notice !== null) {
      const test = `${args.cursor?.execution ?? ""}:${notice.id}`;
      if (notice.state === "begun") opened.openTests.set(test, notice.name);
      else opened.openTests.delete(test);
      return;
    }
    const text = (args.messages ?? []).map(textOf).join(" ");
    // The runtime warns in this way only; what scripts write carries their id.
    if (args.cursor?.scriptId === undefined && REFUSED_FILE.test(text)) opened.refusals.push(text);
    if (opened.console.length >= MAX_CONSOLE_LINES) opened.linesDropped++;
    else opened.console.push({ level: textOf(args.level), text: cut(text, MAX_LINE_LENGTH) });
  });
  emitter.on("item", (_error, args) => {
    finish(args.cursor?.ref ?? "");
  });
  return {
    close() {
      for (const ref of open.keys()) finish(ref);
    },
  };
}

/** The last request that no script sent is the item's own; assertions, errors and console lines stand on its record. */
function toRecords(done: OpenItem): RequestRecord[] {
  const own = done.requests.findLast(({ cursor }) => cursor?.scriptId === undefined);
  const scriptErrors = [...done.scriptErrors, ...uncounted(done), ...neverEnded(done)];
  const lines = done.console;
  if (done.linesDropped > 0) {
    lines.push({ level: "warn", text: `… ${String(done.linesDropped)} more lines were dropped` });
  }
  const extras = { assertions: done.assertions, scriptErrors, console: lines };
  if (own === undefined) {
    const others = done.requests.map((received) => toRecord(done, received, null));
    const empty = done.assertions.length + scriptErrors.length + lines.length === 0;
    return empty ? others : [...others, { ...unsent(done), ...extras }];
  }
  return done.requests.map((received) =>
    toRecord(done, received, received === own ? extras : null),
  );
}

/** Exceptions that no script error repeats, each once. */
function uncounted({ exceptions, scriptErrors }: OpenItem): ScriptError[] {
  const known = new Set(scriptErrors.map(({ message }) => message));
  return exceptions.filter(({ message }) => {
    const isNew = !known.has(message);
    known.add(message);
    return isNew;
  });
}

/** A script that was ended for another reason is not reported for its end as well. */
function neverEnded({ openTests, item, script, scriptErrors }: OpenItem): ScriptError[] {
  return [...openTests.values()]
    .filter((test) => test !== null || scriptErrors.length === 0)
    .map((test) => ({
      script,
      name: textOf(item?.name ?? ""),
      message:
        test === null
          ? "the script never ended: no request and no timer of it was left, and it still awaited a promise, so what stands behind that was not executed"
          : `the test "${cut(test, MAX_LINE_LENGTH)}" never ended: its done was not called, or its promise not settled`,
    }));
}

function toRecord(
  done: OpenItem,
  received: Received,
  extras: Pick<RequestRecord, "assertions" | "scriptErrors" | "console"> | null,
): RequestRecord {
  const { request, response, cursor, ledger } = received;
  const responseTimeMs = typeof response?.responseTime === "number" ? response.responseTime : null;
  const size = response?.size?.().body;
  const suffix =
    extras !== null
      ? ""
      : cursor?.scriptId === undefined
        ? " (authorization)"
        : " (sent by a script)";
  const record: RequestRecord = {
    ...unsent(done),
    ...(ledger !== null && { ledger }),
    name: `${textOf(done.item?.name ?? "")}${suffix}`,
    method: textOf(request?.method ?? ""),
    url: cut(request?.url?.toString() ?? "", MAX_URL_LENGTH),
    status: typeof response?.code === "number" ? Math.trunc(response.code) : null,
    requestError: received.problem,
    startedAt: Math.round(received.at - (responseTimeMs ?? 0)),
    responseTimeMs,
    responseSizeBytes: typeof size === "number" && Number.isFinite(size) ? Math.trunc(size) : null,
    ...extras,
  };
  return recordFailed(record) ? { ...record, exchange: readExchange(request, response) } : record;
}

/** The record of an item before, or without, a request. */
function unsent({ item, iteration, startedAt }: OpenItem): RequestRecord {
  const folders: string[] = [];
  item?.forEachParent?.((parent) => folders.unshift(textOf(parent.name ?? parent.id ?? "")));
  return {
    index: 0,
    iteration,
    itemId: textOf(item?.id ?? ""),
    name: textOf(item?.name ?? ""),
    folders,
    method: textOf(item?.request?.method ?? ""),
    url: cut(item?.request?.url?.toString() ?? "", MAX_URL_LENGTH),
    status: null,
    requestError: null,
    startedAt,
    responseTimeMs: null,
    responseSizeBytes: null,
    assertions: [],
    scriptErrors: [],
    console: [],
    exchange: null,
  };
}

function phaseOf(listen: unknown): ScriptError["script"] {
  return listen === "prerequest" ? "prerequest" : "test";
}
