/** The run store in Firestore. Whatever is write-once is a document made by `create`, which the first writer wins. */

import { randomUUID } from "node:crypto";
import {
  FieldValue,
  type DocumentReference,
  type DocumentSnapshot,
  type UpdateData,
} from "@google-cloud/firestore";
import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import type { RunStore } from "../core/ports.js";
import type { FirestoreClient } from "./firestore-client.js";
import {
  cancellationMarkSchema,
  documentName,
  endMarkSchema,
  EVENTS,
  MARKS,
  orderOf,
  orderWithin,
  outcomeDocumentSchema,
  OUTCOMES,
  pack,
  runDocumentSchema,
  toStatus,
  RUNS,
  startDocumentSchema,
  STARTS,
} from "./firestore-documents.js";
import { queryRuns } from "./firestore-history.js";
import { createEventLog } from "./firestore-events.js";
import { isMissing, isTaken, pauseAfter } from "./firestore-retry.js";

const MAX_CONFLICTS = 100;
const DELETED_AT_ONCE = 200;

/** Every write may arrive twice, because an answer can be lost: a writer that finds its own mark has won. */
export function createFirestoreRunStore(client: FirestoreClient): RunStore {
  const { database } = client;
  const runs = database.collection(RUNS);
  const runOf = (runId: string): DocumentReference => runs.doc(documentName(runId));
  const read = (reference: DocumentReference): Promise<DocumentSnapshot> =>
    client.run(() => reference.get());

  /** True when this call made the document, false when it stood already. */
  const create = async (reference: DocumentReference, fields: object): Promise<boolean> =>
    unlessTaken(client.write((writes) => writes.create(reference, fields)));

  const markOf = (runId: string, name: string): DocumentReference =>
    runOf(runId).collection(MARKS).doc(name);

  /** Makes a write-once mark of a run and shows it in the run's own document, both or neither; false when one stood already. */
  const mark = async (
    runId: string,
    { name, document, shown }: { name: string; document: object; shown: UpdateData<object> },
  ): Promise<boolean> => {
    const writing = client.write((writes) => {
      writes.create(markOf(runId, name), { document: JSON.stringify(document) });
      writes.update(runOf(runId), shown);
    });
    return unlessTaken(writing).catch((error: unknown) => refuseUnknown(runId, error));
  };

  return {
    ...createEventLog(client, runOf),

    async createRun(run) {
      const writer = randomUUID();
      const order = orderOf(run);
      const made = await create(runOf(run.id), {
        id: run.id,
        order,
        openOrder: order,
        planOrder: orderWithin(run.plan.name, order),
        branchOrder: run.branch === null ? null : orderWithin(run.branch, order),
        writer,
        document: pack(`run ${run.id}`, run),
        cancellation: null,
        ending: null,
      });
      if (made) return { run, created: true };
      const standing = runDocumentSchema.parse((await read(runOf(run.id))).data());
      return { run: standing.document, created: standing.writer === writer };
    },

    async getRun(runId) {
      const found = await read(runOf(runId));
      return found.exists ? toStatus(found.data()) : null;
    },

    listRuns: (query) => queryRuns(client, runs, query),

    async openRuns() {
      const open = await client.run(() => runs.orderBy("openOrder").select("id").get());
      return open.docs.map((found) => z.string().parse(found.get("id")));
    },

    async recordOutcome(runId, outcome) {
      const reference = runOf(runId).collection(OUTCOMES).doc(documentName(outcome.node));
      const what = `the outcome of ${outcome.node} in run ${runId}`;
      const made = await create(reference, {
        node: outcome.node,
        document: pack(what, outcome),
      });
      if (made) return outcome;
      return outcomeDocumentSchema.parse((await read(reference)).data()).document;
    },

    async outcomes(runId, nodes) {
      const all = runOf(runId).collection(OUTCOMES);
      if (nodes?.length === 0) return new Map();
      const found =
        nodes === undefined
          ? (await client.run(() => all.get())).docs
          : await client.run(() =>
              database.getAll(...[...new Set(nodes)].map((node) => all.doc(documentName(node)))),
            );
      const outcomes = found
        .filter((snapshot) => snapshot.exists)
        .map((snapshot) => outcomeDocumentSchema.parse(snapshot.data()).document);
      return new Map(outcomes.map((outcome) => [outcome.node, outcome]));
    },

    async nextAttempt(runId, node) {
      const reference = runOf(runId).collection(STARTS).doc(documentName(node));
      const writer = randomUUID();
      for (let conflicts = 1; conflicts <= MAX_CONFLICTS; conflicts += 1) {
        const found = await read(reference);
        const standing = found.exists ? startDocumentSchema.parse(found.data()) : null;
        if (standing?.writer === writer) return standing.starts;
        const starts = (standing?.starts ?? 0) + 1;
        const { updateTime } = found;
        const writing =
          updateTime === undefined
            ? create(reference, { node, starts, writer })
            : unlessTaken(
                client.write((writes) =>
                  writes.update(reference, { starts, writer }, { lastUpdateTime: updateTime }),
                ),
              );
        if (await writing) return starts;
        await pauseAfter(Math.min(conflicts, 2));
      }
      throw new TurnpikeError(
        "FIRESTORE_BUSY",
        `too many processes start ${node} of run ${runId} at once; ${String(MAX_CONFLICTS)} times another one was first`,
      );
    },

    async startedNodes(runId) {
      const started = await client.run(() => runOf(runId).collection(STARTS).orderBy("node").get());
      return started.docs.map((found) => startDocumentSchema.parse(found.data()).node);
    },

    async cancelRun(runId, cancellation) {
      const shown = { cancellation: JSON.stringify(cancellation) };
      if (await mark(runId, { name: "cancellation", document: cancellation, shown }))
        return cancellation;
      const standing = await read(markOf(runId, "cancellation"));
      return cancellationMarkSchema.parse(standing.data()).document;
    },

    async pauseRun(runId, pause) {
      const shown = { pause: pause === null ? null : JSON.stringify(pause) };
      await client
        .write((writes) => writes.update(runOf(runId), shown))
        .catch((error: unknown) => refuseUnknown(runId, error));
    },

    async deleteRun(runId) {
      // What lies below a run goes first: a deletion that was interrupted leaves a run that is found and deleted again.
      for (const name of [OUTCOMES, STARTS, MARKS, EVENTS]) {
        const below = runOf(runId).collection(name).select().limit(DELETED_AT_ONCE);
        for (;;) {
          const { docs } = await client.run(() => below.get());
          if (docs.length === 0) break;
          await client.write((writes) => {
            for (const { ref } of docs) writes.delete(ref);
          });
        }
      }
      await client.write((writes) => writes.delete(runOf(runId)));
    },

    async endRun(runId, end) {
      const shown = { ending: JSON.stringify(end), openOrder: FieldValue.delete() };
      if (await mark(runId, { name: "end", document: end, shown })) return end;
      const standing = await read(markOf(runId, "end"));
      return endMarkSchema.parse(standing.data()).document;
    },
  };
}

/** NOT_FOUND for the error of a write to a run that is not there; any other error as it is. */
function refuseUnknown(runId: string, error: unknown): never {
  if (!isMissing(error)) throw error;
  throw new TurnpikeError("NOT_FOUND", `there is no run ${runId}`, { cause: error });
}

/** True when the write stands, false when a precondition says that another one was first. */
async function unlessTaken(writing: Promise<unknown>): Promise<boolean> {
  return writing.then(
    () => true,
    (error: unknown) => {
      if (isTaken(error)) return false;
      throw error;
    },
  );
}
