/** The event log of runs in Firestore: numbered documents, created one after the other, never changed. */

import { randomUUID } from "node:crypto";
import type { DocumentReference } from "@google-cloud/firestore";
import { TurnpikeError } from "../core/errors.js";
import type { RunStore } from "../core/ports.js";
import type { FirestoreClient } from "./firestore-client.js";
import {
  eventDocumentSchema,
  EVENTS,
  pack,
  packedSize,
  splitEvent,
  type Packed,
} from "./firestore-documents.js";
import { isTaken, pauseAfter } from "./firestore-retry.js";

/** What one commit may hold: Firestore takes 10 MiB. */
const MAX_GROUP_BYTES = 4_000_000;
const MAX_GROUP_EVENTS = 200;
/** Logs whose end is remembered; forgetting one costs two reads. */
const MAX_OPEN_LOGS = 1000;
const MAX_CONFLICTS = 100;
/** Numbers of events have at most as many digits as JavaScript counts exactly. */
const EVENT_ID = /^\d{1,15}$/;

interface OpenLog {
  /** Number of the next event as far as this process knows; another process may have taken it. */
  next: number | null;
  readonly waiting: Piece[];
  isWriting: boolean;
}

/** What one call appends in one commit. */
interface Piece {
  readonly documents: readonly Packed[];
  readonly sizeBytes: number;
  readonly stored: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Number n+1 is created only by somebody who saw number n stand, in one commit that either stands whole or not at all, so a
 * reader never meets a gap that is filled later. There is no counter to fight for: whoever finds its number taken goes on
 * behind. What several lanes of this process append to one run meanwhile goes into one commit.
 */
export function createEventLog(
  client: FirestoreClient,
  runOf: (runId: string) => DocumentReference,
): Pick<RunStore, "appendEvents" | "readEvents"> {
  const logs = new Map<string, OpenLog>();
  const eventsOf = (runId: string) => runOf(runId).collection(EVENTS);
  const eventOf = (runId: string, number: number) =>
    eventsOf(runId).doc(String(number).padStart(15, "0"));

  const findNext = async (runId: string): Promise<number> => {
    const newest = await client.run(() =>
      eventsOf(runId).orderBy("number", "desc").limit(1).select("number").get(),
    );
    const number: unknown = newest.docs[0]?.get("number");
    return typeof number === "number" ? number + 1 : 1;
  };

  const openLog = async (runId: string): Promise<number> => {
    const run = await client.run(() => runOf(runId).get());
    if (!run.exists) throw new TurnpikeError("NOT_FOUND", `there is no run ${runId}`);
    return findNext(runId);
  };

  /** Stores the documents from `next` on, or from where other processes have got to, and answers the number after them. */
  const write = async (
    runId: string,
    next: number,
    documents: readonly Packed[],
  ): Promise<number> => {
    const writer = randomUUID();
    let first = next;
    for (let conflicts = 1; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      try {
        await client.write((writes) => {
          for (const [position, document] of documents.entries()) {
            const number = first + position;
            writes.create(eventOf(runId, number), { number, writer, document });
          }
        });
        return first + documents.length;
      } catch (error) {
        if (!isTaken(error)) throw error;
      }
      const standing = await client.run(() => eventOf(runId, first).get());
      // An attempt whose answer was lost: it stands, and must not be written a second time.
      if (standing.get("writer") === writer) return first + documents.length;
      await pauseAfter(Math.min(conflicts, 3));
      first = await findNext(runId);
    }
    throw new TurnpikeError(
      "FIRESTORE_BUSY",
      `too many processes write events of run ${runId}; ${String(MAX_CONFLICTS)} times another one was first`,
    );
  };

  const writeWaiting = async (runId: string, log: OpenLog): Promise<void> => {
    log.isWriting = true;
    while (log.waiting.length > 0) {
      const group = takeGroup(log.waiting);
      try {
        log.next ??= await openLog(runId);
        log.next = await write(
          runId,
          log.next,
          group.flatMap(({ documents }) => documents),
        );
        for (const piece of group) piece.stored();
      } catch (error) {
        log.next = null;
        for (const piece of group) piece.failed(error);
      }
    }
    log.isWriting = false;
    if (log.next === null) logs.delete(runId);
    for (const [id, { isWriting }] of logs) {
      if (logs.size <= MAX_OPEN_LOGS) break;
      if (!isWriting) logs.delete(id);
    }
  };

  return {
    async appendEvents(runId, events) {
      if (events.length === 0) return;
      const documents = events
        .flatMap(splitEvent)
        .map((event) => pack(`an event ${event.type} of run ${runId}`, event));
      const log = logs.get(runId) ?? { next: null, waiting: [], isWriting: false };
      logs.set(runId, log);
      const stored = inPieces(documents).map(
        (piece) =>
          new Promise<void>((resolve, reject) => {
            log.waiting.push({ ...piece, stored: resolve, failed: reject });
          }),
      );
      if (!log.isWriting) void writeWaiting(runId, log);
      await Promise.all(stored);
    },

    async readEvents(runId, { after, limit }) {
      if (after !== undefined && !EVENT_ID.test(after)) {
        throw new TurnpikeError(
          "INVALID_REQUEST",
          `"${after}" is not the id of an event; give the id of the last event received, or none`,
        );
      }
      const { docs } = await client.run(() =>
        eventsOf(runId)
          .orderBy("number")
          .startAfter(Number(after ?? "0"))
          .limit(limit)
          .get(),
      );
      return docs.map((event) => {
        const { number, document } = eventDocumentSchema.parse(event.data());
        return { id: String(number), event: document };
      });
    },
  };
}

/** Cuts what one call appends where it is too much for one commit. */
function inPieces(documents: readonly Packed[]): Pick<Piece, "documents" | "sizeBytes">[] {
  const pieces: { documents: Packed[]; sizeBytes: number }[] = [];
  for (const document of documents) {
    const sizeBytes = packedSize(document);
    const last = pieces.at(-1);
    if (last !== undefined && fits(last, { documents: [document], sizeBytes })) {
      last.documents.push(document);
      last.sizeBytes += sizeBytes;
    } else pieces.push({ documents: [document], sizeBytes });
  }
  return pieces;
}

/** Takes what goes into the next commit from the front. */
function takeGroup(waiting: Piece[]): Piece[] {
  let documents: readonly Packed[] = [];
  let sizeBytes = 0;
  const tooMuch = waiting.findIndex((piece, position) => {
    if (position > 0 && !fits({ documents, sizeBytes }, piece)) return true;
    documents = [...documents, ...piece.documents];
    sizeBytes += piece.sizeBytes;
    return false;
  });
  return waiting.splice(0, tooMuch === -1 ? waiting.length : tooMuch);
}

function fits(
  group: Pick<Piece, "documents" | "sizeBytes">,
  more: Pick<Piece, "documents" | "sizeBytes">,
): boolean {
  return (
    group.documents.length + more.documents.length <= MAX_GROUP_EVENTS &&
    group.sizeBytes + more.sizeBytes <= MAX_GROUP_BYTES
  );
}
