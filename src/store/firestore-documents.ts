/** How runs, outcomes and events stand in Firestore: names of documents, their fields, and what fits into one. */

import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import { runEventSchema, type RunEvent } from "../core/event.js";
import { outcomeSchema } from "../core/outcome.js";
import type { Run, RunStatus } from "../core/run.js";
import { cancellationSchema, pauseSchema, runEndSchema, runSchema } from "../core/stored-run.js";

/** Collections; starts, outcomes, marks and events lie under a run, chunks under a blob. Their names are this program's own, for the exemptions of indexes. */
export const RUNS = "turnpikeRuns";
export const OUTCOMES = "turnpikeOutcomes";
export const STARTS = "turnpikeStarts";
export const MARKS = "turnpikeMarks";
export const EVENTS = "turnpikeEvents";
export const BLOBS = "turnpikeBlobs";
export const BLOB_CHUNKS = "turnpikeBlobChunks";

/** Firestore takes 1 MiB for a document with all its names; the rest is for the other fields. */
const MAX_FIELD_BYTES = 900_000;
/** Records of a piece are split up well below that, so that compressing stays the exception. */
const MAX_PIECE_BYTES = 600_000;

/** JSON as text, so that no character can be refused and nothing inside is indexed; compressed where it would not fit. */
export type Packed = string | Uint8Array;

/** Throws BODY_TOO_LARGE when it does not fit in any way. */
export function pack(what: string, value: unknown): Packed {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) <= MAX_FIELD_BYTES) return text;
  const compressed = gzipSync(text);
  if (compressed.byteLength <= MAX_FIELD_BYTES) return compressed;
  throw new TurnpikeError(
    "BODY_TOO_LARGE",
    `${what} takes ${String(compressed.byteLength)} bytes even when compressed, and Firestore takes ${String(MAX_FIELD_BYTES)}; split the plan or the collection, or use the embedded database`,
  );
}

export function packedSize(packed: Packed): number {
  return typeof packed === "string" ? Buffer.byteLength(packed) : packed.byteLength;
}

function packed<Schema extends z.ZodType>(schema: Schema) {
  return z
    .union([z.string(), z.instanceof(Uint8Array)])
    .transform((field): unknown =>
      JSON.parse(typeof field === "string" ? field : gunzipSync(field).toString("utf8")),
    )
    .pipe(schema);
}

export const runDocumentSchema = z.strictObject({
  id: z.string(),
  order: z.string(),
  /** Stands only while the run has no end. */
  openOrder: z.string().optional(),
  /** The order within the plan, and within the branch; runs of earlier versions have none. */
  planOrder: z.string().optional(),
  branchOrder: z.string().nullable().optional(),
  writer: z.string(),
  document: packed(runSchema),
  cancellation: packed(cancellationSchema).nullable(),
  ending: packed(runEndSchema).nullable(),
  pause: packed(pauseSchema).nullable().default(null),
});
export function toStatus(fields: unknown): RunStatus {
  const { document, cancellation, ending, pause } = runDocumentSchema.parse(fields);
  return { run: document, end: ending, cancellation, ...(pause === null ? {} : { pause }) };
}

export const outcomeDocumentSchema = z.strictObject({
  node: z.string(),
  document: packed(outcomeSchema),
});
export const startDocumentSchema = z.strictObject({
  node: z.string(),
  starts: z.int(),
  writer: z.string(),
});
export const cancellationMarkSchema = z.strictObject({ document: packed(cancellationSchema) });
export const endMarkSchema = z.strictObject({ document: packed(runEndSchema) });
export const eventDocumentSchema = z.strictObject({
  number: z.int(),
  writer: z.string(),
  document: packed(runEventSchema),
});

/** A name for a document: the id itself where Firestore takes it, a hash where it might not (slashes, dots, length). */
export function documentName(id: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,199}$/.test(id)) return id;
  return `~${createHash("sha256").update(id).digest("hex")}`;
}

/** Sorts runs by time, then id, with an index Firestore keeps by itself: one field, no composite index to deploy. */
export function orderOf({ id, createdAt }: Pick<Run, "id" | "createdAt">): string {
  return `${timeOf(createdAt)} ${id}`;
}

/** A time as the order of runs begins with it. */
export function timeOf(at: number): string {
  return String(at).padStart(15, "0");
}

/** The order among the runs that share a name (of a plan, of a branch), again in one field; JSON ends the name for certain. */
export function orderWithin(name: string, order: string): string {
  return `${JSON.stringify(name)} ${order}`;
}

/** The same evidence in as many events as it takes for each to fit. */
export function splitEvent(event: RunEvent): readonly RunEvent[] {
  if (event.type !== "task.requests" || event.records.length < 2) return [event];
  if (Buffer.byteLength(JSON.stringify(event)) <= MAX_PIECE_BYTES) return [event];
  const middle = Math.ceil(event.records.length / 2);
  return [event.records.slice(0, middle), event.records.slice(middle)].flatMap((records) =>
    splitEvent({ ...event, records }),
  );
}
