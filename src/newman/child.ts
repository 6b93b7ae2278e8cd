/** Entry of a lane's child process: it loads Newman once and then runs one collection at a time, as its parent asks. */

import { setFlagsFromString } from "node:v8";
import type { Counts, RequestRecord } from "../core/evidence.js";
import { messageOf } from "../core/errors.js";
import { installContainment } from "./containment.js";
import { execute } from "./execute.js";
import { hastenTimers } from "./fast-timers.js";
import { LAPSED_EXIT_CODE, openLease } from "./lease.js";
import { toChildSchema, type FromChild, type JobMessage } from "./messages.js";
import { loadNewman, type Newman } from "./newman.js";
import { openSandboxStock } from "./sandbox-stock.js";

/** Records wait this long, or until there are this many, before they are sent. */
const BATCH_MS = 100;
const BATCH_SIZE = 20;

/** Whatever goes wrong here is the end of this process: a run that is not reported as finished never passes. */
function crash(error: unknown): void {
  process.exitCode = 1;
  const cause = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  const leave = (): never => process.exit(1);
  if (process.send === undefined || !process.connected) leave();
  // The message may never be taken; the exit does not wait for it longer than this.
  setTimeout(leave, 1_000);
  process.send?.({ type: "crash", cause } satisfies FromChild, leave);
}

function send(message: FromChild): void {
  process.send?.(message);
}

/** Requests that wait to be told when they may go, by the number of their turn. */
const turns = new Map<number, (waitMs: number) => void>();
let lastTurn = 0;

function takeTurn(host: string): Promise<number> {
  lastTurn += 1;
  const turn = lastTurn;
  return new Promise((resolve) => {
    turns.set(turn, resolve);
    send({ type: "turn", turn, host });
  });
}

async function run(newman: Newman, job: JobMessage): Promise<void> {
  let waiting: RequestRecord[] = [];
  let counts: Counts | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length > 0 && counts !== undefined)
      send({ type: "records", records: waiting, counts });
    waiting = [];
  };
  const execution = await execute(newman, job, {
    takeTurn,
    onRecords(records, countsSoFar) {
      waiting.push(...records);
      counts = countsSoFar;
      // What was created must be known also when this process is killed the next moment.
      if (
        waiting.length >= BATCH_SIZE ||
        records.some(({ ledger }) => ledger?.action === "created")
      )
        flush();
      else timer ??= setTimeout(flush, BATCH_MS);
    },
  });
  flush();
  send({
    type: "finished",
    ...execution,
    failures: [...execution.failures],
    residentBytes: process.memoryUsage.rss(),
  });
}

/**
 * How much bytecode a function runs before V8 optimizes it, fifteen times its default: a sandbox lives for one run, most of
 * which ends before the optimizing threads have earned back what they take from the other lanes. Hot loops still are optimized.
 */
const OPTIMIZE_LATER = "--interrupt-budget=1000000";

async function main(): Promise<void> {
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  // The parent is gone, however it went: nothing of this process may outlive it.
  process.on("disconnect", () => process.exit(0));
  // Ctrl-C in a terminal reaches every process of the group; when a run ends is for the parent to say.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
  setFlagsFromString(OPTIMIZE_LATER);
  hastenTimers(globalThis);
  // The first sandbox boots in its own thread while this one loads Newman.
  const opening = openSandboxStock(Number(process.argv[2] ?? 1));
  const newman = loadNewman();
  const lease = openLease(() => process.exit(LAPSED_EXIT_CODE));
  const containment = installContainment(lease);
  const stock = await opening;
  process.on("message", (raw: unknown) => {
    const message = toChildSchema.parse(raw);
    if (message.type === "go") {
      turns.get(message.turn)?.(message.waitMs);
      turns.delete(message.turn);
      return;
    }
    if (message.type === "lease") {
      lease.renew(message.leaseEndsAtMs);
      return;
    }
    send({ type: "taken" });
    lease.begin(message.leaseEndsAtMs);
    containment.begin(message.job);
    stock.work();
    run(newman, message.job)
      .then(() => {
        lease.end();
        stock.rest();
      })
      .catch(crash);
  });
  const { warning } = stock;
  send({ type: "ready", ...(warning === null ? {} : { warning }) });
}

main().catch(crash);
